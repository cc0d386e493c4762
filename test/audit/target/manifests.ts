// Manifests of API servers: of kubeadm, of other installers, by hand, and of chance.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import type { Change } from '../../../src/audit/change.ts';
import { configRoot } from '../../../src/audit/change.ts';
import { Unusable } from '../../../src/audit/target/unusable.ts';
import type { Draws } from '../../support/draws.ts';

const folder = new URL('manifests/', import.meta.url);

export const manifest = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

export const manifestNames = readdirSync(folder);

/** The same manifest as it might lie on another node. */
export const variants = (text: string): readonly (readonly [what: string, text: string])[] => [
  ['as it is', text],
  ['with carriage returns', text.replace(/\r?\n/g, '\r\n')],
  ['with or without its last line end', text.endsWith('\n') ? text.slice(0, -1) : `${text}\n`],
  ['with a document mark', text.startsWith('---') ? text.slice(4) : `---\n${text}`],
  ['with a comment at both ends', `# first\n\n${text}${text.endsWith('\n') ? '' : '\n'}# last`],
];

const hash = '0b0101010101'; // without quotes a number to the kubelet

/** A change as the log backend asks for it. */
export const logChange: Change = {
  flags: [
    ['audit-policy-file', `${configRoot}/${hash}/policy.yaml`],
    ['audit-log-path', '/var/log/kubernetes/audit/audit.log'],
    ['audit-log-maxage', '30'],
  ],
  files: [{ name: 'policy.yaml', content: 'kind: Policy' }],
  hash,
  writes: '/var/log/kubernetes/audit',
};

/** A change as the webhook asks for it. */
export const webhookChange: Change = {
  flags: [
    ['audit-policy-file', `${configRoot}/123456789012/policy.yaml`],
    ['audit-webhook-config-file', `${configRoot}/123456789012/webhook.yaml`],
  ],
  files: [{ name: 'policy.yaml', content: 'kind: Policy' }],
  hash: '123456789012',
  writes: undefined,
};

/** The switches of the dynamic backend. */
export const switches: Change = {
  flags: [
    ['audit-dynamic-configuration', 'true'],
    ['feature-gates', 'DynamicAuditing=true'],
  ],
  files: [],
  hash: undefined,
  writes: undefined,
};

export const flagNames = (change: Change): readonly string[] => change.flags.map(([name]) => name);

/** For assert.throws: a text is refused, for this reason. */
export const refusal = (why: string) => (error: unknown) => {
  assert.ok(error instanceof Unusable, String(error));
  assert.equal(error.why, why);
  return true;
};

/** A manifest that somebody might have written: everything that YAML leaves open is left to chance. */
export function randomManifest(draw: Draws): string {
  const metadata = block(draw, {
    name: ['kube-apiserver'],
    ...draw.pick({}, { namespace: ['kube-system'] }),
    ...draw.pick<Keys>(
      {},
      { annotations: [''] },
      { annotations: ['{}'] },
      { annotations: ['{a: b}'] },
      { annotations: ['', ...indented(draw, ['a: "b"', ...noise(draw), "c/d: ''"])] },
    ),
  });
  const spec = block(draw, {
    hostNetwork: ['true'],
    ...draw.pick({}, { priorityClassName: ['system-node-critical'] }),
    containers: list(draw, [...draw.pick([], [['- name: other', '  image: other']]), container(draw)]),
    ...volumes(draw),
  });
  const pod = block(draw, {
    apiVersion: ['v1'],
    kind: ['Pod'],
    metadata: ['', ...indented(draw, metadata)],
    spec: ['', ...indented(draw, spec)],
    ...draw.pick({}, { status: ['{}'] }),
  });
  const text = [...draw.pick([], ['---'], ['# by hand']), ...pod, ...draw.pick([], ['# end'], [''])];
  return text.join(draw.pick('\n', '\n', '\r\n')) + draw.pick('', '\n');
}

/** What stands behind each key: words on its own line, lines after it. */
type Keys = Readonly<Record<string, readonly string[]>>;

function block(draw: Draws, keys: Keys): readonly string[] {
  const left = Object.entries(keys);
  const lines: string[] = [];
  while (left.length > 0) {
    const [[key, [first = '', ...rest]] = ['', []]] = left.splice(draw.below(left.length), 1);
    lines.push(...noise(draw), `${key}:${first === '' ? '' : ` ${first}`}`, ...rest);
  }
  return lines;
}

const noise = (draw: Draws): readonly string[] => draw.pick([], [], [], ['# noise: "'], ['']);

const indented = (draw: Draws, lines: readonly string[]): readonly string[] => {
  const indent = ' '.repeat(draw.pick(2, 2, 4));
  return lines.map((line) => (line === '' ? '' : indent + line));
};

/** Items, the first line of which begins with a dash, behind a key. */
function list(draw: Draws, items: readonly (readonly string[])[]): readonly string[] {
  const lines = items.flatMap((item) => [...noise(draw), ...item]);
  return ['', ...draw.pick(lines, indented(draw, lines))];
}

/** Lines of a block as one item of a list. */
const asItem = (lines: readonly string[]): readonly string[] => {
  const at = lines.findIndex((line) => /^\w/.test(line));
  return lines.map((line, i) => (i === at ? `- ${line}` : line === '' ? '' : `  ${line}`));
};

function container(draw: Draws): readonly string[] {
  const words = [
    ...draw.pick([], ['--advertise-address=192.0.2.2']),
    ...draw.pick(
      [],
      ['--audit-log-path=/old.log'],
      ['--audit_log_path', '/old.log'],
      ['--audit-log-path', '-'],
    ),
    ...draw.pick([], ['--tls-cipher-suites=A,B', '--profiling']),
    ...draw.pick([], ['--audit-log-maxage=30'], ['--audit-log-maxage=7', '--audit-log-maxage=9']),
    '--etcd-servers=https://127.0.0.1:2379',
    ...draw.pick([], ['--profiling']),
  ];
  const command = draw.pick(
    ['kube-apiserver'],
    ['/go-runner', '--also-stdout', '/usr/local/bin/kube-apiserver'],
  );
  const at = draw.pick(words.length, 0, 1);
  return asItem(
    block(draw, {
      name: ['kube-apiserver'],
      command: wordList(draw, [...command, ...words.slice(0, at)]),
      ...(at === words.length ? {} : { args: wordList(draw, words.slice(at)) }),
      ...draw.pick<Keys>(
        {},
        { volumeMounts: ['[]'] },
        { volumeMounts: [''] },
        { volumeMounts: ['[ {name: a, mountPath: /a} ]'] },
        { volumeMounts: list(draw, [['- mountPath: /a', '  name: a'], ['- {name: b, mountPath: /b} # b']]) },
      ),
    }),
  );
}

function volumes(draw: Draws): Keys {
  return draw.pick<Keys>(
    {},
    { volumes: [''] },
    { volumes: ['[]'] },
    { volumes: ['[{name: a, hostPath: {path: /a}}]'] },
    {
      volumes: list(draw, [
        ['- name: a', '  hostPath:', '    path: /a'],
        ['- name: b', '  emptyDir: {}'],
      ]),
    },
  );
}

function wordList(draw: Draws, words: readonly string[]): readonly string[] {
  const quotes = draw.pick('', '"', "'", 'any');
  const quoted = (word: string, flow: boolean): string => {
    const mark = quotes === 'any' ? draw.pick('', '"', "'") : quotes;
    return mark === '' && (word === '-' || (flow && word.includes(','))) ? `"${word}"` : mark + word + mark;
  };
  if (draw.below(4) === 0)
    return [`[${words.map((word) => quoted(word, true)).join(', ')}${draw.pick('', ' ', ',')}]`];
  const gap = ' '.repeat(draw.pick(1, 1, 3));
  return list(
    draw,
    words.map((word) => [`-${gap}${quoted(word, false)}${draw.pick('', '', '   # why')}`]),
  );
}
