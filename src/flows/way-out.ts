// The way out where this tool cannot go on: what a person can do by hand.
import { missingSwitches } from '../audit/backend/dynamic.ts';
import { obstacles } from '../audit/check/check.ts';
import type { Finding } from '../audit/check/check.ts';
import { sinksServed, switchesNotOff } from '../audit/check/cluster.ts';
import { seen } from '../audit/facts.ts';
import type { ApiServer, Facts, Flags, Look } from '../audit/facts.ts';
import type { EnableResult } from '../audit/results.ts';
import type { ByHand } from '../audit/target/byhand.ts';

// Where the switches are missing, the switches; where the version has none, naming them would do harm.
/** What a person can do about what stands in the way. */
export async function wayOut(
  facts: Facts,
  checks: readonly Finding[],
  base: EnableResult,
): Promise<{ byHand?: ByHand }> {
  const ids = obstacles(checks)
    .filter(({ result }) => result === 'bad')
    .map(({ id }) => id);
  const switchesAreMissing = ids.includes(sinksServed.id) || ids.includes(switchesNotOff.id);
  return switchesAreMissing ? { byHand: await byHand(facts, base, 'dynamic') } : {};
}

/** The change as steps for a person. */
export async function byHand(facts: Facts, base: EnableResult, backend = base.backend.name): Promise<ByHand> {
  const { changeByHand, flagsNeeded } = await import('../audit/target/byhand.ts'); // only those who need it load it
  const need = backend === 'provider' ? 'webhook' : backend;
  const lacks = (flags: Look<Flags>): Look<readonly string[]> =>
    'unseen' in flags || need === 'dynamic'
      ? missingSwitches(flags)
      : { seen: flagsNeeded[need].filter((name) => !flags.seen[name]) };
  const { flags: currentFlags } = mostLacking(facts.apiServers, lacks);
  const flagsMissing = seen(lacks(currentFlags)) ?? flagsNeeded[need];
  return changeByHand(base.controlPlane.target, need, { flagsMissing, currentFlags, version: facts.version });
}

// One may lack what another has: the steps are for the one that lacks most of what could be seen.
function mostLacking(
  servers: Facts['apiServers'],
  lacks: (flags: Look<Flags>) => Look<readonly string[]>,
): Pick<ApiServer, 'flags'> {
  const count = ({ flags }: Pick<ApiServer, 'flags'>): number => seen(lacks(flags))?.length ?? 0;
  const none = { flags: { unseen: 'failed', why: 'no API server was seen' } } as const;
  return servers.reduce<Pick<ApiServer, 'flags'>>(
    (most, one) => (count(one) > count(most) ? one : most),
    servers[0] ?? none,
  );
}
