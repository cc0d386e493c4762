// The rules by which an API server refuses a policy that it could decode, in its order and its words.
// Source: apiserver pkg/audit/policy/reader.go, pkg/apis/audit/validation/validation.go, apimachinery
// pkg/util/validation (wording of 1.20 and 1.34).
import { levels, stages } from '../backend/audit-sink.ts';
import { anyGroupSince } from './policy.ts';
import type { Decoded, GroupResources, PolicyRule } from './policy.ts';
import type { Found } from './problem.ts';

/** One question about a decoded policy; the answer names what is wrong. */
export interface PolicyCheck {
  readonly id: string;
  readonly ask: (policy: Decoded, minor: number) => readonly Found[];
}

const eachRule =
  (ask: (rule: PolicyRule, path: string, minor: number) => readonly Found[]): PolicyCheck['ask'] =>
  (policy, minor) =>
    (policy.rules ?? []).flatMap((rule, i) => ask(rule, `rules[${i}]`, minor));

const eachEntry = (
  ask: (entry: GroupResources, minor: number) => (Omit<Found, 'path'> & { field: string }) | undefined,
) =>
  eachRule(({ resources = [] }, path, minor) =>
    resources.flatMap((entry, i) => {
      const { field = '', ...found } = ask(entry, minor) ?? {};
      // the API server's path has no index
      const place = `${path}.resources[${i}].${field}`;
      return 'message' in found ? [{ ...found, path: `${path}.resources.${field}`, place }] : [];
    }),
  );

const eachUrl = (message: string, isWrong: (url: string) => boolean): PolicyCheck['ask'] =>
  eachRule(({ nonResourceURLs = [] }, path) =>
    nonResourceURLs.flatMap((url, i) =>
      url !== '*' && isWrong(url)
        ? [{ path: `${path}.nonResourceURLs[${i}]`, message: `Invalid value: ${quoted(url)}: ${message}` }]
        : [],
    ),
  );

/** Versions of the group that a policy may be written in. */
function versionsFor(minor: number): readonly string[] {
  return ['audit.k8s.io/v1', ...(minor < 24 ? ['audit.k8s.io/v1beta1', 'audit.k8s.io/v1alpha1'] : [])];
}

const apiVersion: PolicyCheck = {
  id: 'api-version',
  ask: ({ apiVersion = '' }, minor) => {
    const known = versionsFor(minor);
    if (known.includes(apiVersion)) return [];
    const message =
      apiVersion === ''
        ? 'unknown group version field audit.k8s.io/__internal, Kind=Policy in policy'
        : `no kind "Policy" is registered for version ${quoted(apiVersion)}`;
    return [{ path: 'apiVersion', message, hint: 'write apiVersion: audit.k8s.io/v1' }];
  },
};

const kind: PolicyCheck = {
  id: 'kind',
  // left out, it is taken for Policy
  ask: ({ kind = '' }) =>
    kind === '' || kind === 'Policy'
      ? []
      : [{ path: 'kind', message: `${quoted(kind)} is no audit policy`, hint: 'write kind: Policy' }],
};

const noRules: PolicyCheck = {
  id: 'no-rules',
  ask: ({ rules = [] }) =>
    rules.length > 0 ? [] : [{ path: 'rules', message: 'loaded illegal policy with 0 rules' }],
};

const level: PolicyCheck = {
  id: 'level',
  ask: eachRule(({ level = '' }, path, minor) => {
    if ((levels as readonly string[]).includes(level)) return [];
    const message =
      level === ''
        ? 'Required value'
        : `Unsupported value: ${minor < 34 ? quoted(level) : goJson(level)}: supported values: ${levels.map(quoted).join(', ')}`;
    return [{ path: `${path}.level`, message, ...meant(level, levels) }];
  }),
};

const stage: PolicyCheck = {
  id: 'stage',
  ask: (policy) => {
    const of = (omitted: readonly string[] = [], path: string): readonly Found[] =>
      omitted.flatMap((one, i) =>
        (stages as readonly string[]).includes(one)
          ? []
          : [
              {
                path: `${path}omitStages[${i}]`,
                message: `Invalid value: ${quoted(one)}: allowed stages are ${stages.join(',')}`,
                ...meant(one, stages),
              },
            ],
      );
    const rules = policy.rules ?? [];
    return [
      ...of(policy.omitStages, ''),
      ...rules.flatMap(({ omitStages }, i) => of(omitStages, `rules[${i}].`)),
    ];
  },
};

const urlSlash: PolicyCheck = {
  id: 'url-slash',
  ask: eachUrl("non-resource URL rules must begin with a '/' character", (url) => !url.startsWith('/')),
};

const urlWildcard: PolicyCheck = {
  id: 'url-wildcard',
  ask: eachUrl("non-resource URL wildcards '*' must be the final character of the rule", (url) =>
    url.slice(0, -1).includes('*'),
  ),
};

const urlAndResource: PolicyCheck = {
  id: 'url-and-resource',
  ask: eachRule(({ nonResourceURLs = [], resources = [], namespaces = [] }, path, minor) =>
    nonResourceURLs.length > 0 && resources.length + namespaces.length > 0
      ? [
          {
            path: `${path}.nonResourceURLs`,
            message: `Invalid value: ${listed(nonResourceURLs, minor)}: rules cannot apply to both regular resources and non-resource URLs`,
            hint: 'make two rules of it',
          },
        ]
      : [],
  ),
};

const group: PolicyCheck = {
  id: 'group',
  ask: eachEntry(({ group = '' }, minor) => {
    const faults = group === '' || (group === '*' && minor >= anyGroupSince) ? [] : noSubdomain(group, minor);
    if (faults.length === 0) return undefined;
    const message = `Invalid value: ${quoted(group)}: ${faults.join(',')}`;
    const hint =
      group === '*'
        ? 'any group is * from 1.36 on; name each one'
        : 'a group is named without a version, in lower case';
    return { field: 'group', message, hint };
  }),
};

const namesWithoutResources: PolicyCheck = {
  id: 'names-without-resources',
  ask: eachEntry(({ resources = [], resourceNames = [] }, minor) =>
    resourceNames.length > 0 && resources.length === 0
      ? {
          field: 'resourceNames',
          message: `Invalid value: ${listed(resourceNames, minor)}: using resourceNames requires at least one resource`,
        }
      : undefined,
  ),
};

/** Everything that there is; all of it is asked, as the API server does. */
export const rejections: readonly PolicyCheck[] = [
  apiVersion,
  kind,
  noRules,
  level,
  stage,
  urlSlash,
  urlWildcard,
  urlAndResource,
  group,
  namesWithoutResources,
];

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;

/** What keeps a text from being a DNS-1123 subdomain. */
function noSubdomain(text: string, minor: number): readonly string[] {
  const rfc = minor >= 20 ? 'lowercase RFC 1123' : 'DNS-1123';
  const form = `a ${rfc} subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`;
  return [
    ...(new TextEncoder().encode(text).length > 253 ? ['must be no more than 253 characters'] : []),
    ...(new RegExp(`^${subdomain}$`).test(text) ? [] : [form]),
  ];
}

function meant(text: string, words: readonly string[]): { hint?: string } {
  const word = words.find((one) => one.toLowerCase() === text.toLowerCase());
  return word === undefined ? {} : { hint: `write ${word}` };
}

/** As Go's %q: what cannot be printed is escaped. */
function quoted(text: string): string {
  const escaped = (sign: string): string => {
    const code = sign.codePointAt(0) ?? 0;
    const short = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r' }[code];
    if (short !== undefined) return `\\${short}`;
    const digits = code.toString(16);
    if (code < 0x80) return `\\x${digits.padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
  };
  return `"${text.replace(/["\\]/g, '\\$&').replace(/(?! )[\p{C}\p{Z}]/gu, escaped)}"`;
}

/** What is no bare text is printed as a Go literal up to 1.33, as Go's JSON since. */
function listed(items: readonly string[], minor: number): string {
  return minor < 34 ? `[]string{${items.map(quoted).join(', ')}}` : goJson(items);
}

const goJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
