// Which sources `tail` reads, by what was named and what is at hand: files; Sematext's search; the API servers' logs;
// the audit files on their nodes.
import { flagsFromArgv } from '../../audit/flags.ts';
import { literals, matcher } from '../../audit/event/match.ts';
import type { Selection } from '../../audit/event/match.ts';
import { hostOf } from '../../audit/sink/sematext.ts';
import { Failure } from '../../errors.ts';
import type { SinkAccess } from '../../io/sematext.ts';
import type { Positions, World } from '../../io/world.ts';
import { openAccess } from '../access.ts';
import type { SinkChoice } from '../access.ts';
import type { LogWish } from './api-servers.ts';
import { merged } from './merge.ts';
import type { Merged } from './merge.ts';
import type { Source } from './source.ts';

/** Where events can be read from when no file is named. */
export type SourceName = 'search' | 'api-server' | 'node';

/** What was said of where to read. */
export interface Origin {
  /** Paths; `-` is standard input. */
  readonly files: readonly string[];
  readonly source?: SourceName;
  readonly sink: SinkChoice;
  /** How long after its own time the search may still bring an event, milliseconds. */
  readonly lateMs?: number;
  /** How often the search is asked, milliseconds. */
  readonly everyMs?: number;
}

type Moment = { readonly agoMs: number } | { readonly at: string };

/** What is to be read. */
export interface Wish extends Omit<Selection, 'since' | 'until'> {
  readonly from: Origin;
  readonly follow: boolean;
  readonly since?: Moment;
  readonly until?: Moment;
  /** As in Reader. */
  readonly whole: boolean;
  readonly measured?: boolean;
  /** Every stage of a request, so that none may be left out. */
  readonly allStages: boolean;
  readonly positions: Positions;
  /** Whether positions are to be kept. */
  readonly resumable: boolean;
  readonly tell: (text: string) => void;
}

/** What is read where nobody said since when: of a source without an end, and of one that goes on. */
const [recentMs, justNowMs] = [15 * 60_000, 60_000];
/** How long an event waits for those of other sources. */
const patienceMs = 500;

/**
 * Opens the sources, with the selection as it is for them.
 * @throws Failure usage when what was said does not go together, and those of the sources
 */
export async function openSources(
  world: World,
  wish: Wish,
): Promise<{ selection: Selection; batches: AsyncIterable<Merged> }> {
  const { from, follow } = wish;
  const kind = from.files.length > 0 ? 'files' : (from.source ?? (await atHand(world, from)));
  mustFit(wish, kind);
  const selection = selectionOf(world, wish, kind);
  const sources = await opened[kind](world, wish, selection);
  if (kind === 'files' && !follow) return { selection, batches: inTurn(sources) };
  const { lossSource } = await import('./losses.ts');
  const more = kind === 'files' || (kind === 'search' && !follow) ? [] : [lossSource(world, follow)];
  return {
    selection,
    batches: merged([...sources, ...more], follow ? patienceMs : Infinity, world.clock),
  };
}

/** @throws Failure usage when what was said does not go together */
function mustFit({ from, follow, until }: Wish, kind: 'files' | SourceName): void {
  if (kind !== 'search' && (from.everyMs ?? from.lateMs) !== undefined)
    throw new Failure(
      'usage',
      '--every and --late say how the search is asked, and another source is read.',
      ['Leave them out, or say --source search.'],
    );
  if (follow && until !== undefined)
    throw new Failure('usage', '-f goes on for ever, and --until names an end.', ['Leave one of them out.']);
}

const otherwise = [
  "Sematext's search needs SEMATEXT_API_KEY or --api-key-file, and the Logs token.",
  'A file is named as an argument; - is standard input.',
];

/** A key means the search; else whatever the API servers write to. */
async function atHand(world: World, { sink }: Origin): Promise<SourceName> {
  if ((await world.secrets.apiKey(sink.apiKey)) !== undefined) return 'search';
  const nothing = 'There is nothing to read: no file was named, there is no API key, and';
  const { gatherPods } = await import('../gather-signs.ts');
  const pods = await world
    .cluster()
    .then(gatherPods)
    .catch((error: unknown) => {
      if (!(error instanceof Failure) || error.code === 'interrupted') throw error;
      const message = `${nothing} no cluster can be asked. ${error.message}`;
      throw new Failure(error.code, message, [...otherwise, ...error.suggestions], error);
    });
  const paths = 'seen' in pods ? pods.seen.map(({ argv }) => flagsFromArgv(argv)['audit-log-path']) : [];
  if (paths.includes('-')) return 'api-server';
  if (paths.some((path) => path !== undefined)) return 'node';
  const why = 'seen' in pods ? 'no API server of this cluster is seen to write a log' : pods.why;
  throw new Failure('usage', `${nothing} ${why}.`, otherwise);
}

function selectionOf(world: World, wish: Wish, kind: 'files' | SourceName): Selection {
  const { filters, failed, writes, byPeople, since, until, follow, positions } = wish;
  const now = world.clock.now().getTime();
  const at = (moment: Moment): string =>
    'at' in moment ? moment.at : new Date(now - moment.agoMs).toISOString();
  const endless = follow ? justNowMs : kind === 'files' ? undefined : recentMs;
  const goesOn = Object.keys(positions).length > 0;
  const usual = endless === undefined || goesOn ? undefined : { agoMs: endless };
  const begin = since ?? usual;
  return {
    ...{ filters, failed, writes, byPeople },
    ...(begin !== undefined && { since: at(begin) }),
    ...(until !== undefined && { until: at(until) }),
  };
}

type Opening = (world: World, wish: Wish, selection: Selection) => Promise<readonly Source[]>;

const opened: Readonly<Record<'files' | SourceName, Opening>> = {
  files: async (world, { from, follow, resumable, positions, whole, measured, allStages }, selection) => {
    const { fileSource } = await import('./files.ts');
    const counts = allStages ? undefined : matcher(selection).stage;
    const one = { follow, resumable, literals: literals(selection), whole, counts, measured };
    return from.files.map((path) => fileSource(world, path, { ...one, position: positions[path] }));
  },
  search: async (world, wish, selection) => [await searched(world, wish, selection)],
  'api-server': async (world, wish, selection) => {
    const { apiServerSources } = await import('./api-servers.ts');
    return apiServerSources(world, logWish(wish, selection));
  },
  node: async (world, wish, selection) => {
    const { nodeSources } = await import('./nodes.ts');
    return nodeSources(world, logWish(wish, selection));
  },
};

function logWish({ follow, positions, whole }: Wish, selection: Selection): LogWish {
  const { since } = selection;
  return { follow, positions, whole, literals: literals(selection), ...(since !== undefined && { since }) };
}

async function searched(world: World, wish: Wish, selection: Selection): Promise<Source> {
  const { from, follow, positions } = wish;
  const access = await accessTo(world, wish);
  if (access.apiKey === undefined)
    throw new Failure('token-missing', "Sematext's search needs an API key.", [
      'Give it with --api-key-file PATH, or in the environment as SEMATEXT_API_KEY.',
      'The key is in the account settings, API.',
    ]);
  const { search } = access.sink;
  if (search === undefined)
    throw new Failure('usage', 'No search is known for a receiver of your own.', [
      'Name it: --search-url URL.',
    ]);
  const { searchSource } = await import('./search.ts');
  const { lateMs, everyMs } = from;
  return searchSource(world, access, {
    ...{ selection, follow, position: positions[hostOf(search)] },
    ...(lateMs !== undefined && { lateMs }),
    ...(everyMs !== undefined && { everyMs }),
  });
}

/** Where nobody said which region, the record in the cluster does, if there is a cluster to ask. */
async function accessTo(world: World, { from: { sink }, tell }: Wish): Promise<SinkAccess> {
  const open = (cluster: boolean): Promise<SinkAccess> =>
    openAccess(world, sink, { token: true, cluster }, tell);
  if (sink.region !== undefined || sink.searchUrl !== undefined) return open(false);
  try {
    return await open(true);
  } catch (error) {
    const unasked = error instanceof Failure && /^(cluster|kubeconfig)-/.test(error.code);
    if (!unasked) throw error;
    tell('The region is taken to be us, since no cluster can be asked for it; else say --region eu.');
    return open(false);
  }
}

/** One after the other: what was rotated first, first. */
async function* inTurn(sources: readonly Source[]): AsyncGenerator<Merged> {
  for (const source of sources)
    for await (const { events, position, notes = [], unread = 0 } of source.batches())
      yield { events, notes, unread, positions: position === undefined ? {} : { [source.name]: position } };
}
