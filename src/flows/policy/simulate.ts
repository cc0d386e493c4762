// `policy simulate`: a policy tried on a log: its events, wherever they are, decided again.
import { matcher } from '../../audit/event/match.ts';
import type { ServerVersion } from '../../audit/facts.ts';
import { reportOf } from '../../audit/policy/simulate/report.ts';
import type { NamedPolicy, Simulated } from '../../audit/policy/simulate/report.ts';
import { Simulation } from '../../audit/policy/simulate/simulation.ts';
import { newestKnown } from '../../audit/versions.ts';
import { Failure } from '../../errors.ts';
import { interrupted } from '../../io/clock.ts';
import type { World } from '../../io/world.ts';
import type { SinkChoice } from '../access.ts';
import { openSources } from '../sources/open.ts';
import type { Wish } from '../sources/open.ts';

/** Names Sematext's search among logs; a file of that name is ./sematext. */
const search = 'sematext';

type Moment = NonNullable<Wish['since']>;

export interface SimulateRequest {
  /** A preset or a path; `-` is standard input. */
  readonly policy: string;
  readonly against?: string;
  /** Paths; `-` is standard input, `sematext` the search. */
  readonly logs: readonly string[];
  readonly sink: SinkChoice;
  readonly since?: Moment;
  readonly until?: Moment;
  /** Kubernetes that decides; the newest known where none is named. */
  readonly version?: ServerVersion;
  /** Rows of each table. */
  readonly top: number;
}

/**
 * @param tell sentences for the user: what could not be read
 * @throws Failure policy-invalid | no-events | usage when a file cannot be read, and those of the sources | interrupted
 */
export async function simulate(
  world: World,
  request: SimulateRequest,
  tell: (text: string) => void,
): Promise<Simulated> {
  const { logs, version = newestKnown } = request;
  const inputs = [request.policy, request.against, ...logs].filter((one) => one === '-');
  if (inputs.length > 1)
    throw new Failure('usage', 'Standard input can be one policy or one log, not several.', [
      'Write the others to files.',
    ]);
  const { loadPolicy } = await import('./load.ts'); // YAML is not read by who only asks for help
  const named = async (said: string): Promise<NamedPolicy> => {
    const { name, policy, lineOf } = await loadPolicy(world, said, version, tell);
    return { name, policy, lines: policy.rules.map((_, rule) => lineOf(rule)) };
  };
  const policy = await named(request.policy);
  const old = request.against === undefined ? undefined : await named(request.against);
  const simulation = new Simulation(policy.policy, version, old?.policy);
  let unread = 0;
  for (const from of originsOf(request)) unread += await read(world, { ...request, from, tell }, simulation);
  const counted = simulation.counted(request.top);
  if (counted.log.events === 0) throw noEvents(request, unread);
  const searched = logs.includes(search);
  const subject = { policy, version, logs, searched, unread };
  return reportOf({ ...subject, ...(old !== undefined && { old }) }, counted);
}

function originsOf({ logs, sink }: SimulateRequest): readonly Wish['from'][] {
  const files = logs.filter((log) => log !== search);
  return [
    ...(files.length > 0 ? [{ files, sink }] : []),
    ...(files.length < logs.length ? [{ files: [], source: 'search' as const, sink }] : []),
  ];
}

const everything = { filters: [], failed: false, writes: false, byPeople: false };
const once = { follow: false, resumable: false, positions: {} };
/** Every stage by itself, and of bodies only how long they are. */
const stages = { allStages: true, whole: false, measured: true };

type Reading = Pick<Wish, 'from' | 'tell' | 'since' | 'until'>;

/** @returns how many lines could not be read */
async function read(world: World, wish: Reading, simulation: Simulation): Promise<number> {
  const { from, tell, since, until } = wish;
  const times = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
  const asked = { from, tell, ...times, ...everything, ...once, ...stages };
  const { selection, batches } = await openSources(world, asked);
  const { stage } = matcher(selection);
  let unread = 0;
  for await (const { events, notes, unread: more = 0 } of batches) {
    if (world.signal.aborted) throw interrupted();
    for (const note of notes) tell(note);
    unread += more;
    for (const event of events) if (stage(event)) simulation.add(event);
  }
  return unread;
}

function noEvents({ logs, since, until }: SimulateRequest, unread: number): Failure {
  const names = logs.map((log) => (log === '-' ? 'standard input' : log === search ? 'the search' : log));
  const when = since === undefined && until === undefined ? '' : ' of that time';
  const lines = unread === 0 ? '' : ` ${unread} ${unread === 1 ? 'line' : 'lines'} could not be read.`;
  return new Failure(
    'no-events',
    `There is no audit event${when} in ${names.join(', ')}, so nothing can be said.${lines}`,
    ['Look at what there is: kubectl sematext-audit tail'],
  );
}
