// Why a policy decides as it does about one request: which rule, which stages come into the log, and of every rule
// before it the condition that the request does not meet.
import type { Stage } from '../backend/audit-sink.ts';
import type { ServerVersion } from '../facts.ts';
import { entryMismatch, evaluate, mismatch } from './evaluate.ts';
import type { Mismatch, Verdict } from './evaluate.ts';
import { hintsFor } from './hints.ts';
import type { Attributes, GroupResources, Policy, PolicyRule } from './policy.ts';
import { recordedStages } from './stages.ts';

/** A rule that does not match, and the first of its conditions that fails. */
export interface Passed {
  readonly rule: number;
  readonly condition: Mismatch;
  /** Of `resources`: the part of its nearest entries that fails. */
  readonly part?: keyof GroupResources;
  readonly wants: readonly string[];
  /** What the request has in that place; several where it has several. */
  readonly has: readonly string[];
  /** The same in words. */
  readonly why: string;
}

export interface Explanation extends Verdict {
  /** Those that come into the log; of a request whose handler panics, Panic in the place of the last. */
  readonly stages: readonly Stage[];
  /** `omitStages`, each with where it stands. */
  readonly omittedBy: readonly { readonly stage: Stage; readonly by: readonly ('policy' | 'rule')[] }[];
  /** The rules before the one that decides, or all. */
  readonly passed: readonly Passed[];
  /** What often surprises, as far as it plays a part in this decision: sentences. */
  readonly hints: readonly string[];
}

/** What an API server of that version does about a request under a policy, with its reasons. */
export function explain(policy: Policy, request: Attributes, version: ServerVersion): Explanation {
  const verdict = evaluate(policy, request, version);
  const { rule, omitStages } = verdict;
  const before = rule === -1 ? policy.rules : policy.rules.slice(0, rule);
  const passed = before.map((one, i) => whyNot(one, i, request, version));
  const by = (stage: Stage): ('policy' | 'rule')[] => [
    ...(policy.omitStages?.includes(stage) === true ? (['policy'] as const) : []),
    ...(policy.rules[rule]?.omitStages?.includes(stage) === true ? (['rule'] as const) : []),
  ];
  const stages = recordedStages(request, verdict);
  return {
    ...verdict,
    stages,
    omittedBy: omitStages.map((stage) => ({ stage, by: by(stage) })),
    passed,
    hints: hintsFor({ policy, request, version, verdict, stages, passed }),
  };
}

/**
 * Why a rule does not match a request.
 * @param index of the rule
 * @throws Error when it does
 */
export function whyNot(rule: PolicyRule, index: number, request: Attributes, version: ServerVersion): Passed {
  const condition = mismatch(rule, request, version);
  if (condition === undefined) throw new Error(`rules[${index}] matches`);
  const said = conditions[condition](rule, request, version.minor);
  const { part, wants, has, is } = said;
  const name = part ?? fieldOf(condition, rule);
  const wanted = wants.length === 0 ? '' : `wants ${listed(wants)}; `;
  const why = `${name}: ${wanted}${is}`;
  return { rule: index, condition, ...(part && { part }), wants, has, why };
}

/** The field that a condition stands in. */
function fieldOf(condition: Mismatch, { resources = [] }: PolicyRule): string {
  if (condition === 'a-resource') return 'nonResourceURLs';
  if (condition === 'no-resource') return resources.length > 0 ? 'resources' : 'namespaces';
  return condition;
}

interface Said {
  readonly part?: keyof GroupResources;
  readonly wants: readonly string[];
  readonly has: readonly string[];
  /** What the request is instead, behind a semicolon. */
  readonly is: string;
}

type Telling = (rule: PolicyRule, request: Attributes, minor: number) => Said;

const conditions: Readonly<Record<Mismatch, Telling>> = {
  users: ({ users: wants = [] }, { user }) => {
    const is = user === undefined ? 'this has no user' : `this is by ${user.name}`;
    return { wants, has: user === undefined ? [] : [user.name], is: `${is}${literal(wants)}` };
  },
  userGroups: ({ userGroups: wants = [] }, { user }) => {
    const has = user?.groups ?? [];
    const is = user === undefined ? 'this has no user' : `the user is in ${listed(has)}`;
    return { wants, has, is: `${is}${literal(wants)}` };
  },
  verbs: ({ verbs: wants = [] }, { verb }) => ({
    ...{ wants, has: [verb] },
    is: `this is ${quoted(verb)}${literal(wants)}`,
  }),
  namespaces: ({ namespaces: wants = [] }, { namespace }) => {
    const is = namespace === '' ? 'this is in none, which is ""' : `this is in ${namespace}`;
    return { wants, has: [namespace], is: `${is}${literal(wants)}` };
  },
  resources: ({ resources = [] }, request, minor) => ofEntries(resources, request, minor),
  nonResourceURLs: ({ nonResourceURLs: wants = [] }, { path }) => ({
    ...{ wants, has: [path] },
    is: `this is ${path}`,
  }),
  'no-resource': (_, { path }) => ({
    wants: [],
    has: [path],
    is: `this asks for no resource, but for ${path}`,
  }),
  'a-resource': ({ nonResourceURLs: wants = [] }, request) => ({
    ...{ wants, has: [resourceOf(request)] },
    is: `this asks for a resource, ${resourceOf(request)}`,
  }),
};

const parts = ['group', 'resources', 'resourceNames'] as const;

/** The entries that a request comes furthest in, together. */
function ofEntries(entries: readonly GroupResources[], request: Attributes, minor: number): Said {
  const failed = entries.map((entry) => ({ entry, part: entryMismatch(entry, request, minor) ?? 'group' }));
  const furthest = Math.max(...failed.map(({ part }) => parts.indexOf(part)));
  const part = parts[furthest] ?? 'group';
  const near = failed.filter((one) => one.part === part).map(({ entry }) => entry);
  const wants = [...new Set(near.flatMap((entry) => entry[part] ?? (part === 'group' ? [''] : [])))];
  return { part, wants, ...missed[part](wants, request) };
}

const missed: Readonly<
  Record<
    keyof GroupResources,
    (wants: readonly string[], request: Attributes) => Omit<Said, 'wants' | 'part'>
  >
> = {
  group: (_, { apiGroup }) => {
    const is = apiGroup === '' ? 'this is of the core group, which is ""' : `this is of ${apiGroup}`;
    return { has: [apiGroup], is };
  },
  resources: (wants, request) => {
    const { resource, subresource } = request;
    const own = subresource !== '' && wants.includes(resource);
    const is = `this is ${resourceOf(request)}`;
    return { has: [resourceOf(request)], is: own ? `${is}, and ${resource} alone has no subresources` : is };
  },
  resourceNames: (_, { name }) => ({
    has: [name],
    is: name === '' ? 'this has no name' : `this is ${name}`,
  }),
};

/** `pods/exec`. */
const resourceOf = ({ resource, subresource }: Attributes): string =>
  subresource === '' ? resource : `${resource}/${subresource}`;

const quoted = (text: string): string => (text === '' ? '""' : text);

/** As many as a line can take. */
const most = 8;
const listed = (texts: readonly string[]): string =>
  texts.length > most
    ? `${texts.slice(0, most).map(quoted).join(', ')} and ${texts.length - most} more`
    : texts.map(quoted).join(', ') || 'none';

const literal = (wants: readonly string[]): string =>
  wants.includes('*') ? ', and * stands for itself here' : '';
