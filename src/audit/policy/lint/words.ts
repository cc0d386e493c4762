// Words that are taken literally and match nothing, or something else than was meant: wildcards where there are none,
// users among the groups, URLs of resources. Source: apiserver pkg/audit/policy/checker.go.
import { hasQuery, isNamespace, isOfResources } from './dead.ts';
import type { Item, LintFound, LintRule, LintSubject } from './rule.ts';
import { eachItem, entriesOf, mayTake, quoted } from './rule.ts';

const fieldIn = (path: string): string => /\.(\w+)\[\d+\]$/.exec(path)?.[1] ?? '';

/** Where a list that is `["*"]` is meant to be no condition, and nothing else would change with it. */
function wholeList({ list, path, rule, index }: Item, subject: LintSubject): Partial<LintFound> {
  const key = fieldIn(path);
  const clear = key !== 'namespaces' || (rule.resources ?? []).length > 0;
  if (list.length !== 1 || !clear) return {};
  return { fix: { drop: 'list', key }, less: mayTake(subject, index) };
}

/** What to write for a pattern of users that has a name of its own. */
function groupFor(user: string): string | undefined {
  if (/^system:serviceaccounts?:\*(?::\*)?$/.test(user)) return 'system:serviceaccounts';
  if (user === 'system:node:*') return 'system:nodes';
  const [, namespace] = /^system:serviceaccount:([^:*]+):\*$/.exec(user) ?? [];
  return namespace === undefined ? undefined : `system:serviceaccounts:${namespace}`;
}

const literalWildcard: LintRule = {
  id: 'literal-wildcard',
  severity: 'warning',
  title: 'A * where there is no wildcard',
  ask: (subject) => [
    ...eachItem(['users', 'userGroups', 'verbs', 'namespaces'], (item, all) => {
      const { value, path } = item;
      if (!value.includes('*')) return undefined;
      const field = fieldIn(path);
      const group = field === 'users' ? groupFor(value) : undefined;
      return {
        message: `${quoted(value)} is taken literally: ${field} know no wildcard`,
        hint:
          value === '*'
            ? `leave ${field} out to mean all of them`
            : group === undefined
              ? 'name each one'
              : `write userGroups: [${group}]`,
        ...(value === '*' && wholeList(item, all)),
      };
    })(subject),
    ...literalNames(subject),
  ],
};

function literalNames(subject: LintSubject): readonly LintFound[] {
  return entriesOf(subject).flatMap(({ entry: { resourceNames = [] }, path, index }) =>
    resourceNames.flatMap((name, i): readonly LintFound[] => {
      if (!name.includes('*')) return [];
      const alone = name === '*' && resourceNames.length === 1;
      return [
        {
          path: `${path}.resourceNames[${i}]`,
          message: `${quoted(name)} is taken literally: resourceNames know no wildcard`,
          hint: name === '*' ? 'leave resourceNames out to mean all of them' : 'name each one',
          ...(alone && { fix: { drop: 'list', key: 'resourceNames' }, less: mayTake(subject, index) }),
        },
      ];
    }),
  );
}

const emptyValue: LintRule = {
  id: 'empty-value',
  severity: 'warning',
  title: 'An empty text that matches nothing',
  ask: (subject) => [
    ...eachItem(['users', 'userGroups', 'verbs'], ({ value }) =>
      value === ''
        ? {
            message: '"" is taken literally, and hardly a request has it',
            hint: 'take it out, or say what is meant',
          }
        : undefined,
    )(subject),
    ...entriesOf(subject).flatMap(({ entry: { resources = [] }, path }) =>
      resources.flatMap((pattern, i) =>
        pattern === ''
          ? [
              {
                path: `${path}.resources[${i}]`,
                message: '"" is the name of no resource',
                hint: 'leave resources out to mean everything in the group',
              },
            ]
          : [],
      ),
    ),
  ],
};

const nullItem: LintRule = {
  id: 'null-item',
  severity: 'warning',
  title: 'An item without a value',
  ask: ({ nulls }) =>
    nulls
      .filter((path) => /\.(?:namespaces|resourceNames)\[\d+\]$/.test(path))
      .map((path) => ({
        path,
        message: `nothing is "" here, which is ${path.includes('namespaces') ? 'what has no namespace' : 'a request without a name'}`,
        hint: 'write "" where that is meant; take it out else',
      })),
};

const groupNames =
  /^system:(?:masters|authenticated|unauthenticated|nodes|serviceaccounts(?::.*)?|bootstrappers(?::.*)?)$/;
const userNames =
  /^system:(?:anonymous|apiserver|kube-(?:scheduler|controller-manager|proxy)|node:.*|serviceaccount:.*)$/;

const userOrGroup: LintRule = {
  id: 'user-or-group',
  severity: 'warning',
  title: 'A group among the users, or a user among the groups',
  ask: (subject) => [
    ...eachItem(['users'], ({ value }) =>
      groupNames.test(value)
        ? {
            message: `${quoted(value)} is a group, and no user has its name`,
            hint: 'write it under userGroups',
          }
        : undefined,
    )(subject),
    ...eachItem(['userGroups'], ({ value }) =>
      userNames.test(value) && !value.includes('*')
        ? { message: `${quoted(value)} is a user, and no group has its name`, hint: 'write it under users' }
        : undefined,
    )(subject),
  ],
};

const serviceAccount: LintRule = {
  id: 'service-account-name',
  severity: 'warning',
  title: 'A service account without its namespace or name',
  ask: eachItem(['users'], ({ value }) =>
    /^system:serviceaccount:/.test(value) &&
    !value.includes('*') &&
    !/^system:serviceaccount:[^:]+:[^:]+$/.test(value)
      ? {
          message: `${quoted(value)} is the name of no service account`,
          hint: 'write system:serviceaccount:NAMESPACE:NAME; all of a namespace are the group system:serviceaccounts:NAMESPACE',
        }
      : undefined,
  ),
};

const namespaceName: LintRule = {
  id: 'namespace-name',
  severity: 'warning',
  title: 'A name that no namespace can have',
  ask: eachItem(['namespaces'], ({ value }) =>
    value.includes('*') || isNamespace(value)
      ? undefined
      : {
          message: `no namespace can be named ${quoted(value)}`,
          hint: 'names of namespaces have lower case letters, digits and dashes',
        },
  ),
};

const urlOfResource: LintRule = {
  id: 'url-of-resource',
  severity: 'warning',
  title: 'A URL of a resource',
  ask: eachItem(['nonResourceURLs'], ({ value }) =>
    isOfResources(value)
      ? {
          message: `${quoted(value)} matches nothing: requests for resources are not asked about their URL`,
          hint: 'name it under resources',
        }
      : undefined,
  ),
};

const urlQuery: LintRule = {
  id: 'url-query',
  severity: 'warning',
  title: 'A URL with a query',
  ask: eachItem(['nonResourceURLs'], ({ value }) =>
    hasQuery(value)
      ? {
          message: `${quoted(value)} matches nothing: the path is compared without its query`,
          hint: 'write the path alone',
        }
      : undefined,
  ),
};

const duplicateValue: LintRule = {
  id: 'duplicate-value',
  severity: 'advice',
  title: 'An item that is there twice',
  ask: (subject) => {
    const { policy } = subject;
    const twice = (list: readonly string[] = [], path: string): readonly LintFound[] =>
      list.flatMap((value, i) =>
        list.indexOf(value) === i
          ? []
          : [
              {
                path: `${path}[${i}]`,
                message: `${quoted(value)} stands here twice`,
                hint: 'take one out',
                fix: { drop: 'item' },
              },
            ],
      );
    const fields = ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs', 'omitStages'] as const;
    return [
      ...twice(policy.omitStages, 'omitStages'),
      ...(policy.rules ?? []).flatMap((rule, i) =>
        fields.flatMap((field) => twice(rule[field], `rules[${i}].${field}`)),
      ),
      ...entriesOf(subject).flatMap(({ entry, path }) => [
        ...twice(entry.resources, `${path}.resources`),
        ...twice(entry.resourceNames, `${path}.resourceNames`),
      ]),
    ];
  },
};

/** About single words. */
export const words: readonly LintRule[] = [
  literalWildcard,
  emptyValue,
  nullItem,
  userOrGroup,
  serviceAccount,
  namespaceName,
  urlOfResource,
  urlQuery,
  duplicateValue,
];
