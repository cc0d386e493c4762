// Requests of one kind, counted as they were recorded, and what another policy would have recorded of them.
import { levels } from '../../backend/audit-sink.ts';
import type { Event } from '../../event/event.ts';
import { ownMemory } from '../../event/fold.ts';
import { isLast } from '../../event/event.ts';
import { sizeOf } from '../../event/size.ts';
import type { Verdict } from '../evaluate.ts';
import { changing } from '../../event/match.ts';

/** Numbers of events that were, or would be, recorded. */
export interface Amount {
  readonly events: number;
  /** Those that are the last stage of a request. */
  readonly requests: number;
  /** Of the lines, with their newlines. */
  readonly bytes: number;
  /** Events whose bytes are too few: the log does not have the bodies that would be in them. */
  readonly unsized: number;
}

export const nothing: Amount = { events: 0, requests: 0, bytes: 0, unsized: 0 };

/** Events of one kind, level and stage. */
export interface Stock {
  /** As recorded. */
  readonly level: string;
  readonly stage: string;
  events: number;
  /** Answered with an error, or panicked. */
  failed: number;
  bytes: number;
  request: number;
  response: number;
  requestManaged: number;
  responseManaged: number;
}

/** Requests that every policy at hand decides alike. */
export interface Kind {
  readonly user: string;
  readonly verb: string;
  /** `deployments.apps/scale`, or a path. */
  readonly resource: string;
  /** Whether a body can be recorded at all. */
  readonly ofResource: boolean;
  /** Whether whoever did it, or in whose name it was done, is no `system:` user. */
  readonly byPerson: boolean;
  readonly writes: boolean;
  /** Of each policy. */
  readonly verdicts: readonly Verdict[];
  readonly stocks: Stock[];
}

const isPerson = (name: string): boolean => name !== '' && !name.startsWith('system:');

/** The kind that an event is the first of. */
export function kindOf(event: Event, verdicts: readonly Verdict[]): Kind {
  const { user, asUser, verb, resource, subresource, apiGroup, uri } = event;
  const path = uri.replace(/\?.*/s, '');
  const named = resource + (apiGroup && `.${apiGroup}`) + (subresource && `/${subresource}`);
  return {
    user: ownMemory(asUser === '' ? user : `${user} as ${asUser}`),
    verb: ownMemory(verb),
    resource: ownMemory(resource === '' ? path : named),
    ofResource: resource !== '',
    byPerson: isPerson(user) || isPerson(asUser),
    writes: changing.includes(verb),
    verdicts,
    stocks: [],
  };
}

/** Counts an event of the kind. */
export function addTo({ stocks }: Kind, event: Event): void {
  const { level, stage, code } = event;
  let stock: Stock | undefined;
  for (const one of stocks) if (one.level === level && one.stage === stage) stock = one;
  if (stock === undefined) stocks.push((stock = emptyStock(event)));
  const size = event.size ?? sizeOf(event.json);
  stock.events++;
  if (code >= 400 || stage === 'Panic') stock.failed++;
  stock.bytes += size.line;
  stock.request += size.request;
  stock.response += size.response;
  stock.requestManaged += size.requestManaged;
  stock.responseManaged += size.responseManaged;
}

const emptyStock = ({ level, stage }: Event): Stock => ({
  ...{ level: ownMemory(level), stage: ownMemory(stage), events: 0, failed: 0, bytes: 0 },
  ...{ request: 0, response: 0, requestManaged: 0, responseManaged: 0 },
});

const rank = (level: string): number => (levels as readonly string[]).indexOf(level);
const [request, response] = [rank('Request'), rank('RequestResponse')];

/** What the log itself has of it. */
export const inLog = (stock: Stock): Amount => ({
  events: stock.events,
  requests: isLast(stock) ? stock.events : 0,
  bytes: stock.bytes,
  unsized: 0,
});

/** Whether a policy records that stage. */
export const records = ({ level, omitStages }: Verdict, stage: string): boolean =>
  level !== 'None' && !(omitStages as readonly string[]).includes(stage);

/** What a policy would have recorded of it. Bodies are cut off where its level has none. */
export function recordedOf(kind: Kind, stock: Stock, verdict: Verdict): Amount {
  if (!records(verdict, stock.stage)) return nothing;
  const { events } = stock;
  const { requests } = inLog(stock);
  const level = rank(verdict.level);
  const unsized = lacksBodies(kind, stock, level) ? events : 0;
  const word = verdict.level.length - stock.level.length;
  const left = leftOut(kind, stock, verdict);
  return { events, requests, bytes: stock.bytes + events * word - left, unsized };
}

function leftOut({ verb }: Kind, stock: Stock, { level, omitManagedFields }: Verdict): number {
  // the API server records a patch as it came
  const requestManaged = omitManagedFields && verb !== 'patch' ? stock.requestManaged : 0;
  const responseManaged = omitManagedFields ? stock.responseManaged : 0;
  const [ofRequest, ofResponse] = [rank(level) < request, rank(level) < response];
  return (ofRequest ? stock.request : requestManaged) + (ofResponse ? stock.response : responseManaged);
}

const reading = ['get', 'list', 'watch'];

/** Whether a level has bodies that the log's level had not. A request that has only been received has none yet. */
function lacksBodies({ ofResource, verb }: Kind, { level: was, stage }: Stock, level: number): boolean {
  if (!ofResource || stage === 'RequestReceived' || rank(was) >= level) return false;
  const needsRequest = level >= request && rank(was) < request && !reading.includes(verb);
  return needsRequest || (level >= response && verb !== 'watch');
}
