// Broken input of every kind, by a generator with a seed: only Failures, HttpErrors and Looks may come out, in time,
// and never with a secret. A failure names its seed; FUZZ_SEED runs it again.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { assertNoSecretLeaked, secrets, temporary, witness } from '../support/secrets.ts';
import { Failure } from '../../src/errors.ts';
import { look, write } from '../../src/io/api.ts';
import { HttpError, openHttp } from '../../src/io/http.ts';
import { openCredentials } from '../../src/io/credentials.ts';
import { findAccess } from '../../src/io/kubeconfig.ts';
import { openSecrets } from '../../src/io/secrets.ts';
import type { Cluster } from '../../src/io/world.ts';
import { closeServers, cluster, options, tcpServer } from './servers.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);

/** Numbers below `n`, the same for the same seed (Numerical Recipes' LCG; the high bits are the good ones). */
function numbers(start: number): (n: number) => number {
  let state = start >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const odd = [
  ...[
    '',
    ' ',
    '\n',
    '\t',
    '\0',
    '\r\n',
    '\uFEFF',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '-',
    '#',
    '&a',
    '*a',
    '<<: ',
  ],
  ...[
    '!!binary ',
    '!!js/function ',
    '---\n',
    '|',
    '>',
    '%',
    '\u001b[31m',
    '\ud800',
    '𝄞',
    '<html>',
    'null',
    'true',
    '1e999',
  ],
  ...['-1', '__proto__', 'constructor', 'toString', '../../..', 'http://', 'x'.repeat(3000), '['.repeat(60)],
];

/** `text` after a few accidents. */
function damaged(text: string, below: (n: number) => number): string {
  let now = text;
  for (let times = below(4) + 1; times > 0; times--) {
    const at = below(now.length + 1);
    const length = below(12);
    const piece = now.slice(below(now.length + 1)).slice(0, below(200));
    const accidents = [
      now.slice(0, at),
      now.slice(0, at) + now.slice(at + length),
      now.slice(0, at) + (odd[below(odd.length)] ?? '') + now.slice(at),
      now.slice(0, at) + (odd[below(odd.length)] ?? '') + now.slice(at + length),
      now.slice(0, at) + piece + now.slice(at),
      now.slice(0, at) + String.fromCharCode(below(256)) + now.slice(at + 1),
    ];
    now = accidents[below(accidents.length)] ?? '';
  }
  return now;
}

/** Runs `one` for many damaged texts; anything but an expected error is reported with seed and input. */
async function storm(
  count: number,
  text: string,
  one: (text: string, below: (n: number) => number) => Promise<unknown>,
): Promise<void> {
  const below = numbers(seed);
  for (let i = 0; i < count; i++) {
    const input = damaged(text, below);
    const came = await one(input, below).catch((error: unknown) => error);
    const fine = !(came instanceof Error) || came instanceof Failure || came instanceof HttpError;
    const shown = inspect(came, { depth: 4, maxStringLength: 2000 });
    assert.ok(fine, `FUZZ_SEED=${seed}, case ${i}: ${shown}\n${JSON.stringify(input.slice(0, 2000))}`);
    // what a user would see; a value that was read well is a secret and is not shown
    if (came instanceof Error) witness(shown);
  }
}

const kubeconfigText = `apiVersion: v1
kind: Config
current-context: a
clusters:
- name: a
  cluster:
    server: https://127.0.0.1:1/path
    certificate-authority-data: QUJD
    tls-server-name: x
    proxy-url: http://p:1
    extensions: [{name: client.authentication.k8s.io/exec, extension: {a: b}}]
contexts:
- name: a
  context: {cluster: a, user: a, namespace: n}
users:
- name: a
  user:
    token: "${secrets.token}"
    as: boss
    as-groups: [g, h]
    as-user-extra: {k: [v]}
    exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, args: [a], env: [{name: A, value: B}]}
`;

const objectText = JSON.stringify({
  kind: 'Status',
  message: `Post "https://receiver/${secrets.token}/": EOF`,
  reason: 'AlreadyExists',
  name: 'a',
  items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
});

function names(json: unknown): string[] {
  return (json as { items: { metadata: { name: string } }[] }).items.map((item) => item.metadata.name.trim());
}

describe(`fuzz (seed ${seed})`, () => {
  afterEach(closeServers);

  it('the kubeconfig loader', async () => {
    const path = temporary().secretFile('config');
    await storm(500, kubeconfigText, async (text) => {
      writeFileSync(path, text, { mode: 0o600 });
      const env = { HOME: '/nonexistent', PATH: '/nonexistent' };
      const access = await findAccess({ kubeconfig: path }, env);
      assert.ok(access.server.url instanceof URL);
      const { headers } = await openCredentials(access, options({ env })).current();
      assert.equal(typeof headers, 'object');
      return cluster({ kubeconfig: path }, { env });
    });
  }).timeout(10_000);

  it('look and write', async () => {
    const statuses = [200, 200, 200, 201, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503, 0, 999];
    await storm(1000, objectText, async (text, below) => {
      const answer = { status: statuses[below(statuses.length)] ?? 0, text, headers: {}, ms: 1 };
      const api: Cluster = { host: 'h', known: new Set([secrets.token]), request: async () => answer };
      if (below(2) === 0) return write(api, { method: 'POST', path: '/x', body: {} });
      const found = await look(api, '/x', names);
      assert.ok('seen' in found !== 'unseen' in found);
      if ('unseen' in found) witness(JSON.stringify(found));
      return found;
    });
    // accidents make half tokens; none may be whole
    assertNoSecretLeaked();
  });

  it('the token reader', async () => {
    const path = temporary().secretFile('token');
    await storm(300, `\uFEFF ${secrets.token}\n`, async (text, below) => {
      const env = below(2) === 0 ? { LOGS_TOKEN: text } : {};
      writeFileSync(path, text, { mode: 0o600 });
      const { logsToken } = openSecrets(options({ env }), { cluster: () => assert.fail(), known: new Set() });
      const secret = await logsToken('LOGS_TOKEN' in env ? {} : { file: path });
      assert.match(secret.value, /^[0-9a-f-]{36}$/);
      return secret;
    });
  });

  it('bytes on the wire', async () => {
    let bytes = '';
    const host = await tcpServer((socket) => socket.once('data', () => socket.end(bytes, 'latin1')));
    const http = openHttp({ env: {}, signal: new AbortController().signal });
    const api = await cluster({ server: `http://${host}` });
    const answer = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${objectText.length}\r\n\r\n${objectText}`;
    await storm(200, answer, async (text, below) => {
      bytes = text;
      const url = `http://${host}/${secrets.token}/`;
      if (below(2) === 0) return http({ method: 'POST', url, timeoutMs: 1000 });
      const found = await look(api, { path: '/x', timeoutMs: 1000 }, names);
      if ('unseen' in found) witness(found.why);
      return found;
    });
  }).timeout(10_000);
});
