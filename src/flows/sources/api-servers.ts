// The logs of the API servers' containers as a source, for API servers that write their events to standard output
// (--audit-log-path=-): all of them at once, through the pods/log of the cluster. The kubelet gives the container's
// newest log file alone (kubernetes pkg/kubelet/kuberuntime/logs), so what was rotated away is gone for this source.
import { flagsFromArgv } from '../../audit/flags.ts';
import type { ApiServerPod } from '../../audit/facts.ts';
import { Reader } from '../../audit/event/shapes.ts';
import type { Event } from '../../audit/event/event.ts';
import { Failure } from '../../errors.ts';
import type { Code } from '../../errors.ts';
import { refusal } from '../../io/api.ts';
import type { StreamingCluster, World } from '../../io/world.ts';
import { gatherPods } from '../gather-signs.ts';
import { keptIn, Recent } from './recent.ts';
import type { Kept } from './recent.ts';
import type { Batch, Source } from './source.ts';

/** What is wanted of logs. */
export interface LogWish {
  readonly follow: boolean;
  /** RFC 3339 in UTC; where nothing is known of an earlier run, events from here on are looked for. */
  readonly since?: string;
  /** Where an earlier run ended, by the name of the source; from a file, and not looked at yet. */
  readonly positions: Readonly<Record<string, unknown>>;
  /** As in World.lines. */
  readonly literals: readonly string[];
  /** As in Reader. */
  readonly whole: boolean;
}

/** What is asked for again, by the time of the log: events are written a moment after their own time. */
const overlapMs = 2_000;
const passing: readonly Code[] = ['cluster-answer', 'cluster-unreachable', 'cluster-refused'];
const denials: readonly Code[] = ['cluster-forbidden', 'cluster-unauthorized'];
/** No API server is without a request for so long. */
const quietMs = 60_000;
const [firstRetryMs, lastRetryMs] = [1_000, 30_000];

/**
 * One source for each API server that writes events to its container's log.
 * @throws Failure target-unsupported when none does | cluster-forbidden | usage when a position is none
 */
export async function apiServerSources(world: World, wish: LogWish): Promise<readonly Source[]> {
  const cluster = await world.cluster();
  const pods = await writers(cluster);
  return pods.map(({ name, namespace }) => {
    const position = wish.positions[name];
    const kept = keptIn(position);
    if (position !== undefined && kept === undefined)
      throw new Failure('usage', `What the file says of ${name} is no position in its log.`, [
        'Name another file, or delete it to begin anew.',
      ]);
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/log?container=kube-apiserver`;
    return { name, batches: () => new PodLog({ world, cluster, name, path }, wish, kept).batches() };
  });
}

async function writers(cluster: StreamingCluster): Promise<readonly ApiServerPod[]> {
  const pods = await gatherPods(cluster);
  if ('unseen' in pods)
    throw new Failure(
      pods.unseen === 'forbidden' ? 'cluster-forbidden' : 'cluster-answer',
      `The API servers' pods cannot be seen: ${pods.why}`,
    );
  const paths = pods.seen.map(({ argv }) => flagsFromArgv(argv)['audit-log-path']);
  const writing = pods.seen.filter((_, i) => paths[i] === '-');
  if (writing.length > 0) return writing;
  const file = paths.find((path) => path !== undefined);
  throw new Failure(
    'target-unsupported',
    pods.seen.length === 0
      ? 'No API server runs as a pod of this cluster, so none has a log here.'
      : 'No API server of this cluster writes audit events to its log.',
    file === undefined
      ? ['See what is on: kubectl sematext-audit status.']
      : [`They are written to ${file}: read them with --source node.`],
  );
}

/** One log, and how it is asked for. */
interface Place {
  readonly world: World;
  readonly cluster: StreamingCluster;
  readonly name: string;
  /** Path and query of the log, to which more is added. */
  readonly path: string;
}

class PodLog {
  private readonly place: Place;
  private readonly wish: LogWish;
  private readonly recent: Recent;
  private readonly reader: Reader;
  /** Whether the log that is read now was seen to go on where the last one ended. */
  private joined = false;

  constructor(place: Place, wish: LogWish, kept: Kept | undefined) {
    this.place = place;
    this.wish = wish;
    this.recent = new Recent(kept);
    this.reader = new Reader(wish.whole, { mixed: true });
  }

  async *batches(): AsyncGenerator<Batch> {
    if (!this.wish.follow) return yield* this.read('');
    let retryMs = 0;
    for (;;) {
      try {
        for await (const batch of this.read('&follow=true')) {
          yield retryMs === 0 ? batch : this.noted(batch, 'its log is read again.');
          retryMs = 0;
        }
        await this.place.world.clock.sleep(firstRetryMs);
      } catch (error) {
        if (!this.mayHeal(error)) throw error;
        if (retryMs === 0)
          yield this.noted({ events: [] }, `${error.message} It is asked for again and again.`);
        retryMs = Math.min(Math.max(firstRetryMs, retryMs * 2), lastRetryMs);
        await this.place.world.clock.sleep(retryMs);
      }
    }
  }

  // Whatever an API server says while it, the node or the pod is exchanged. Just started, it also forbids what it is about
  // to allow, so that only whoever never read anything is told to be forbidden it.
  private mayHeal(error: unknown): error is Failure {
    if (!(error instanceof Failure)) return false;
    const known = this.recent.newest !== '';
    return passing.includes(error.code) || (known && denials.includes(error.code));
  }

  private noted(batch: Batch, note: string): Batch {
    return { ...batch, notes: [`${this.place.name}: ${note}`] };
  }

  /**
   * From where reading ended on: what the container before this one still wrote, then the log of this one. Says so when
   * neither reaches back that far.
   */
  private async *read(more: string): AsyncGenerator<Batch> {
    this.joined = false;
    try {
      for await (const events of this.asked('&previous=true')) yield* this.fresh(events);
    } catch (error) {
      // there was none; were it missed, that shows below
      if (!(error instanceof Failure) || error.code !== 'cluster-refused') throw error;
    }
    for await (const events of this.asked(more)) yield* this.fresh(events);
  }

  private *fresh(events: readonly Event[]): Generator<Batch> {
    const fresh = events.filter((event) => !this.recent.has(event));
    const { newest } = this.recent;
    const [first] = fresh;
    if (!this.joined && first !== undefined && fresh.length === events.length) {
      const gap = gapBefore(first, newest, this.wish.since);
      if (gap !== undefined) yield this.noted({ events: [] }, gap);
    }
    this.joined ||= events.length > 0;
    for (const event of fresh) this.recent.add(event);
    yield { events: fresh, position: this.recent.kept() };
  }

  private async *asked(more: string): AsyncGenerator<readonly Event[]> {
    const { cluster, path } = this.place;
    const since = this.recent.newest === '' ? this.wish.since : earlier(this.recent.newest);
    const from = since === undefined ? '' : `&sinceTime=${encodeURIComponent(since)}`;
    const request = { path: `${path}${more}${from}` };
    const answer = await cluster.stream(request);
    if (answer.status !== 200) throw refusal(cluster, request, answer);
    const { inBlocks } = await import('../../io/event-lines.ts');
    for await (const block of inBlocks(answer.chunks, this.wish.literals)) yield this.reader.read(block);
  }
}

/** What is to be said when a log begins with an event that is new. */
function gapBefore({ at }: Event, newest: string, since: string | undefined): string | undefined {
  const reach = 'its log does not reach back further';
  if (newest !== '') return `events between ${newest} and ${at} may be lost: ${reach}.`;
  const late = since !== undefined && Date.parse(at) - Date.parse(since) > quietMs;
  return late ? `begins at ${at}, not at ${since}: ${reach}.` : undefined;
}

const earlier = (at: string): string => new Date(Date.parse(at) - overlapMs).toISOString();
