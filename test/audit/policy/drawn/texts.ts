// Texts of policies with what goes wrong in policies: fields in the wrong place, words that YAML takes for something
// else, signs that break it.
import type { Draws } from '../../../support/draws.ts';
import type { Json } from '../../../support/shrink.ts';
import { drawPolicy } from './policies.ts';
import { bare, drawText } from './yaml.ts';

type Fields = { [key: string]: Json };
type Change = (draws: Draws, fields: Fields) => Json;

/** Words that mean something to YAML 1.1, to 1.2, or to neither. */
const words = [
  ...['no', 'yes', 'on', 'off', 'y', 'n', 'Y', 'N', 'No', 'YES', 'oN', 'true', 'False', 'tRue', '~', 'null'],
  ...[
    'Null',
    'NULL',
    'nuLL',
    '',
    '0',
    '-0',
    '007',
    '0777',
    '089',
    '0o17',
    '0x1F',
    '0xg',
    '0b11',
    '1_000',
    '_1',
  ],
  ...['1e3', '1e999', '1.5', '.5', '5.', '+1', '-1', '1:30', '190:20:30', '.inf', '-.INF', '.nan', '1e'],
  ...['2001-01-01', '2001-12-14T21:59:43.10-05:00', '-.', '.'],
  ...['=', '<<', '!!str 5', '!!int "5"', '!!bool yes', '!!null x', '!!float 1', '!x y', '! 5'],
  ...['a b', 'a: b', 'a #b', 'a#b', ':a', '-a', '@a', '`a', '%a', '&a', '*a', '|', '>', "'it''s'", '"\\x41"'],
  ...[
    '"\\u263A"',
    '"a\\\n  b"',
    "'a\n\n  b'",
    '"\\q"',
    'é',
    '[a',
    'a]',
    '{a: b}',
    '[]',
    '{}',
    '"a" b',
    '*',
    '**',
  ],
];

const keys = [
  ...[
    'level',
    'Level',
    'users',
    'userGroups',
    'usergroups',
    'verbs',
    'verb',
    'resources',
    'resource',
    'group',
  ],
  ...[
    'resourceNames',
    'namespaces',
    'namespace',
    'nonResourceURLs',
    'nonResourceUrls',
    'omitStages',
    'rules',
  ],
  ...[
    'omitManagedFields',
    'metadata',
    'apiVersion',
    'kind',
    'spec',
    'x',
    'toString',
    'constructor',
    '__proto__',
  ],
];

const values: readonly Json[] = [
  ...[
    null,
    true,
    false,
    0,
    5,
    1.5,
    '',
    'a',
    'RequestReceived',
    'None',
    'metadata',
    'REQUEST',
    'All',
    'Panic',
  ],
  ...['apps/v1', 'Apps', '*', '*.io', '-a', 'a.b', 'a_b', `${'a'.repeat(64)}.io`, 'é'],
  ...['healthz', '/a*b', '/**', '*/', '/x*', '**', '/é*'],
  ...[
    [],
    ['a'],
    [null],
    [''],
    [1],
    [true],
    [['a']],
    [{}],
    [{ group: '' }],
    [{ resources: null }],
    {},
    { a: 'b' },
  ],
  ...[['/x'], ['x'], ['/x', '*'], [{ group: 'a b' }], [{ resourceNames: ['a'] }], ['panic', 'Panic'], [[]]],
];

const metadata: readonly Json[] = [
  ...[
    null,
    {},
    [],
    'a',
    { name: 'a' },
    { name: 5 },
    { labels: { a: 'b' } },
    { labels: { a: 1 } },
    { labels: { a: null } },
  ],
  ...[{ annotations: ['a'] }, { creationTimestamp: null }, { creationTimestamp: '' }, { generation: 1 }],
  ...[
    { generation: '1' },
    { generation: 1.0 },
    { generation: `${bare}1e3` },
    { generation: `${bare}99999999999999999999` },
  ],
  ...[{ creationTimestamp: '2001-01-01T00:00:00Z' }, { creationTimestamp: `${bare}2001-01-01T00:00:00Z` }],
  ...[{ creationTimestamp: '2001-02-30T00:00:00Z' }, { creationTimestamp: '2001-01-01T24:00:00Z' }],
  ...[
    { creationTimestamp: '2001-01-01T00:00:00.5+01:00' },
    { creationTimestamp: 'today' },
    { creationTimestamp: 5 },
  ],
  ...[{ ownerReferences: [{ name: 'a', controller: true }] }, { ownerReferences: [{ controller: 'yes' }] }],
  ...[
    { managedFields: [{ fieldsV1: { 'f:a': {} }, time: null }] },
    { finalizers: [null] },
    { namespace: [] },
  ],
  ...[{ managedFields: [{ fieldsV1: 'x' }] }, { ownerReferences: {} }, { Name: 5 }],
];

const changes: readonly Change[] = [
  // a field of another name, or with another value, or one that is none
  ({ pick }, fields) => ({ ...fields, [pick(...keys)]: pick(...values) }),
  ({ pick }, fields) => ({ ...fields, [pick(...keys)]: bare + pick(...words) }),
  ({ pick }, fields) => ({ ...fields, [pick(...keys)]: [bare + pick(...words)] }),
  ({ pick }, fields) => ({ ...fields, [bare + pick(...words)]: pick(...values) }),
  ({ pick }, fields) => {
    const [name, value] = pick(...Object.entries(fields)) ?? ['', null];
    const { [name]: _, ...rest } = fields;
    return { ...rest, [pick(name.toUpperCase(), name.slice(1), `${name}s`, ` ${name}`)]: value };
  },
  // a field twice
  ({ pick }, fields) => {
    const [name] = pick(...Object.entries(fields)) ?? [''];
    return { ...fields, [`${bare}${name}`]: pick(...values), [`${bare}"${name}"`]: pick(...values) };
  },
  // one that is not there
  ({ pick }, fields) => {
    const { [pick(...Object.keys(fields))]: _, ...rest } = fields;
    return rest;
  },
  // something else in its place
  ({ pick }) => pick(...values),
  ({ pick }) => bare + pick(...words),
];

/** The document with one of its mappings changed. */
function changed(draws: Draws, value: Json, here = 0.3): Json {
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    if (list.length === 0) return value;
    const at = draws.below(list.length);
    return list.with(at, changed(draws, list[at] as Json, 0.6));
  }
  if (typeof value !== 'object' || value === null)
    return draws.pick(bare + draws.pick(...words), value, ...values);
  const fields = value as Fields;
  const inside = Object.keys(fields).filter((key) => typeof fields[key] === 'object');
  if (draws.next() < here || inside.length === 0) return draws.pick(...changes)(draws, fields);
  const key = draws.pick(...inside);
  return { ...fields, [key]: changed(draws, fields[key] as Json) };
}

const versions = [
  ...[
    'audit.k8s.io/v1beta1',
    'audit.k8s.io/v1alpha1',
    'audit.k8s.io/v1beta1',
    'audit.k8s.io/v2',
    'v1',
    'apps/v1',
  ],
  ...['audit.k8s.io/__internal', 'audit.k8s.io', '/v1', 'audit.k8s.io/v1/', 'a/b/c', '', `${bare}1`],
];
const kinds = ['policy', 'Event', 'PolicyList', 'EventList', 'Status', 'ListOptions', '', `${bare}yes`];

const head: Change = ({ pick, next }, fields) => ({
  ...fields,
  ...(next() < 0.5 ? { apiVersion: pick(...versions) } : { apiVersion: 'audit.k8s.io/v1' }),
  ...(next() < 0.3 ? { kind: pick(...kinds) } : {}),
  ...(next() < 0.5 ? { metadata: pick(...metadata) } : {}),
});

const signs = [
  ...[
    '\t',
    '\n',
    '\r\n',
    '\r',
    ' ',
    '  ',
    ':',
    ': ',
    '-',
    '- ',
    '#',
    ' #',
    "'",
    '"',
    '[',
    ']',
    '{',
    '}',
    ',',
    '*',
  ],
  ...['*a', '&a ', '<<: *a\n', '|', '>', '|-\n', '%', '@', '\\', '\u0085', '\u00a0', '\ufeff'],
  ...['---\n', '\n---\n', '\n...\n', '--- ', 'é', '😀', '%YAML 1.1\n---\n', '%YAML 1.2\n---\n', '~'],
];

const endings: readonly ((text: string) => string)[] = [
  (text) => text.replaceAll('\n', '\r\n'),
  (text) => text.replaceAll('\n', '\r'),
  (text) => `\ufeff${text}`,
  (text) => `# a policy\n\n${text}\n# end\n`,
  (text) => `${text}---\napiVersion: audit.k8s.io/v1\n`,
  (text) => `---\n${text}`,
  (text) => `\n--- # a\n${text}...\n`,
  (text) => `%YAML 1.1\n---\n${text}`,
  (text) => text.replaceAll(/(^|\n) +/g, '$1\t'),
  (text) => text.replaceAll('    ', '\t'),
  (text) => text.replace(/ *\n$/, ''),
  (text) => text.replaceAll(':', ' :'),
  (text) => text.replaceAll(': ', ':  '),
  (text) =>
    text.replace(/: (\[[^\]]*\])/, ': &a $1').replace(/(users|verbs|namespaces): \[[^\]]*\]$/m, '$1: *a'),
  (text) =>
    text
      .replace(/- (level: .*)\n/, '- &r\n    $1\n')
      .replace(/- level: .*\n(?![\s\S]*- level)/, '- <<: *r\n'),
];

/** One text: mostly of a policy that would be right, but for one or two things. */
export function drawBrokenText(draws: Draws): string {
  const { below, next, pick } = draws;
  let document: Json = drawPolicy(draws, { invalid: next() < 0.2, anyGroup: next() < 0.2 });
  if (next() < 0.3) document = head(draws, document as Fields);
  for (let left = pick(0, 1, 1, 1, 2); left > 0; left -= 1) document = changed(draws, document, 0.2);
  let text = drawText(draws, document);
  if (next() < 0.3) return pick(...endings)(text);
  for (let left = next() < 0.3 ? 1 + below(2) : 0; left > 0; left -= 1) {
    const at = below(text.length + 1);
    text = text.slice(0, at) + pick('', ...signs) + text.slice(at + pick(0, 0, 1, 2));
  }
  return text;
}
