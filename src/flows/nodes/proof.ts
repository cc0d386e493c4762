// Proof on the way: a request with an Audit-ID of our own is made at one port of a node, and its event is looked for
// where the backend puts it. The twin is proved so before anything is changed, the new API server before it is
// confirmed.
import { twinLogPath } from '../../audit/agent/places.ts';
import type { Probe } from '../../audit/event/probe.ts';
import { hopsOf, summarise } from '../../audit/event/proof.ts';
import type { ProbeResult } from '../../audit/event/proof.ts';
import type { Turn } from '../../audit/plan/step.ts';
import { hostOf } from '../../audit/sink/sematext.ts';
import { Failure } from '../../errors.ts';
import type { SinkAccess } from '../../io/sematext.ts';
import type { Through } from '../../io/world.ts';
import { compareReadings, lookAtMetrics } from '../gather-api-servers.ts';
import { awaitEvents, send } from '../prove.ts';
import type { Awaited, Sent } from '../prove.ts';
import { podLog } from './pods.ts';
import type { Hand } from './hand.ts';
import type { Site } from './site.ts';
import { until } from './site.ts';

/** Where an event can be seen to have arrived. */
export type Where =
  /** In the search of the sink, the only place that proves all of the way. */
  | 'search'
  /** By the API server's own count of what the receiver took: without a key, the most that can be known. */
  | 'counters'
  /** In the audit log on the node: where no agent of ours ships it. */
  | 'file'
  /** In the container's log: the log backend on standard output. */
  | 'stdout';

export interface Wanted {
  readonly where: Where;
  readonly access: SinkAccess;
  /** Requests that the policy records; one that arrives is enough. */
  readonly probes: readonly Probe[];
  readonly timeoutMs: number;
  readonly hand: Hand;
  /** Told what was proved. */
  readonly proved: (result: ProbeResult) => void;
}

/** Makes requests at the port until one is seen to have arrived. @throws Failure not-delivered | search-… */
export async function proveAt(
  site: Site,
  wanted: Wanted,
  turn: Turn,
  { at, who }: { readonly at: Through; readonly who: 'twin' | 'server' },
): Promise<void> {
  const name = who === 'twin' ? `the twin on ${turn.node}` : turn.pod;
  const before = wanted.where === 'counters' ? await lookAtMetrics(site.cluster, { through: at }) : undefined;
  const sent: Sent[] = [];
  for (const probe of wanted.probes) sent.push(await send(site.world, site.cluster, probe, { through: at }));
  const arrived = await {
    search: () => bySearch(site, wanted, sent),
    counters: async () => {
      const host = hostOf(wanted.access.sink.receiver);
      return until(site, { timeoutMs: wanted.timeoutMs, everyMs: 2_000 }, async () => {
        const now = await lookAtMetrics(site.cluster, { through: at });
        const hops = hopsOf(before && compareReadings(before, now, 0), host);
        const delivery = hops.find(({ hop }) => hop === 'delivery');
        if (delivery?.result === 'lost') throw lost(name, delivery.evidence);
        return delivery?.result === 'passed' ? awaitedOf(sent[0], []) : undefined;
      });
    },
    file: () => inFile(site, wanted, turn, { sent, who }),
    stdout: () =>
      inLog(site, wanted, {
        sent,
        of: who === 'twin' ? at : { namespace: 'kube-system', pod: turn.pod },
      }),
  }[wanted.where]();
  if (arrived === undefined)
    throw lost(name, `no event of it was seen within ${Math.round(wanted.timeoutMs / 1000)} s`);
  const hop = {
    hop: 'api-server',
    result: 'passed',
    evidence: `answered HTTP ${arrived.sent.status}`,
  } as const;
  const result = summarise({ ...arrived, sent: { ...arrived.sent, via: name }, before: [hop] });
  wanted.proved(result);
}

function lost(name: string, evidence: string): Failure {
  return new Failure('not-delivered', `Events of ${name} do not arrive: ${evidence}.`, [
    'kubectl sematext-audit test-event --direct tells whether the receiver takes events at all',
    'see that the node itself reaches the receiver: its proxy settings and firewalls are not those of your machine',
  ]);
}

function awaitedOf(sent: Sent | undefined, events: Awaited['events']): Awaited | undefined {
  return sent && { sent, events, foundAfterMs: undefined, searched: false };
}

async function bySearch(
  site: Site,
  { access, timeoutMs }: Wanted,
  sent: readonly Sent[],
): Promise<Awaited | undefined> {
  const { awaited, trouble } = await awaitEvents(site.world, access, sent, timeoutMs);
  const found = awaited.find(({ foundAfterMs }) => foundAfterMs !== undefined);
  if (found === undefined && trouble !== undefined) throw trouble;
  return found;
}

async function inFile(
  site: Site,
  { hand, timeoutMs }: Wanted,
  { node, arch, image, log }: Turn,
  { sent, who }: { readonly sent: readonly Sent[]; readonly who: 'twin' | 'server' },
): Promise<Awaited | undefined> {
  const file = who === 'twin' ? twinLogPath(log ?? '') : (log ?? '');
  return until(site, { timeoutMs: Math.min(timeoutMs, 30_000), everyMs: 2_000 }, async () => {
    for (const one of sent) {
      const what = { phase: 'find', args: { log: file, id: one.auditId } } as const;
      const answer = await hand.phase(site, { node, arch, image }, what);
      if (answer.lines.some(([key, value]) => key === 'found' && value !== '0')) return awaitedOf(one, []);
    }
    return undefined;
  });
}

async function inLog(
  site: Site,
  { timeoutMs }: Wanted,
  { sent, of }: { readonly sent: readonly Sent[]; readonly of: Pick<Through, 'namespace' | 'pod'> },
): Promise<Awaited | undefined> {
  return until(site, { timeoutMs: Math.min(timeoutMs, 30_000), everyMs: 1_000 }, async () => {
    const text = await podLog(site, of.pod, { namespace: of.namespace, query: '?tailLines=2000' });
    return awaitedOf(
      sent.find(({ auditId }) => text.includes(auditId)),
      [],
    );
  });
}
