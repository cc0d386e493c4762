// enable: picks the backend, or takes the one that was named. Here is the dynamic one: preflight, plan, carry out,
// prove. The static ones are in enable-static.ts. Nothing is touched before every check that counts has passed.
import { planDynamic } from '../audit/assemble.ts';
import type { DynamicRequest } from '../audit/assemble.ts';
import { levels, stages } from '../audit/backend/audit-sink.ts';
import type { Level, Stage } from '../audit/backend/audit-sink.ts';
import { auditSink, defaultSettings } from '../audit/backend/dynamic.ts';
import type { SinkSettings } from '../audit/backend/dynamic.ts';
import { answerAll, obstacles } from '../audit/check/check.ts';
import type { Finding } from '../audit/check/check.ts';
import {
  billedOnce,
  recordReadable,
  permissions,
  serverVersion,
  sinksServed,
  switchesNotOff,
} from '../audit/check/cluster.ts';
import { receiverReachable } from '../audit/check/delivery.ts';
import { seen } from '../audit/facts.ts';
import type { Facts, Permission } from '../audit/facts.ts';
import { names } from '../audit/names.ts';
import type { Plan } from '../audit/plan/step.ts';
import { isChangeable } from '../audit/target/changeable.ts';
import { backendFor } from '../audit/target/backend-for.ts';
import type { BackendChoice } from '../audit/target/backend-for.ts';
import { recognise } from '../audit/target/recognise.ts';
import { targetIds } from '../audit/target/target.ts';
import type { TargetId } from '../audit/target/target.ts';
import type { Recognition } from '../audit/target/recognise.ts';
import { Failure } from '../errors.ts';
import type { Code } from '../errors.ts';
import type { SinkAccess } from '../io/sematext.ts';
import type { World } from '../io/world.ts';
import type { AgentChoice } from './agent.ts';
import { carryOut } from './carry-out.ts';
import type { PolicyChoice } from './policy/open.ts';
import type { NodeRequest } from './nodes/rollout.ts';
import { gather } from './gather.ts';
import { testEvent, unverifiable, verdictCodes } from './test-event.ts';
import { byHand, wayOut } from './way-out.ts';
import type { EnableResult, TestEventResult } from '../audit/results.ts';

/** How nodes are worked on, as the user said it. */
export type NodeWishes = Pick<NodeRequest, 'helperImage' | 'noTwin' | 'resume' | 'rehearseOnly' | 'only'> & {
  /** On this machine itself, not through pods. */
  readonly local: boolean;
};

export interface EnableRequest {
  /** The backend that the user named; undefined leaves the choice to the server's version and kind. */
  readonly backend: 'dynamic' | 'webhook' | 'log-backend' | undefined;
  readonly access: SinkAccess;
  readonly settings: SinkSettings;
  readonly dryRun: boolean;
  /** Whether delivery is proved before the command ends. */
  readonly wait: boolean;
  /** For the proof, milliseconds. */
  readonly timeoutMs: number;
  /** The control plane's kind, when the user knows better than its signs. */
  readonly distribution: TargetId | undefined;
  /** Nothing is asked: the user said yes beforehand. */
  readonly yes: boolean;
  /** What is asked of static backends. */
  readonly policy: PolicyChoice;
  readonly logPath: string;
  readonly agent: AgentChoice;
  /** How nodes are worked on. */
  readonly nodes: NodeWishes;
  /** Whether switches that the dynamic backend lacks are set on API servers. */
  readonly setSwitches: boolean;
  /** Of what is recorded to run nothing but the policy is changed: the agent stays as it is, and so does the token. */
  readonly policyAlone?: boolean;
  /** Name and version. */
  readonly tool: string;
  readonly tell: (title: string) => void;
}

// By name where RBAC can: a create and a list have no name to be held against.
const may = (verb: string, group: string, resource: string, namespace?: string): Permission => ({
  verb,
  group,
  resource,
  ...(namespace !== undefined && { namespace }),
  ...(verb !== 'create' && verb !== 'list' && { name: names.object }),
});

/** What the user must be allowed to do; docs/permissions.yaml has the same as roles. */
export const needed: readonly Permission[] = [
  ...['get', 'list', 'create', 'update', 'delete'].map((verb) =>
    may(verb, 'auditregistration.k8s.io', 'auditsinks'),
  ),
  ...['get', 'create', 'update', 'delete'].map((verb) => may(verb, '', 'configmaps', 'kube-system')),
];

/** What is asked before anything is touched. */
export const preflight = [
  serverVersion,
  sinksServed,
  switchesNotOff,
  permissions,
  recordReadable,
  receiverReachable,
  billedOnce,
];

/** @throws Failure when something failed on the way; a check that stood in the way is a result, `refused` */
export async function enable(world: World, request: EnableRequest): Promise<EnableResult> {
  const { access } = request;
  const facts = await gather(world, { access, permissions: needed });
  const run = world.uuid();
  const fingerprint = request.policyAlone
    ? (seen(facts.record)?.record.token ?? '')
    : await fingerprintOf(world, access.token);
  const begun = { facts, base: describe(facts, request), run, fingerprint };
  return begun.base.backend.name === 'dynamic'
    ? dynamically(world, request, begun)
    : statically(world, request, begun);
}

/** First 12 hex digits of a token's SHA-256, as records hold it; empty without one. */
export async function fingerprintOf(world: World, token: string | undefined): Promise<string> {
  return token === undefined ? '' : (await world.hasher())(token).slice(0, 12);
}

/** What is known before anything is decided. */
interface Begun {
  readonly facts: Facts;
  readonly base: EnableResult;
  readonly run: string;
  readonly fingerprint: string;
}

async function dynamically(
  world: World,
  request: EnableRequest,
  { facts, base, run, fingerprint }: Begun,
): Promise<EnableResult> {
  const { settings, access, tool } = request;
  const asked: DynamicRequest = { settings, sink: access.sink, fingerprint, run, tool };
  const checks = answerAll(preflight, { facts, sink: access.sink });
  const sets = request.setSwitches && isChangeable(base.controlPlane.target);
  if (sets && lacksSwitchesAlone(checks))
    return withSwitches(world, request, { facts, base, run, fingerprint }, asked);
  if (obstacles(checks).length > 0) return { ...base, checks, ...(await wayOut(facts, checks, base)) };
  const plan = planDynamic(facts, asked);
  const ready = { ...base, checks, plan, notes: notesOf(request) };
  if (request.dryRun) return { ...ready, outcome: 'planned' };
  if (request.nodes.rehearseOnly)
    throw new Failure('usage', 'An AuditSink is made on the running cluster: there is nothing to rehearse.', [
      '--dry-run shows what would be done',
    ]);
  await execute(world, request, plan, run);
  const proof = request.wait ? await prove(world, request) : undefined;
  return { ...ready, outcome: plan.steps.length === 0 ? 'unchanged' : 'enabled', ...(proof && { proof }) };
}

/** Whether nothing but the switches stands in the way. */
function lacksSwitchesAlone(checks: readonly Finding[]): boolean {
  const ids: readonly string[] = [sinksServed.id, switchesNotOff.id];
  const inTheWay = obstacles(checks);
  return inTheWay.length > 0 && inTheWay.every(({ id, result }) => result === 'bad' && ids.includes(id));
}

/** Sets the switches on every API server first; then the rest is as on a cluster that has them. */
async function withSwitches(
  world: World,
  request: EnableRequest,
  begun: Begun,
  asked: DynamicRequest,
): Promise<EnableResult> {
  const { setSwitches } = await import('./switches.ts'); // the road over nodes is long
  const { checks, plan, outcome } = await setSwitches(world, begun.facts, await onNodesBy(request, begun));
  if (outcome === 'done' || outcome === 'unchanged') return enable(world, { ...request, setSwitches: false });
  const sink = planDynamic(begun.facts, asked);
  const both = { steps: [...plan.steps, ...sink.steps], notes: [...plan.notes, ...sink.notes] };
  return { ...begun.base, outcome, checks, plan: outcome === 'planned' ? both : plan };
}

/** The request as the road over nodes takes it. */
async function onNodesBy(
  request: EnableRequest,
  { run, fingerprint }: Begun,
): Promise<EnableRequest & NodeRequest & { readonly fingerprint: string }> {
  const { handOf } = await import('./nodes/hand.ts');
  const { local } = request.nodes;
  return { ...request, ...request.nodes, ...(await handOf(local, request.nodes.only)), run, fingerprint };
}

/** Changes API servers where this tool can; tells how a person can elsewhere. */
async function statically(world: World, request: EnableRequest, begun: Begun): Promise<EnableResult> {
  const { facts, base } = begun;
  const { name: backend } = base.backend;
  // API servers are changed only by who asked for it by name
  const named =
    backend === request.backend && backend !== 'dynamic' && isChangeable(base.controlPlane.target);
  if (!named) return { ...base, byHand: await byHand(facts, base) };
  const { enableStatic } = await import('./enable-static.ts'); // the road over nodes is long
  return enableStatic(world, facts, { ...(await onNodesBy(request, begun)), backend }, base);
}

function describe(facts: Facts, request: EnableRequest): EnableResult {
  const controlPlane = controlPlaneOf(facts, request);
  const { backend, why } = choose(facts, controlPlane, request);
  return {
    outcome: 'refused',
    backend: { name: backend, why },
    controlPlane,
    server: facts.version.gitVersion,
    checks: [],
    plan: { steps: [], notes: [] },
    ...(backend === 'dynamic' && { auditSink: auditSink(request.settings, request.access.sink) }),
    notes: [],
  };
}

function controlPlaneOf(facts: Facts, { distribution }: EnableRequest): Recognition {
  if (distribution === undefined) return recognise(facts);
  return {
    target: distribution,
    name: distribution,
    evidence: 'as you said',
    confidence: 'certain',
    unseen: [],
  };
}

function choose(
  facts: Facts,
  { target }: Recognition,
  { backend }: Pick<EnableRequest, 'backend'>,
): BackendChoice {
  return backend === undefined
    ? backendFor(facts.version, target, facts.auditSinks)
    : { backend, why: 'as you asked' };
}

function notesOf({ access, wait, dryRun }: EnableRequest): readonly string[] {
  const why = unverifiable(access);
  return why !== undefined && (wait || dryRun) ? [why] : [];
}

async function execute(world: World, request: EnableRequest, plan: Plan, run: string): Promise<void> {
  if (plan.steps.length === 0) return;
  if (request.access.token === undefined)
    throw new Failure('token-missing', 'The Logs token is missing.', [
      '--logs-token-file PATH, or LOGS_TOKEN',
    ]);
  const adopts = plan.steps.some(({ action }) => action.do === 'adopt');
  const question = `AuditSink ${names.object} was not made by this tool. Take it over?`;
  if (adopts && !request.yes && !(await world.ask(question)))
    throw new Failure('declined', 'Nothing was changed.');
  const cluster = await world.cluster();
  await carryOut({ cluster, run, token: request.access.token, tell: request.tell }, plan);
}

async function prove(world: World, request: EnableRequest): Promise<TestEventResult> {
  const { access, timeoutMs, tool } = request;
  request.tell('Waiting for an event to arrive');
  return testEvent(world, { access, way: 'through', timeoutMs, tool });
}

/** The backend that the user named. */
export function backendOf(said: {
  readonly dynamic: boolean;
  readonly webhook: boolean;
  readonly 'log-backend': boolean;
}): EnableRequest['backend'] {
  if (said.dynamic) return 'dynamic';
  if (said.webhook) return 'webhook';
  return said['log-backend'] ? 'log-backend' : undefined;
}

/** The user's words for the AuditSink, on top of the defaults. @throws Failure usage for a stage that is none */
export function readSettings(said: {
  readonly level?: Level | undefined;
  readonly stages?: string | undefined;
  readonly qps?: number | undefined;
  readonly burst?: number | undefined;
}): SinkSettings {
  const named = said.stages?.split(',').map((stage) => stage.trim());
  const wrong = named?.find((stage) => !(stages as readonly string[]).includes(stage));
  if (wrong !== undefined)
    throw new Failure('usage', `--stages: "${wrong}" is no audit stage.`, [
      `The stages are ${stages.join(', ')}.`,
    ]);
  return {
    level: said.level ?? defaultSettings.level,
    stages: (named as readonly Stage[] | undefined) ?? defaultSettings.stages,
    qps: said.qps ?? defaultSettings.qps,
    burst: said.burst ?? defaultSettings.burst,
  };
}

/** What the result exits as; undefined is 0. */
export function codeOfEnable({ outcome, checks, proof, byHand }: EnableResult): Code | undefined {
  if (outcome === 'refused') return obstacles(checks)[0]?.code ?? (byHand && 'target-unsupported');
  return proof && verdictCodes[proof.verdict];
}

export { levels, stages, targetIds };
