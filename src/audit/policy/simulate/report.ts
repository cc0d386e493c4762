// What `policy simulate` reports: what was counted, with the rules' own words, each figure for a day, and what it cannot
// know.
import type { ServerVersion } from '../../facts.ts';
import type { Level } from '../../backend/audit-sink.ts';
import type { Policy } from '../policy.ts';
import type { Change, Changed, ChangedRow, Comparison } from './against.ts';
import type { Amount } from './kind.ts';
import { ruleText } from './rule-text.ts';
import type { Counted, NamedShare, Share } from './simulation.ts';
import { unknownsOf } from './unknowns.ts';
import type { Unknown } from './unknowns.ts';

/** A policy that was read without an error. */
export interface NamedPolicy {
  /** As the user named it. */
  readonly name: string;
  readonly policy: Policy;
  /** Of each rule, from 1 on. */
  readonly lines: readonly number[];
}

/** What was simulated. */
export interface Subject {
  readonly policy: NamedPolicy;
  readonly old?: NamedPolicy;
  readonly version: ServerVersion;
  /** As the user named them. */
  readonly logs: readonly string[];
  /** Whether the events of a search are among them. */
  readonly searched: boolean;
  /** Lines that could not be read. */
  readonly unread: number;
}

/** For a day like the time that the log spans; absent where it spans none. */
interface PerDay {
  readonly perDay?: { readonly events: number; readonly bytes: number };
}

type Figures = Amount & PerDay;

export interface RuleRow extends Share, PerDay {
  /** From 0 on; -1 is no rule, and then there is no line. */
  readonly rule: number;
  readonly line?: number;
  readonly level: Level;
  readonly what: string;
}

export type NamedRow = NamedShare & PerDay;

export interface ComparisonReport extends Omit<Comparison, 'recorded'> {
  readonly policy: string;
  readonly recorded: Figures;
}

export interface Simulated {
  readonly policy: string;
  /** The version that decides, without its v. */
  readonly kubernetes: string;
  readonly logs: readonly string[];
  /** From the first stage to the last; absent where the events have no time. */
  readonly span?: { readonly from: string; readonly to: string; readonly seconds: number };
  readonly unread: number;
  readonly log: Figures;
  readonly recorded: Figures;
  readonly rules: readonly RuleRow[];
  /** Those that decided nothing in this log. */
  readonly deadRules: readonly Pick<RuleRow, 'rule' | 'line' | 'level' | 'what'>[];
  readonly levels: readonly NamedRow[];
  readonly users: readonly NamedRow[];
  readonly verbs: readonly NamedRow[];
  readonly resources: readonly NamedRow[];
  readonly against?: ComparisonReport;
  readonly unknowns: readonly Unknown[];
}

export type { Change, Changed, ChangedRow, Unknown };

const daySeconds = 86_400;

/** The report of a simulation. */
export function reportOf(subject: Subject, counted: Counted): Simulated {
  const span = spanOf(counted);
  const daily = perDayOf(span?.seconds ?? 0);
  const rules = ruleRows(subject.policy, counted).map(daily);
  const { policy, old, version, logs, unread } = subject;
  const { against } = counted;
  return {
    ...{ policy: policy.name, kubernetes: version.gitVersion.replace(/^v/, ''), logs },
    ...(span !== undefined && { span }),
    ...{ unread, log: daily(counted.log), recorded: daily(counted.recorded), rules },
    deadRules: rules.filter(({ decided }) => decided === 0).map(named),
    levels: counted.levels.map(daily),
    users: counted.users.map(daily),
    verbs: counted.verbs.map(daily),
    resources: counted.resources.map(daily),
    ...(against !== undefined &&
      old !== undefined && {
        against: { ...against, policy: old.name, recorded: daily(against.recorded) },
      }),
    unknowns: unknownsOf(subject, counted, span?.seconds ?? 0),
  };
}

const named = ({ rule, line, level, what }: RuleRow): Simulated['deadRules'][number] => ({
  ...{ rule, level, what },
  ...(line !== undefined && { line }),
});

function spanOf({ first, last }: Counted): Simulated['span'] {
  const seconds = (Date.parse(last) - Date.parse(first)) / 1000;
  return Number.isNaN(seconds) ? undefined : { from: first, to: last, seconds };
}

function perDayOf(seconds: number): <T extends Amount>(figures: T) => T & PerDay {
  if (seconds <= 0) return (figures) => figures;
  const daily = (count: number): number => Math.round((count * daySeconds) / seconds);
  return (figures) => ({
    ...figures,
    perDay: { events: daily(figures.events), bytes: daily(figures.bytes) },
  });
}

function ruleRows({ policy, lines }: NamedPolicy, { rules }: Counted): readonly RuleRow[] {
  return rules.map((share) => {
    const rule = policy.rules[share.rule];
    const line = lines[share.rule];
    return {
      ...share,
      ...(line !== undefined && { line }),
      level: rule?.level ?? 'None',
      what: rule === undefined ? 'what no rule matches' : ruleText(rule),
    };
  });
}
