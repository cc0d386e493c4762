// What changes from one policy to another: which recorded events come, go, get more or less deep, and whose they are.
import { levels } from '../../backend/audit-sink.ts';
import { recordedOf } from './kind.ts';
import type { Amount, Kind, Stock } from './kind.ts';
import { ByName, others, Sum, topOf } from './sums.ts';

/** Only the new policy records it; only the old one; both, the new one at a higher level; at a lower one. */
export type Change = 'gained' | 'lost' | 'raised' | 'lowered';

/** What changed. Of events that both record, bytes are how many more or fewer. */
export interface Changed extends Amount {
  /** Events that were answered with an error, or panicked. */
  readonly failed: number;
}

/** The same, of one user's requests of one sort. */
export interface ChangedRow extends Changed {
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  /** Whether a person did it and it changes something. */
  readonly writtenByPerson: boolean;
}

/** From the old policy to the new one. */
export interface Comparison {
  /** What the old one would have recorded. */
  readonly recorded: Amount;
  readonly changes: Readonly<Record<Change, Changed & { readonly rows: readonly ChangedRow[] }>>;
  /** What people did and would be lost: requests, those that change something, events that tell of a failure. */
  readonly peopleLose: { readonly requests: number; readonly writes: number; readonly failed: number };
}

type What = Pick<Kind, 'user' | 'verb' | 'resource' | 'byPerson' | 'writes'>;
const many: What = { user: others, verb: others, resource: others, byPerson: false, writes: false };

class Tally extends Sum {
  failed = 0;
  readonly what: What;

  constructor({ user, verb, resource, byPerson, writes }: What = many) {
    super();
    this.what = { user, verb, resource, byPerson, writes }; // not the whole kind, which is let go
  }

  row(): ChangedRow {
    const { user, verb, resource, byPerson, writes } = this.what;
    return { user, verb, resource, writtenByPerson: byPerson && writes, ...this.changed() };
  }

  changed(): Changed {
    return { ...this.amount(), failed: this.failed };
  }
}

class Changes {
  private readonly total = new Tally();
  private readonly rows = new ByName<Tally>();

  add(kind: Kind, { failed }: Pick<Stock, 'failed'>, amount: Amount): void {
    const name = [kind.user, kind.verb, kind.resource].join('\u0000');
    const row = this.rows.of(name, (one) => new Tally(one === undefined ? many : kind));
    for (const tally of [this.total, row]) {
      tally.add(amount);
      tally.failed += failed;
    }
  }

  result(top: number): Changed & { readonly rows: readonly ChangedRow[] } {
    const rows = this.rows.all().map((one) => one.row());
    const most = rows.sort(
      (a, b) =>
        Number(b.writtenByPerson) - Number(a.writtenByPerson) || b.events - a.events || b.bytes - a.bytes,
    );
    return { ...this.total.changed(), rows: topOf(most, top, joined) };
  }
}

function joined(rows: readonly ChangedRow[]): ChangedRow {
  const all = new Tally();
  for (const row of rows) {
    all.add(row);
    all.failed += row.failed;
  }
  return all.row();
}

const rank = (level: string): number => (levels as readonly string[]).indexOf(level);

/** Compares what two policies say of kinds of requests. */
export class Against {
  private readonly recorded = new Sum();
  private readonly changes = {
    gained: new Changes(),
    lost: new Changes(),
    raised: new Changes(),
    lowered: new Changes(),
  };
  private readonly peopleLose = { requests: 0, writes: 0, failed: 0 };

  /** Counts some events of a kind; the first of its verdicts is the new policy's, the second the old one's. */
  add(kind: Kind, stock: Stock, now: Amount): void {
    const [verdict, old] = kind.verdicts;
    if (verdict === undefined || old === undefined) return;
    const before = recordedOf(kind, stock, old);
    this.recorded.add(before);
    const deeper = rank(verdict.level) - rank(old.level);
    if (before.events === 0 && now.events > 0) this.changes.gained.add(kind, stock, now);
    else if (before.events > 0 && now.events === 0) this.lose(kind, stock, before);
    else if (now.events > 0 && deeper > 0) this.changes.raised.add(kind, stock, difference(now, before));
    else if (now.events > 0 && deeper < 0) this.changes.lowered.add(kind, stock, difference(before, now));
  }

  private lose(kind: Kind, stock: Stock, before: Amount): void {
    this.changes.lost.add(kind, stock, before);
    if (!kind.byPerson) return;
    this.peopleLose.requests += before.requests;
    if (kind.writes) this.peopleLose.writes += before.requests;
    this.peopleLose.failed += stock.failed;
  }

  /** @param top so many rows of each change, and one for all others */
  result(top: number): Comparison {
    const { gained, lost, raised, lowered } = this.changes;
    return {
      recorded: this.recorded.amount(),
      changes: {
        gained: gained.result(top),
        lost: lost.result(top),
        raised: raised.result(top),
        lowered: lowered.result(top),
      },
      peopleLose: { ...this.peopleLose },
    };
  }
}

/** Of the same events: how many bytes the deeper ones have more; a deeper level may be the shorter word. */
const difference = (more: Amount, less: Amount): Amount => ({
  ...more,
  bytes: Math.max(0, more.bytes - less.bytes),
});
