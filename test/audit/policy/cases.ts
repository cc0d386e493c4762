// Texts that are taken for policies, and what is found in them on 1.37 and on 1.18. The end-to-end tests ask the
// real API servers the same.

export interface PolicyCase {
  readonly what: string;
  readonly text: string;
  /** `line:column id path`, in the order of the text; those with a `?` are warnings. */
  readonly found: readonly string[];
  /** On 1.18, where it is something else. */
  readonly found118?: readonly string[];
}

const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';
const accepted = `${head}rules:\n  - level: Metadata\n`;
/** With further lines of its only rule, from line 5 on. */
const rule = (lines: string): string => `${accepted}${lines}`;
const version = (apiVersion: string): string =>
  `apiVersion: ${apiVersion}\nkind: Policy\nrules:\n  - level: Metadata\n`;

const one = (what: string, text: string, ...found: readonly string[]): PolicyCase => ({ what, text, found });
const unlike = (
  what: string,
  text: string,
  found: readonly string[],
  found118: readonly string[],
): PolicyCase => ({
  what,
  text,
  found,
  found118,
});

const unreadable: readonly PolicyCase[] = [
  one('nothing', '', '1:1 empty '),
  one('only comments', '# to be written\n', '1:1 empty '),
  one('only the start of a document', '---\n', '1:4 empty '),
  one('a text', 'audit everything\n', '1:1 not-a-mapping '),
  one('a list', '- level: Metadata\n', '1:1 not-a-mapping '),
  one('a key without a colon', `${head}rules:\n  - level Metadata\n    users: [a]\n`, '4:5 unreadable '),
  one('a bracket that is never closed', `${head}rules: [\n`, '4:1 unreadable '),
  one('indentation by a tab', `${head}rules:\n\t- level: Metadata\n`, '4:1 unreadable '),
  one('a line with nothing but a tab', `${accepted}\t\n`, '5:1 unreadable '),
  one('a brace, and then no JSON', '{apiVersion: audit.k8s.io/v1, rules: []}\n', '1:2 unreadable '),
  one('YAML 1.2 by its own word', `%YAML 1.2\n---\n${accepted}`, '1:1 unreadable '),
  one('an anchor that is nowhere', rule('    users: *admins\n'), '5:12 unreadable '),
  one('an anchor in itself', rule('    users: &a [*a]\n'), '5:16 unreadable '),
  one('a control character', rule('    users: ["\u0007"]\n'), '5:14 unreadable '),
  one('a number that JSON does not have', rule('    users: [.nan]\n'), '5:13 unreadable '),
  one('a list for a key', `${accepted}? [a]\n: b\n`, '5:3 unreadable '),
];

const otherForms: readonly PolicyCase[] = [
  one('JSON', '{"apiVersion":"audit.k8s.io/v1","kind":"Policy",\n\t"rules":[{"level":"Metadata"}]}\n'),
  one('byte order mark, document start, carriage returns', `\ufeff---\n${accepted}`.replaceAll('\n', '\r\n')),
  one(
    'brackets that close further left',
    rule('    resources: [{\n      group: ""\n    }]\n    verbs: ["get",\n    "list"]\n'),
  ),
  one('an alias', `${head}rules:\n  - &first\n    level: None\n  - *first\n`),
  one('a merge', `${head}rules:\n  - &first\n    level: None\n  - <<: *first\n    verbs: [get]\n`),
  one(
    'a merge with an exception',
    `${head}rules:\n  - &first\n    level: None\n  - <<: *first\n    level: Metadata\n`,
    '7:5 duplicate-field? rules[1].level',
  ),
  one('a second document, however broken', `${accepted}---\n[\n`, '5:1 more-documents? '),
  one('a second document with nothing in it', `${accepted}---\n`),
  one(
    'nothing in optional fields',
    rule('    users:\n    resources: [~]\n    verbs: [~]\nmetadata: ~\nomitStages:\n'),
  ),
  one('metadata', `${accepted}metadata: {name: p, labels: {a: b}, creationTimestamp: null, generation: 1}\n`),
];

const versions: readonly PolicyCase[] = [
  one('no apiVersion', 'kind: Policy\nrules:\n  - level: Metadata\n', '1:1 api-version apiVersion'),
  unlike('v1beta1', version('audit.k8s.io/v1beta1'), ['1:1 api-version apiVersion'], []),
  unlike('v1alpha1', version('audit.k8s.io/v1alpha1'), ['1:1 api-version apiVersion'], []),
  one('v2', version('audit.k8s.io/v2'), '1:1 api-version apiVersion'),
  one('a version without its group', version('v1'), '1:1 api-version apiVersion'),
  one('no kind', 'apiVersion: audit.k8s.io/v1\nrules:\n  - level: Metadata\n'),
  one('a kind in lower case', accepted.replace('Policy', 'policy'), '2:1 kind kind'),
  one('another kind', accepted.replace('Policy', 'Event'), '2:1 kind kind'),
];

const types: readonly PolicyCase[] = [
  one('a word that means false', rule('    users: [no]\n'), '5:13 wrong-type rules[0].users[0]'),
  one('a letter that means true', rule('    namespaces: [y]\n'), '5:18 wrong-type rules[0].namespaces[0]'),
  one('a number', rule('    users: [1001]\n'), '5:13 wrong-type rules[0].users[0]'),
  one('these in quotes', rule('    users: ["no", "1001"]\n    namespaces: ["y"]\n')),
  one('a text for a list', rule('    verbs: get\n'), '5:5 wrong-type rules[0].verbs'),
  one('a level that means true', `${head}rules:\n  - level: on\n`, '4:5 wrong-type rules[0].level'),
  one('a text for a rule', `${head}rules:\n  - Metadata\n`, '4:5 wrong-type rules[0]'),
  one('one rule for all', `${head}rules:\n  level: Metadata\n`, '3:1 wrong-type rules'),
  one('a text for a resource', rule('    resources: [pods]\n'), '5:17 wrong-type rules[0].resources[0]'),
  one('a number for the version', version('1'), '1:1 wrong-type apiVersion'),
  one(
    'a number in the metadata',
    `${accepted}metadata: {namespace: 5}\n`,
    '5:12 wrong-type metadata.namespace',
  ),
  one(
    'a number for a label',
    `${accepted}metadata: {labels: {a: 1}}\n`,
    '5:12 wrong-type metadata.labels[a]',
  ),
  one(
    'a word for a time',
    `${accepted}metadata: {creationTimestamp: today}\n`,
    '5:12 wrong-type metadata.creationTimestamp',
  ),
  one(
    'a part of a number',
    `${accepted}metadata: {generation: 1.5}\n`,
    '5:12 wrong-type metadata.generation',
  ),
  unlike(
    'a text for true',
    `${accepted}omitManagedFields: "true"\n`,
    ['5:1 wrong-type omitManagedFields'],
    ['5:1 field-too-new? omitManagedFields'],
  ),
];

const entry = (text: string): string => rule(`    resources:\n      - ${text}\n`);
const refused: readonly PolicyCase[] = [
  one('no rules', head, '1:1 no-rules rules'),
  one('an empty list of rules', `${head}rules: []\n`, '3:1 no-rules rules'),
  one('an empty rule', `${head}rules:\n  - ~\n`, '4:5 level rules[0].level'),
  one('no level', `${head}rules:\n  - users: [a]\n`, '4:5 level rules[0].level'),
  one('a level in lower case', `${head}rules:\n  - level: metadata\n`, '4:5 level rules[0].level'),
  one('a level with signs', `${head}rules:\n  - level: "<all>"\n`, '4:5 level rules[0].level'),
  one(
    'stages that are none',
    `${rule('    omitStages: [panic]\n')}omitStages: [RequestReceived, Received]\n`,
    '5:18 stage rules[0].omitStages[0]',
    '6:31 stage omitStages[1]',
  ),
  one(
    'URLs without a slash',
    rule('    nonResourceURLs: [metrics, "", "*"]\n'),
    '5:23 url-slash rules[0].nonResourceURLs[0]',
    '5:32 url-slash rules[0].nonResourceURLs[1]',
  ),
  one(
    'wildcards within URLs',
    rule('    nonResourceURLs: ["/a*b", "/x**", "/ok*"]\n'),
    '5:23 url-wildcard rules[0].nonResourceURLs[0]',
    '5:31 url-wildcard rules[0].nonResourceURLs[1]',
  ),
  one(
    'URLs and resources',
    rule('    nonResourceURLs: ["/a", "/b"]\n    resources: [{group: ""}]\n'),
    '5:5 url-and-resource rules[0].nonResourceURLs',
  ),
  one(
    'URLs and namespaces',
    rule('    nonResourceURLs: ["/a"]\n    namespaces: [""]\n'),
    '5:5 url-and-resource rules[0].nonResourceURLs',
  ),
  one('URLs and empty lists', rule('    nonResourceURLs: ["/a"]\n    resources: []\n    namespaces: []\n')),
  one('a group with a version', entry('group: apps/v1'), '6:9 group rules[0].resources.group'),
  one('a group in upper case', entry('group: Apps'), '6:9 group rules[0].resources.group'),
  one('some groups', entry('group: "*.k8s.io"'), '6:9 group rules[0].resources.group'),
  one('a long group', entry(`group: ${'a'.repeat(254)}`), '6:9 group rules[0].resources.group'),
  unlike('any group', entry('group: "*"'), [], ['6:9 group rules[0].resources.group']),
  one(
    'names without resources',
    entry('{group: apps, resourceNames: [a, b]}'),
    '6:23 names-without-resources rules[0].resources.resourceNames',
  ),
  one(
    'many mistakes',
    `${head}rules:\n  - level: All\n    nonResourceURLs: [x]\n    namespaces: [ns]\n  - resources:\n      - group: ""\n      - group: Batch\n        resourceNames: [r]\n`,
    '4:5 level rules[0].level',
    '5:5 url-and-resource rules[0].nonResourceURLs',
    '5:23 url-slash rules[0].nonResourceURLs[0]',
    '7:5 level rules[1].level',
    '9:9 group rules[1].resources.group',
    '10:9 names-without-resources rules[1].resources.resourceNames',
  ),
];

const misunderstood: readonly PolicyCase[] = [
  one('a field that is none', rule('    namespace: [a]\n'), '5:5 unknown-field? rules[0].namespace'),
  one(
    'a field in another case',
    rule('    nonResourceUrls: [a]\n'),
    '5:5 unknown-field? rules[0].nonResourceUrls',
  ),
  one('verbs under resources', entry('verbs: [get]'), '6:9 unknown-field? rules[0].resources[0].verbs'),
  one('a level beside the rules', `${accepted}level: None\n`, '5:1 unknown-field? level'),
  one('a field of every object', rule('    toString: [a]\n'), '5:5 unknown-field? rules[0].toString'),
  one('a field twice', rule('    users: [1]\n    users: [b]\n'), '6:5 duplicate-field? rules[0].users'),
  unlike(
    'managed fields',
    `${rule('    omitManagedFields: off\n')}omitManagedFields: yes\n`,
    [],
    ['5:5 field-too-new? rules[0].omitManagedFields', '6:1 field-too-new? omitManagedFields'],
  ),
  one(
    'what no request matches',
    rule('    verbs: ["*"]\n    resources: [{group: core, resources: ["*/*", Pod]}]\n'),
  ),
];

/** Found by chance, on the API server's own code; what each is stands for many. */
const odd: readonly PolicyCase[] = [
  one('lines that end with nothing but a carriage return', accepted.replaceAll('\n', '\r')),
  one(
    'what it is, in other letters',
    'apiversion: audit.k8s.io/v1\nKIND: Policy\nrules:\n  - level: Metadata\n',
    '1:1 unknown-field? apiversion',
    '2:1 unknown-field? KIND',
  ),
  one(
    'a kind in other letters that is a number',
    `${accepted}Kind: 5\n`,
    '5:1 unknown-field? Kind',
    '5:1 wrong-type Kind',
  ),
  one('a quoted text that goes on where the line begins', rule('    users: ["a\nb", \'c\n\nd\']\n')),
  one('a bracket that ends where the line begins', rule('    resources: [{group:\n"apps",\n}\n]\n')),
  one('a tab behind a dash', rule('    users:\n    -\ta\n'), '6:6 unreadable '),
  one(
    'a word that ends with a colon, in brackets',
    rule('    users: [system:]\n    resources: [{group:}]\n'),
    '6:18 unknown-field? rules[0].resources[0].group:',
  ),
  one(
    'a colon that touches a bracket',
    rule('    resources: [{group: apps, resources:["pods"]}]\n'),
    '5:31 unreadable ',
  ),
  one('a question mark in brackets', rule('    users: [who?]\n'), '5:13 unreadable '),
  one('a colon on the next line', rule('    resources: [{group\n      : apps}]\n'), '5:18 unreadable '),
  one('something behind a bracket', '# JSON\n{"apiVersion":"audit.k8s.io/v1","rules":[{"level":"None"}]}]\n'),
  one('a directive behind what it is for', `${accepted}%YAML 1.1\n`),
  one('three quotes', rule("    users: '''\n"), '6:1 unreadable '),
  one('a key that is no number', `${accepted}.nan: 1\n`, '5:1 unknown-field? NaN'),
  one(
    'a control character in JSON',
    '{"apiVersion":"audit.k8s.io/v1","rules":[{"level":"None","users":["\u007f"]}]}',
  ),
  one(
    'an hour of one digit, and a comma',
    `${accepted}metadata: {creationTimestamp: "2001-01-01T4:00:00,5Z"}\n`,
  ),
  one(
    'a day that is not in its month',
    `${accepted}metadata: {creationTimestamp: "2001-02-30T00:00:00Z"}\n`,
    '5:12 wrong-type metadata.creationTimestamp',
  ),
  one(
    'a number of more than 64 bits',
    `${accepted}metadata: {generation: 9223372036854775808}\n`,
    '5:12 wrong-type metadata.generation',
  ),
];

/** Each with what its texts have in common. */
export const policyCases: readonly (readonly [title: string, cases: readonly PolicyCase[]])[] = [
  ['that cannot be read', unreadable],
  ['in another form', otherForms],
  ['of a version and kind', versions],
  ['with another type', types],
  ['that is refused, or just not', refused],
  ['that is not what was meant', misunderstood],
  ['that is odd', odd],
];
