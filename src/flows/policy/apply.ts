// `policy apply`: another policy for what runs already. Backend, log file, agent, receiver and token stay those that the
// record knows; the way there is that of enable: rehearsed, guarded, carried.
import { agentName, tokenKey } from '../../audit/agent/places.ts';
import { defaultSettings } from '../../audit/backend/dynamic.ts';
import { seen } from '../../audit/facts.ts';
import { names } from '../../audit/names.ts';
import type { AuditRecord } from '../../audit/plan/record.ts';
import type { EnableResult } from '../../audit/results.ts';
import { hostOf } from '../../audit/sink/sematext.ts';
import { Failure } from '../../errors.ts';
import { found } from '../../io/api.ts';
import type { SinkAccess } from '../../io/sematext.ts';
import type { TokenSource, World } from '../../io/world.ts';
import { openAccess } from '../access.ts';
import type { SinkChoice } from '../access.ts';
import { logPath } from '../agent.ts';
import { enable, fingerprintOf } from '../enable.ts';
import type { EnableRequest } from '../enable.ts';
import { gather, recordLook } from '../gather.ts';

/** What of `enable` a new policy leaves to be chosen. */
export interface ApplyRequest extends Pick<
  EnableRequest,
  'policy' | 'dryRun' | 'wait' | 'timeoutMs' | 'distribution' | 'yes' | 'nodes' | 'tool' | 'tell'
> {
  /** What the user said about the sink that events go to already. */
  readonly sink: SinkChoice;
}

type StaticRecord = AuditRecord & { readonly backend: 'webhook' | 'log-backend' };

/**
 * Puts a policy in the place of the one that an earlier run of `enable` set.
 * @throws Failure usage when nothing was enabled, or token or receiver are others than those that run;
 *   target-unsupported when there is no policy of ours: AuditSinks, or auditing that somebody else set up; and those of enable
 */
export async function applyPolicy(world: World, request: ApplyRequest): Promise<EnableResult> {
  const record = await recordedRun(world);
  if (record.state === 'open' && request.nodes.resume) await mustBeWhole(world, record);
  const access = await accessTo(world, record, request);
  const { change, backend } = record;
  return enable(world, {
    ...request,
    access,
    backend,
    logPath: change?.log ?? logPath,
    agent: { kind: change?.agent ?? 'none', image: undefined },
    policyAlone: true,
    settings: defaultSettings,
    setSwitches: false,
  });
}

async function recordedRun(world: World): Promise<StaticRecord> {
  const kept = await recordLook(await world.cluster());
  if ('seen' in kept) {
    const { record } = kept.seen;
    if (record.backend === 'dynamic') throw noRules();
    return { ...record, backend: record.backend };
  }
  if (kept.unseen !== 'absent')
    throw new Failure(
      kept.unseen === 'forbidden' ? 'cluster-forbidden' : 'cluster-answer',
      `What runs is not known, since the record could not be read: ${kept.why}`,
      ['docs/permissions.yaml has the roles that are needed'],
    );
  throw await notOurs(world);
}

const noRules = (): Failure =>
  new Failure(
    'target-unsupported',
    'Events come from an AuditSink, whose policy is a level and stages, no file.',
    [
      'change these: kubectl sematext-audit enable --dynamic --level LEVEL --stages LIST',
      'or have rules: kubectl sematext-audit enable --webhook --policy POLICY, once disable took the AuditSink back',
    ],
  );

/** What sets audit logs up on an API server. */
const auditFlags = ['audit-policy-file', 'audit-log-path', 'audit-webhook-config-file'];

/** Why there is no policy of ours to be replaced. */
async function notOurs(world: World): Promise<Failure> {
  const { auditSinks, apiServers } = await gather(world, {});
  if ((seen(auditSinks) ?? []).length > 0) return noRules();
  const theirs = apiServers.flatMap(({ name, flags }) =>
    auditFlags.flatMap((flag) => {
      const value = seen(flags)?.[flag];
      return (value ?? '') === '' ? [] : [`--${flag}=${value} on ${name}`]; // flagz has all flags
    }),
  );
  if (theirs.length === 0)
    return new Failure(
      'usage',
      'There is no policy to replace: no run of enable is recorded on this cluster.',
      ['kubectl sematext-audit enable --webhook --policy POLICY turns audit logs on with it'],
    );
  return new Failure(
    'target-unsupported',
    `Audit logs were not turned on by this program, which leaves them alone: ${theirs.join(', ')}.`,
    [
      'change the policy where it is kept, and restart each API server',
      'or take over: kubectl sematext-audit enable --webhook --policy POLICY; disable gives back what is there now',
    ],
  );
}

/**
 * A run that died may have made no agent yet; that is enable's to do.
 * @throws Failure another-run; cluster-forbidden when it cannot be seen
 */
async function mustBeWhole(world: World, { run, backend, objects }: StaticRecord): Promise<void> {
  const cluster = await world.cluster();
  for (const { kind, name, undo } of objects)
    if ((await found(cluster, undo.path)) === undefined)
      throw new Failure('another-run', `Run ${run} has not ended, and ${kind} ${name} is not there.`, [
        `end that run first: kubectl sematext-audit enable --${backend} --resume, or disable --resume`,
      ]);
}

/** @throws Failure usage when it is not where events go */
async function accessTo(world: World, record: StaticRecord, request: ApplyRequest): Promise<SinkAccess> {
  const sends = record.receiver !== '';
  const said = request.sink.token;
  const token = request.dryRun ? said : await tokenSource(world, record, said);
  const wants = { token: sends && !request.dryRun, cluster: true };
  const access = await openAccess(world, { ...request.sink, token }, wants, request.tell);
  if (!sends) return access;
  if (access.sink.receiver !== record.receiver)
    throw new Failure(
      'usage',
      `Events go to ${hostOf(record.receiver)}, and what was named is ${hostOf(access.sink.receiver)}.`,
      ['name the one they go to: --region, or --receiver-url URL --search-url URL', another(record)],
    );
  if (access.token !== undefined && (await fingerprintOf(world, access.token)) !== record.token)
    throw new Failure('usage', 'The Logs token is another one than events are sent with.', [
      'give the one that enable was given: --logs-token-file PATH, or LOGS_TOKEN',
      another(record),
    ]);
  return access;
}

const another = ({ backend }: StaticRecord): string =>
  `or change it together with the policy: kubectl sematext-audit enable --${backend} --policy POLICY`;

/** The Secret of the agent has the token, where the user may read it. */
async function tokenSource(world: World, { change }: StaticRecord, said: TokenSource): Promise<TokenSource> {
  const named = said.file !== undefined || said.secret !== undefined;
  if (named || change?.agent === undefined || change.agent === 'none') return said;
  if ((await world.secrets.logsTokenIfGiven({})) !== undefined) return said;
  const secret = `${names.namespace}/${agentName}:${tokenKey}`;
  try {
    await world.secrets.logsTokenIfGiven({ secret });
    return { secret };
  } catch (error) {
    if (error instanceof Failure && error.code !== 'interrupted') return said; // then it is asked for
    throw error;
  }
}
