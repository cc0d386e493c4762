// The flags that say which events are wanted, for `tail`.
import * as Flags from '@oclif/core/flags';
import { Failure } from '../errors.ts';
import { nearest } from './words.ts';
import { momentOf } from './moment.ts';
import type { Moment } from './moment.ts';

const group = { helpGroup: 'FILTER' };

/** Each filter: its summary, and whether its values can be written as a list, since none can hold a comma. */
const filters = {
  by: { summary: 'user, also one that was acted as', list: false },
  'by-group': { summary: 'group of the user', list: false },
  'by-service-account': { summary: 'service account, NAMESPACE/NAME', list: true },
  verb: { summary: 'verb: get, list, watch, create, update, patch, delete, …', list: true },
  namespace: { summary: 'namespace of the object', list: true },
  resource: { summary: 'resource: pods, pods/exec, deployments.apps', list: true },
  name: { summary: 'name of the object', list: false },
  code: { summary: 'HTTP status of the answer: 404, 5xx', list: true },
  decision: { summary: 'what the authorizer decided: allow, forbid', list: true },
  level: { summary: 'audit level: Metadata, Request, RequestResponse', list: true },
  stage: { summary: 'audit stage: RequestReceived, ResponseComplete, …', list: true },
  'source-ip': { summary: 'address that the request came from or through', list: true },
  'user-agent': { summary: 'user agent of the client', list: false },
} as const;
type Name = keyof typeof filters;
const names = Object.keys(filters) as readonly Name[];

const filterFlag = (name: Name) =>
  Flags.string({
    ...group,
    ...(name === 'namespace' && { char: 'n' as const }),
    summary: filters[name].summary,
    helpValue: 'PATTERN',
    multiple: true,
    multipleNonGreedy: true,
  });
const momentFlag = Flags.custom<Moment>({
  parse: (text) => Promise.resolve(momentOf(text)),
  helpValue: 'TIME',
});

export const filterFlags = {
  ...(Object.fromEntries(names.map((name) => [name, filterFlag(name)])) as Record<
    Name,
    ReturnType<typeof filterFlag>
  >),
  not: Flags.string({
    ...group,
    summary: 'none of these: any of the filters above by its name, like verb=get,list',
    helpValue: 'FILTER=PATTERN',
    multiple: true,
    multipleNonGreedy: true,
  }),
  failed: Flags.boolean({ ...group, summary: 'answered with an error: 4xx, 5xx, panic' }),
  writes: Flags.boolean({ ...group, summary: 'verbs that change something' }),
  'by-people': Flags.boolean({ ...group, summary: 'no system: users, unless a person acts as one' }),
  since: momentFlag({ ...group, summary: 'from this time on: 2h (ago), 2026-11-22T17:03:43Z' }),
  until: momentFlag({ ...group, summary: 'before this time' }),
};

/** Values of `filterFlags` as oclif hands them over. */
export type FilterValues = { readonly [name in Name]?: string[] | undefined } & {
  readonly not?: string[] | undefined;
  readonly failed: boolean;
  readonly writes: boolean;
  readonly 'by-people': boolean;
  readonly since?: Moment | undefined;
  readonly until?: Moment | undefined;
};

/** One condition as a flow takes it. */
interface FilterChoice {
  readonly field: Name;
  readonly patterns: readonly string[];
  readonly not: boolean;
}

/** What is wanted, as a flow takes it. */
export interface SelectionChoice {
  readonly filters: readonly FilterChoice[];
  readonly failed: boolean;
  readonly writes: boolean;
  readonly byPeople: boolean;
  readonly since?: Moment;
  readonly until?: Moment;
}

const patternsOf = (name: Name, values: readonly string[]): readonly string[] =>
  filters[name].list ? values.flatMap((value) => value.split(',')) : values;

function excluded(text: string): FilterChoice {
  const [word = '', ...rest] = text.split('=');
  const field = names.find((name) => name === word);
  if (field !== undefined && rest.length > 0)
    return { field, patterns: patternsOf(field, [rest.join('=')]), not: true };
  const near = nearest(word, names);
  throw new Failure('usage', `--not ${text} names no filter and pattern.`, [
    near === undefined || near === word
      ? 'Write it like --not verb=get,list.'
      : `Did you mean: --not ${near}=…`,
  ]);
}

/** What the flags ask for. @throws Failure usage when --not names no filter */
export function selectionOf(flags: FilterValues): SelectionChoice {
  const wanted = names.flatMap((field): readonly FilterChoice[] => {
    const values = flags[field] ?? [];
    return values.length === 0 ? [] : [{ field, patterns: patternsOf(field, values), not: false }];
  });
  return {
    filters: [...wanted, ...(flags.not ?? []).map(excluded)],
    ...{ failed: flags.failed, writes: flags.writes, byPeople: flags['by-people'] },
    ...(flags.since !== undefined && { since: flags.since }),
    ...(flags.until !== undefined && { until: flags.until }),
  };
}
