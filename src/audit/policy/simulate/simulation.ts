// A log decided again by a policy: what it would have recorded of what the log holds. Every recorded stage is an event of
// its own, as it is for the API server; the attributes are those that the policy was asked about.
import type { Event } from '../../event/event.ts';
import { isLast } from '../../event/event.ts';
import type { ServerVersion } from '../../facts.ts';
import { evaluate } from '../evaluate.ts';
import type { Policy } from '../policy.ts';
import { attributesOf } from '../request.ts';
import { Against } from './against.ts';
import type { Comparison } from './against.ts';
import { Kinds } from './asked.ts';
import { addTo, inLog, kindOf, recordedOf, records } from './kind.ts';
import type { Amount, Kind, Stock } from './kind.ts';
import { ByName, others, Sum, topOf } from './sums.ts';

/** What is recorded of some events of the log. */
export interface Share extends Amount {
  /** So many events of the log it is. */
  readonly decided: number;
}

export interface NamedShare extends Share {
  readonly name: string;
}

/** What was counted. */
export interface Counted {
  /** What the log has. */
  readonly log: Amount;
  /** Time of the first and the last stage, RFC 3339 in UTC; empty where the events have none. */
  readonly first: string;
  readonly last: string;
  readonly recorded: Amount;
  /** By index of the rule that decided, in the policy's order; -1, where no rule matched, is last and often absent. */
  readonly rules: readonly (Share & { readonly rule: number })[];
  /** Most bytes first, with one row for all beyond the top. */
  readonly levels: readonly NamedShare[];
  readonly users: readonly NamedShare[];
  readonly verbs: readonly NamedShare[];
  readonly resources: readonly NamedShare[];
  readonly against?: Comparison;
  /** What shows that the log has less than happened. */
  readonly gaps: Gaps;
}

export interface Gaps {
  /** Events that the policy records of requests in the log, in a stage that the log does not have of them. */
  readonly received: number;
  readonly started: number;
  /** Events with bodies that the policy records with their managed fields, and the managed fields in the log, bytes. */
  readonly bodies: number;
  readonly managed: number;
}

/** So many kinds are kept apart at once. */
const mostKinds = 20_000;

class Part extends Sum {
  decided = 0;
  readonly name: string;

  constructor(name = others) {
    super();
    this.name = name;
  }

  share(): NamedShare {
    return { name: this.name, decided: this.decided, ...this.amount() };
  }
}

/** Events of an early stage, and the ends of requests that must have had it. */
class Early {
  private seen = 0;
  private ended = 0;

  /** @param without ends of requests that had it not */
  add(stock: Stock, stage: string, without: number): void {
    if (stock.stage === stage) this.seen += stock.events;
    if (isLast(stock)) this.ended += stock.events - without;
  }

  get missing(): number {
    return Math.max(0, this.ended - this.seen);
  }
}

/** Of one rule, as far as it records them. */
class EarlyStages {
  readonly received = new Early();
  readonly started = new Early();
}

/** Decides events as they come. Memory does not grow with the log. */
export class Simulation {
  private readonly policies: readonly Policy[];
  private readonly version: ServerVersion;
  private readonly keys: Kinds;
  private kinds = new Map<string, Kind>();
  private readonly log = new Sum();
  private readonly recorded = new Sum();
  private readonly rules = new Map<number, Part>();
  private readonly early = new Map<number, EarlyStages>();
  private readonly parts = {
    levels: new ByName<Part>(),
    users: new ByName<Part>(),
    verbs: new ByName<Part>(),
    resources: new ByName<Part>(),
  };
  private readonly against: Against | undefined;
  private first = '';
  private last = '';
  private bodies = 0;
  private managed = 0;

  /** @param old the policy to compare with */
  constructor(policy: Policy, version: ServerVersion, old?: Policy) {
    this.policies = old === undefined ? [policy] : [policy, old];
    this.version = version;
    this.keys = new Kinds(this.policies);
    this.against = old === undefined ? undefined : new Against();
  }

  add(event: Event): void {
    const key = this.keys.keyOf(event);
    let kind = this.kinds.get(key);
    if (kind === undefined) {
      if (this.kinds.size >= mostKinds) this.settle();
      const asked = attributesOf(event);
      kind = kindOf(
        event,
        this.policies.map((policy) => evaluate(policy, asked, this.version)),
      );
      this.kinds.set(key, kind);
    }
    addTo(kind, event);
    const { at } = event;
    if (at > this.last) this.last = at;
    if (at !== '' && (at < this.first || this.first === '')) this.first = at;
  }

  /** @param top so many rows of each table, and one for all others */
  counted(top: number): Counted {
    this.settle();
    const shares = (parts: ByName<Part>): readonly NamedShare[] =>
      topOf(
        parts
          .all()
          .map((one) => one.share())
          .sort(mostFirst),
        top,
        joined,
      );
    const { levels, users, verbs, resources } = this.parts;
    return {
      log: this.log.amount(),
      ...{ first: this.first, last: this.last, recorded: this.recorded.amount() },
      rules: this.ruleShares(),
      levels: shares(levels),
      users: shares(users),
      verbs: shares(verbs),
      resources: shares(resources),
      ...(this.against !== undefined && { against: this.against.result(top) }),
      gaps: this.gaps(),
    };
  }

  private ruleShares(): Counted['rules'] {
    const indexes = (this.policies[0]?.rules ?? []).map((_, index) => index);
    return [...indexes, ...(this.rules.has(-1) ? [-1] : [])].map((rule) => {
      const { name: _name, ...share } = (this.rules.get(rule) ?? new Part()).share();
      return { rule, ...share };
    });
  }

  private gaps(): Gaps {
    const sum = (of: (stages: EarlyStages) => number): number =>
      [...this.early.values()].reduce((total, one) => total + of(one), 0);
    return {
      received: sum((one) => one.received.missing),
      started: sum((one) => one.started.missing),
      bodies: this.bodies,
      managed: this.managed,
    };
  }

  /** Sums up the kinds and forgets them. */
  private settle(): void {
    for (const kind of this.kinds.values()) for (const stock of kind.stocks) this.sumUp(kind, stock);
    this.kinds = new Map();
  }

  private sumUp(kind: Kind, stock: Stock): void {
    const [verdict] = kind.verdicts;
    if (verdict === undefined) return;
    const amount = recordedOf(kind, stock, verdict);
    this.log.add(inLog(stock));
    this.recorded.add(amount);
    const { levels, users, verbs, resources } = this.parts;
    const part = (parts: ByName<Part>, name: string): Part => parts.of(name, (one) => new Part(one));
    const rule = of(this.rules, verdict.rule, () => new Part());
    const named = [part(users, kind.user), part(verbs, kind.verb), part(resources, kind.resource)];
    for (const one of [rule, part(levels, verdict.level), ...named]) {
      one.decided += stock.events;
      one.add(amount);
    }
    this.against?.add(kind, stock, amount);
    this.lookForGaps(kind, stock);
  }

  private lookForGaps({ verb, verdicts: [verdict] }: Kind, stock: Stock): void {
    this.managed += stock.requestManaged + stock.responseManaged;
    if (verdict === undefined || verdict.level === 'None') return;
    if (stock.request + stock.response > 0 && verdict.level !== 'Metadata' && !verdict.omitManagedFields)
      this.bodies += stock.events;
    const early = of(this.early, verdict.rule, () => new EarlyStages());
    if (records(verdict, 'RequestReceived')) early.received.add(stock, 'RequestReceived', 0);
    // only what takes long says that its answer has begun, and not where it is refused
    if (verb === 'watch' && records(verdict, 'ResponseStarted'))
      early.started.add(stock, 'ResponseStarted', stock.failed);
  }
}

function of<T>(map: Map<number, T>, key: number, make: () => T): T {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}

const mostFirst = (a: NamedShare, b: NamedShare): number =>
  b.bytes - a.bytes || b.decided - a.decided || (a.name < b.name ? -1 : 1);

function joined(rows: readonly NamedShare[]): NamedShare {
  const all = new Part();
  for (const row of rows) {
    all.decided += row.decided;
    all.add(row);
  }
  return all.share();
}
