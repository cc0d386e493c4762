// For each rule of lint a policy that breaks it, and one beside it that does not.

export interface LintCase {
  readonly id: string;
  /** Lines of the policy behind its head. */
  readonly bad: string;
  /** `line:column path` of each finding of this rule; the head has two lines. */
  readonly at: readonly string[];
  /** Where the rule finds nothing. */
  readonly good: string;
  readonly minor?: number;
}

export const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';
/** One rule, each further line of which begins at column 5 of line 5 on. */
const rule = (level: string, ...lines: readonly string[]): string =>
  `rules:\n  - level: ${level}\n${lines.map((line) => `    ${line}\n`).join('')}`;
const rules = (...each: readonly string[]): string => `rules:\n${each.map((one) => `  - ${one}\n`).join('')}`;
const one = (id: string, bad: string, good: string, ...at: readonly string[]): LintCase => ({
  id,
  bad,
  at,
  good,
});

const inEntry = (entry: string): string => rule('Metadata', `resources: [{${entry}}]`);
const user = (...names: readonly string[]): string => rule('Metadata', `users: [${names.join(', ')}]`);

export const lintCases: readonly LintCase[] = [
  one('literal-wildcard', user('a', '"b*"'), user('a', 'b'), '5:16 rules[0].users[1]'),
  one(
    'literal-wildcard',
    rule('Metadata', 'userGroups: ["*"]'),
    rule('Metadata'),
    '5:18 rules[0].userGroups[0]',
  ),
  one(
    'literal-wildcard',
    rule('Metadata', 'verbs: ["*"]'),
    rule('Metadata', 'verbs: [get]'),
    '5:13 rules[0].verbs[0]',
  ),
  one(
    'literal-wildcard',
    rule('Metadata', 'namespaces: [kube-*]'),
    rule('Metadata', 'namespaces: [kube-system]'),
    '5:18 rules[0].namespaces[0]',
  ),
  one(
    'literal-wildcard',
    inEntry('resources: [pods], resourceNames: ["*"]'),
    inEntry('resources: ["*"], resourceNames: [a]'),
    '5:53 rules[0].resources[0].resourceNames[0]',
  ),
  one(
    'empty-value',
    rule('Metadata', 'verbs: [""]'),
    rule('Metadata', 'namespaces: [""]'),
    '5:13 rules[0].verbs[0]',
  ),
  one(
    'empty-value',
    inEntry('resources: [""]'),
    inEntry('group: ""'),
    '5:30 rules[0].resources[0].resources[0]',
  ),
  one(
    'null-item',
    rule('Metadata', 'namespaces: [a, ~]'),
    rule('Metadata', 'namespaces: [a, ""]'),
    '5:21 rules[0].namespaces[1]',
  ),
  one(
    'verb-case',
    rule('Metadata', 'verbs: [GET]'),
    rule('Metadata', 'verbs: [get]'),
    '5:13 rules[0].verbs[0]',
  ),
  one(
    'verb-of-other-kind',
    rule('Metadata', 'verbs: [post]', 'resources: [{group: ""}]'),
    rule('Metadata', 'verbs: [post]'),
    '5:13 rules[0].verbs[0]',
  ),
  one(
    'verb-of-other-kind',
    rule('Metadata', 'verbs: [list]', 'nonResourceURLs: ["/x"]'),
    rule('Metadata', 'verbs: [post, head]', 'nonResourceURLs: ["/x"]'),
    '5:13 rules[0].verbs[0]',
  ),
  one(
    'unknown-verb',
    rule('Metadata', 'verbs: [read]'),
    rule('Metadata', 'verbs: [proxy]'),
    '5:13 rules[0].verbs[0]',
  ),
  one('user-or-group', user('system:masters'), user('system:admin'), '5:13 rules[0].users[0]'),
  one(
    'user-or-group',
    rule('Metadata', 'userGroups: ["system:node:a", "system:kube-proxy"]'),
    rule('Metadata', 'userGroups: ["system:nodes", "system:serviceaccounts:a"]'),
    '5:18 rules[0].userGroups[0]',
    '5:35 rules[0].userGroups[1]',
  ),
  one(
    'service-account-name',
    user('"system:serviceaccount:default"'),
    user('"system:serviceaccount:a:b"'),
    '5:13 rules[0].users[0]',
  ),
  one(
    'namespace-name',
    rule('Metadata', 'namespaces: [Default]'),
    rule('Metadata', 'namespaces: ["", default, a-1]'),
    '5:18 rules[0].namespaces[0]',
  ),
  one(
    'url-of-resource',
    rule('Metadata', 'nonResourceURLs: ["/api/v1/pods*", "/apis/apps/v1/deployments"]'),
    rule('Metadata', 'nonResourceURLs: ["/api*", "/api/v1/*", "/apis/apps/v1", "*"]'),
    '5:23 rules[0].nonResourceURLs[0]',
    '5:40 rules[0].nonResourceURLs[1]',
  ),
  one(
    'url-query',
    rule('Metadata', 'nonResourceURLs: ["/healthz?verbose"]'),
    rule('Metadata', 'nonResourceURLs: ["/healthz"]'),
    '5:23 rules[0].nonResourceURLs[0]',
  ),
  one('duplicate-value', user('a', 'b', 'a'), user('a', 'b'), '5:19 rules[0].users[2]'),
  one(
    'duplicate-value',
    `omitStages: [Panic, Panic]\n${rule('Metadata')}`,
    `omitStages: [Panic]\n${rule('Metadata')}`,
    '3:21 omitStages[1]',
  ),
  one('group-core', inEntry('group: core'), inEntry('group: ""'), '5:18 rules[0].resources[0].group'),
  one('group-core', inEntry('group: v1'), inEntry('resources: [pods]'), '5:18 rules[0].resources[0].group'),
  one('group-version', inEntry('group: apps.v1'), inEntry('group: apps'), '5:18 rules[0].resources[0].group'),
  one(
    'unknown-group',
    inEntry('group: rbac'),
    inEntry('group: example.com'),
    '5:18 rules[0].resources[0].group',
  ),
  one(
    'resource-pattern',
    inEntry('resources: ["*/*", "pods/", "pod*", "a/b/c"]'),
    inEntry('resources: ["*", "*/log", "pods/*", pods/log, pods]'),
    ...['30', '37', '46', '54'].map((column, i) => `5:${column} rules[0].resources[0].resources[${i}]`),
  ),
  one(
    'resource-name',
    inEntry('resources: [Pod, po, pods/log, deploy, Pods]'),
    inEntry('resources: [pods, pods/log]'),
    ...(['30:0', '35:1', '49:3', '57:4'] as const).map((at) => {
      const [column, i] = at.split(':');
      return `5:${column} rules[0].resources[0].resources[${i}]`;
    }),
  ),
  one(
    'resource-name',
    inEntry('group: example.com, resources: [Widget]'),
    inEntry('group: example.com, resources: [widget, pod]'),
    '5:50 rules[0].resources[0].resources[0]',
  ),
  one(
    'wrong-group',
    inEntry('group: "", resources: [deployments, "*/approval"]'),
    inEntry('group: extensions, resources: [deployments, ingresses]'),
    '5:41 rules[0].resources[0].resources[0]',
    '5:54 rules[0].resources[0].resources[1]',
  ),
  one(
    'wrong-group',
    inEntry('group: apps, resources: [pods/log]'),
    inEntry('group: metrics.k8s.io, resources: [pods]'),
    '5:43 rules[0].resources[0].resources[0]',
  ),
  one(
    'unknown-resource',
    inEntry('resources: [widgets, pods/logs]'),
    inEntry('group: apps, resources: [widgets, deployments/logs]'),
    '5:30 rules[0].resources[0].resources[0]',
    '5:39 rules[0].resources[0].resources[1]',
  ),
  one(
    'matches-nothing',
    rules(
      '{level: None, verbs: [GET]}',
      '{level: Metadata, namespaces: ["*"]}',
      '{level: None, users: ["*"]}',
    ),
    rules('{level: None, verbs: [GET, get]}', '{level: Metadata, verbs: [""], namespaces: ["*", a]}'),
    '4:5 rules[0]',
    '5:5 rules[1]',
    '6:5 rules[2]',
  ),
  one(
    'shadowed-rule',
    rules('level: Metadata', '{level: Request, verbs: [get]}'),
    rules('{level: Request, verbs: [get]}', 'level: Metadata'),
    '5:5 rules[1]',
  ),
  one(
    'shadowed-rule',
    rules(
      '{level: None, verbs: [get, list], resources: [{resources: ["pods/*"]}]}',
      '{level: None, verbs: [watch], resources: [{group: ""}]}',
      '{level: Metadata, verbs: [get, watch], resources: [{resources: [pods, pods/log]}]}',
    ),
    rules(
      '{level: None, verbs: [get, list], resources: [{resources: [pods]}]}',
      '{level: None, users: [a], verbs: [watch]}',
      '{level: Metadata, verbs: [get, watch], resources: [{resources: [pods]}]}',
      '{level: Request, verbs: [get], resources: [{resources: ["pods/*"]}]}',
    ),
    '6:5 rules[2]',
  ),
  one(
    'shadowed-rule',
    rules('{level: None, nonResourceURLs: ["/a*"]}', '{level: None, nonResourceURLs: ["/ab", "/a/*"]}'),
    rules('{level: None, nonResourceURLs: ["/a/*"]}', '{level: None, nonResourceURLs: ["/a"]}'),
    '5:5 rules[1]',
  ),
  {
    id: 'shadowed-rule',
    bad: rules(
      '{level: None, resources: [{group: "*"}]}',
      '{level: Request, namespaces: [a]}',
      '{level: Request, resources: [{group: apps}]}',
    ),
    at: ['5:5 rules[1]', '6:5 rules[2]'],
    good: rules('{level: None, resources: [{group: ""}]}', '{level: Request, resources: [{group: apps}]}'),
    minor: 36,
  },
  one(
    'no-catch-all',
    rules('{level: Metadata, verbs: [get]}'),
    rules('{level: Metadata, verbs: [get]}', 'level: None'),
    '4:5 rules[0]',
  ),
  {
    id: 'no-catch-all',
    bad: rules('{level: None, resources: [{group: "*"}]}', '{level: None, nonResourceURLs: ["/*"]}'),
    at: ['5:5 rules[1]'],
    good: rules('{level: None, resources: [{group: "*"}]}', '{level: None, nonResourceURLs: ["*"]}'),
    minor: 36,
  },
  one('records-nothing', rules('level: None'), rules('level: Metadata'), '3:1 rules'),
  one(
    'secret-bodies',
    rules('{level: Metadata, resources: [{resources: [secrets]}]}', 'level: Request'),
    rules(
      '{level: Metadata, resources: [{resources: [secrets, serviceaccounts/token]}, {group: authentication.k8s.io}]}',
      'level: RequestResponse',
    ),
    '5:5 rules[1].level',
  ),
  one(
    'secret-bodies',
    rules(
      '{level: Request, resources: [{resources: ["*"]}]}',
      '{level: RequestResponse, resources: [{resources: ["serviceaccounts/*"]}]}',
    ),
    rules('{level: Request, verbs: [get, list, watch]}', '{level: RequestResponse, verbs: [watch]}'),
    '4:6 rules[0].level',
  ),
  one(
    'secret-bodies',
    rules(
      '{level: Metadata, namespaces: [a], resources: [{resources: [secrets]}]}',
      '{level: RequestResponse, verbs: [list], resources: [{resources: [secrets]}]}',
    ),
    rules(
      '{level: Metadata, verbs: [list], resources: [{resources: ["*"]}]}',
      '{level: RequestResponse, verbs: [list], resources: [{resources: [secrets]}]}',
    ),
    '5:6 rules[1].level',
  ),
  one(
    'configmap-bodies',
    rules('{level: Request, namespaces: [a]}'),
    rules('{level: Metadata, resources: [{resources: [configmaps]}]}', '{level: Request, namespaces: [a]}'),
    '4:6 rules[0].level',
  ),
  one(
    'read-responses',
    rules('{level: RequestResponse, resources: [{group: apps}]}', '{level: RequestResponse, verbs: [watch]}'),
    rules(
      '{level: Metadata, verbs: [get, list, watch]}',
      '{level: RequestResponse, resources: [{group: apps}]}',
    ),
    '4:6 rules[0].level',
    '5:6 rules[1].level',
  ),
  one(
    'read-responses',
    rules('{level: RequestResponse, resources: [{resources: [pods]}]}'),
    rules('{level: RequestResponse, resources: [{resources: [pods/exec]}]}', '{level: Request}'),
    '4:6 rules[0].level',
  ),
  {
    id: 'patch-bodies',
    bad: rules('{level: Request, verbs: [create, patch]}'),
    at: ['4:6 rules[0].level'],
    good: rules('{level: Metadata, verbs: [patch]}', 'level: Request'),
    minor: 36,
  },
  one(
    'all-stages-omitted',
    `omitStages: [RequestReceived]\n${rules('{level: Metadata, omitStages: [ResponseStarted, ResponseComplete]}', 'level: Metadata')}`,
    `omitStages: [RequestReceived]\n${rules('{level: None, omitStages: [ResponseStarted, ResponseComplete]}', 'level: Metadata')}`,
    '5:23 rules[0].omitStages',
  ),
  one(
    'failed-logins',
    `omitStages: [ResponseStarted]\n${rules('level: Metadata')}`,
    `omitStages: [ResponseStarted]\n${rules('{level: Metadata, users: [a]}')}`,
    '3:1 omitStages',
  ),
  one(
    'failed-logins',
    rules('{level: Metadata, omitStages: [ResponseStarted]}'),
    rules(
      '{level: Metadata, userGroups: [a], omitStages: [ResponseStarted]}',
      '{level: None, omitStages: [ResponseStarted]}',
    ),
    '4:23 rules[0].omitStages',
  ),
  one(
    'request-received',
    rules('{level: Metadata, omitStages: [RequestReceived], verbs: [get]}', 'level: Metadata'),
    rules('{level: Metadata, omitStages: [RequestReceived]}', 'level: None'),
    '5:5 rules[1].omitStages',
  ),
  one(
    'none-with-stages',
    rules('{level: None, verbs: [get], omitStages: [Panic]}', '{level: None, omitManagedFields: true}'),
    rules('{level: Metadata, omitStages: [Panic]}'),
    '4:33 rules[0].omitStages',
    '5:19 rules[1].omitManagedFields',
  ),
  one(
    'names-without-a-name',
    rule('Metadata', 'verbs: [create, list]', 'resources: [{resources: [pods], resourceNames: [a]}]'),
    rule('Metadata', 'verbs: [create]', 'resources: [{resources: [pods/eviction], resourceNames: [a]}]'),
    '6:37 rules[0].resources[0].resourceNames',
  ),
  one(
    'exec-by-get',
    rules('{level: Metadata, verbs: [create]}', 'level: None'),
    rules(
      '{level: Metadata, verbs: [create]}',
      '{level: Metadata, verbs: [get], resources: [{resources: ["pods/*"]}]}',
      'level: None',
    ),
    '4:23 rules[0].verbs',
  ),
];
