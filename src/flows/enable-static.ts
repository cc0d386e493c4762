// enable --webhook and --log-backend: a policy, flags, files and mounts for every API server, each changed by a
// transaction of its own. Loaded only where a static backend is asked for.
import { logChange, logProblems, stdoutLimits } from '../audit/backend/log.ts';
import { webhookChange } from '../audit/backend/webhook.ts';
import { configRoot } from '../audit/change.ts';
import type { Change } from '../audit/change.ts';
import { answerAll, obstacles } from '../audit/check/check.ts';
import type { Finding } from '../audit/check/check.ts';
import { permissions, recordReadable } from '../audit/check/cluster.ts';
import { receiverReachable } from '../audit/check/delivery.ts';
import { policyAccepted, policyClear, policyRecords } from '../audit/check/nodes.ts';
import { seen } from '../audit/facts.ts';
import type { Facts } from '../audit/facts.ts';
import type { AuditRecord } from '../audit/plan/record.ts';
import { planRollout, recordedChange } from '../audit/plan/rollout.ts';
import type { Ground } from '../audit/plan/turns.ts';
import { lintPolicy } from '../audit/policy/lint/lint.ts';
import { preset } from '../audit/policy/presets.ts';
import type { PolicyProblem } from '../audit/policy/problem.ts';
import { recordedProbes } from '../audit/policy/recorded.ts';
import type { EnableResult, TestEventResult } from '../audit/results.ts';
import { volatileOn } from '../audit/target/changeable.ts';
import { Failure } from '../errors.ts';
import type { World } from '../io/world.ts';
import { agentAsItIs, agentSteps } from './agent-steps.ts';
import type { AgentPlan } from './agent-steps.ts';
import type { AgentChoice } from './agent.ts';
import { permissionLooks } from './gather.ts';
import { neededForAgent, neededOnNodes } from './nodes/permissions.ts';
import type { Where } from './nodes/proof.ts';
import { nodeChecks, rollOut } from './nodes/rollout.ts';
import type { NodeRequest, Outcome } from './nodes/rollout.ts';
import type { PolicyChoice } from './policy/open.ts';
import { unverifiable } from './test-event.ts';

export interface StaticRequest extends NodeRequest {
  readonly backend: 'webhook' | 'log-backend';
  readonly policy: PolicyChoice;
  /** Of the log backend: a path on the node, or `-`. */
  readonly logPath: string;
  readonly agent: AgentChoice;
  /** The agent that the record knows stays as it is. */
  readonly policyAlone?: boolean;
  /** First 12 hex digits of the token's SHA-256; empty without one. */
  readonly fingerprint: string;
  /** Whether it is proved that events arrive. */
  readonly wait: boolean;
  readonly tool: string;
}

/** @param base what is known already: the control plane's kind and the backend */
export async function enableStatic(
  world: World,
  facts: Facts,
  request: StaticRequest,
  base: EnableResult,
): Promise<EnableResult> {
  const asked: Facts = {
    ...facts,
    permissions: await permissionLooks(await world.cluster(), [
      ...neededOnNodes,
      ...(changesLogagent(request) ? neededForAgent : []),
    ]),
  };
  const policy = policyOf(request.policy, facts);
  const probes = recordedProbes(policy.text, facts.version);
  const before = preflightOf(asked, request, { ...policy, recorded: probes.length });
  if (obstacles(before).length > 0) return { ...base, checks: before };
  mustBeFree(facts, request);
  mustBeGood(request);
  const change = await changeOf(world, facts, request, policy.text);
  const proving = request.wait ? { where: whereOf(request), probes } : undefined;
  const outcome = await rollOut(
    world,
    { ...request, logFolder: folderOf(request) },
    proving,
    async ({ ground }) => {
      const known = seen(facts.record)?.record;
      const ours = known?.change?.flags ?? [];
      const checks = nodeChecks(asked, request.access, { ground, change, ours });
      if (obstacles(checks).length > 0) return { checks, plan: { steps: [], notes: [] } };
      const agent = request.policyAlone ? agentAsItIs(known) : await agentSteps(world, request, known);
      const record = recordOf(facts, request, { change, ground, agent });
      const plan = planRollout({ facts, ground, changeFor: () => change, record, agent: agent.steps });
      return { checks, plan: { ...plan, notes: [...plan.notes, ...notesOf(base, request, change)] } };
    },
  );
  return resultOf(base, request, { ...outcome, checks: [...before, ...outcome.checks] });
}

/** Whether objects of ours that make the agent may be written. */
const changesLogagent = ({ backend, agent, policyAlone }: StaticRequest): boolean =>
  backend === 'log-backend' && agent.kind === 'logagent' && !policyAlone;

/** Whether events leave the node for the sink. */
const sends = ({ backend, agent }: StaticRequest): boolean => backend === 'webhook' || agent.kind !== 'none';

/** What is asked before any node is looked at. */
function preflightOf(
  facts: Facts,
  request: StaticRequest,
  { name, text, recorded }: { readonly name: string; readonly text: string; readonly recorded: number },
): readonly Finding[] {
  // a preset is what it is, and lint of every version of it is a test
  const { problems } = 'preset' in request.policy ? { problems: [] } : lintPolicy(text, facts.version);
  for (const line of warningLines(name, problems)) request.tell(line);
  const subject = { facts, sink: request.access.sink, policy: { name, problems, recorded } };
  return [
    ...answerAll([permissions, recordReadable, ...(sends(request) ? [receiverReachable] : [])], subject),
    ...answerAll([policyAccepted, policyClear, policyRecords], subject),
  ];
}

/** Every warning once, for stderr; the check sums them up. */
const warningLines = (name: string, problems: readonly PolicyProblem[]): readonly string[] =>
  problems
    .filter(({ severity }) => severity === 'warning')
    .map(
      ({ id, path, line, column, message, hint }) =>
        `! ${name}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}${hint === undefined ? '' : ` (${hint})`} [${id}]`,
    );

function recordOf(
  facts: Facts,
  request: StaticRequest,
  what: {
    readonly change: Change;
    readonly ground: Ground;
    readonly agent: AgentPlan;
  },
): AuditRecord {
  const { backend, agent, access, fingerprint, logPath } = request;
  const known = seen(facts.record)?.record;
  return {
    version: 1,
    state: 'open',
    run: request.run,
    at: facts.at,
    tool: request.tool,
    backend,
    receiver: sends(request) ? access.sink.receiver : '',
    token: sends(request) ? fingerprint : '',
    objects: what.agent.objects,
    change: {
      ...recordedChange(what.change, what.ground, known?.change),
      ...(backend === 'log-backend' && { log: logPath, agent: agent.kind }),
      ...(what.agent.values !== undefined && { values: what.agent.values }),
    },
  };
}

function policyOf(
  choice: PolicyChoice,
  { version }: Facts,
): { readonly name: string; readonly text: string } {
  if ('preset' in choice) return { name: `preset ${choice.preset}`, text: preset(choice.preset, version) };
  return { name: choice.file, text: choice.text };
}

/** A run that did not end is not run over: whoever says --resume knows that nobody is at work. */
function mustBeFree(facts: Facts, { resume }: StaticRequest): void {
  const record = seen(facts.record)?.record;
  if (record === undefined || record.state === 'done' || resume) return;
  throw new Failure('another-run', `Run ${record.run} began at ${record.at} and has not ended.`, [
    'if it is not at work any more: the same command with --resume',
  ]);
}

async function changeOf(
  world: World,
  { version }: Facts,
  request: StaticRequest,
  policy: string,
): Promise<Change> {
  const digest = await world.hasher();
  const { access, logPath } = request;
  // of a token that nothing is sent with the record says nothing
  const fingerprint = sends(request) ? request.fingerprint : '';
  const with_ = { digest, fingerprint, version };
  return request.backend === 'webhook'
    ? webhookChange({}, access.sink, policy, with_)
    : logChange({ path: logPath }, policy, with_);
}

/** The furthest place that this run can look at. */
function whereOf({ backend, agent, logPath, access }: StaticRequest): Where {
  if (backend === 'webhook') return unverifiable(access) === undefined ? 'search' : 'counters';
  if (agent.kind !== 'none' && unverifiable(access) === undefined) return 'search';
  return logPath === '-' ? 'stdout' : 'file';
}

/** Where the audit log grows on a node; undefined where none does. */
function folderOf({ backend, logPath }: StaticRequest): string | undefined {
  return backend === 'webhook' || logPath === '-' ? undefined : logPath.replace(/\/[^/]*$/, '');
}

/** kubeadm-config names the files, and copies none. */
const joining = `Before another control-plane node joins, copy ${configRoot} to it with its modes (cp -a): its API server does not start without. Run enable again when it has joined.`;

function notesOf(
  { controlPlane }: EnableResult,
  { backend, logPath }: StaticRequest,
  change: Change,
): readonly string[] {
  const volatile = volatileOn(controlPlane.target);
  return [
    ...(volatile === undefined ? [] : [volatile]),
    ...(backend === 'log-backend' && logPath === '-' ? stdoutLimits() : []),
    ...(change.files.length === 0 ? [] : [joining]),
  ];
}

/** @throws Failure usage for a path that would do harm, or an agent that could not read it */
function mustBeGood({ backend, logPath, agent }: StaticRequest): void {
  if (backend !== 'log-backend') return;
  const [problem] = logProblems({ path: logPath });
  if (problem !== undefined) throw new Failure('usage', `--log-path: ${problem}.`);
  if (logPath === '-' && agent.kind === 'logagent')
    throw new Failure('usage', 'Our Logagent reads the audit log file; with --log-path - there is none.', [
      'leave --log-path out, or say --agent helm or --agent none',
    ]);
}

function resultOf(base: EnableResult, request: StaticRequest, outcome: Outcome): EnableResult {
  const { checks, plan, proofs } = outcome;
  const why = whyNotProved(request);
  const proof: TestEventResult = {
    verdict: why === undefined ? 'delivered' : 'not-verified',
    probes: proofs,
    notes: why === undefined ? [] : [why],
  };
  return {
    ...base,
    outcome: outcome.outcome === 'done' ? 'enabled' : outcome.outcome,
    checks,
    plan,
    notes: why === undefined ? [] : [why],
    ...(proofs.length > 0 && sends(request) && { proof }),
  };
}

/** What was not looked at on the way to the sink; undefined where all of it was. */
function whyNotProved(request: StaticRequest): string | undefined {
  const { access, logPath, wait } = request;
  if (!wait) return 'Whether events arrive was not looked at: --no-wait.';
  if (!sends(request))
    return `Events are in ${logPath === '-' ? "the API server's standard output" : `${logPath} on each control-plane node`}; nothing ships them.`;
  return whereOf(request) === 'search' ? undefined : unverifiable(access);
}
