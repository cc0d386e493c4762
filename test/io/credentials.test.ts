// Who we are: tokens, token files, basic auth, and exec plugins as kubectl runs them.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { failure } from '../support/failure.ts';
import { temporary } from '../support/secrets.ts';
import type { Failure } from '../../src/errors.ts';
import { openCredentials, type Credentials } from '../../src/io/credentials.ts';
import { findAccess } from '../../src/io/kubeconfig.ts';
import { authority, closeServers, cluster, console, httpsServer, kubeconfig, options } from './servers.ts';

type More = NonNullable<Parameters<typeof options>[0]>;

const v1 = 'client.authentication.k8s.io/v1';
const server = { server: 'https://127.0.0.1:1', 'tls-server-name': 'x' };

function credential(status: object): string {
  return JSON.stringify({ kind: 'ExecCredential', apiVersion: v1, status });
}

describe('credentials', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporary().path;
  });
  afterEach(closeServers);

  async function open(user: object, more: More = {}, cluster: object = server): Promise<Credentials> {
    const connection = { kubeconfig: kubeconfig(folder, cluster, user), ...more.connection };
    const all = options({ ...more, connection });
    return openCredentials(await findAccess(connection, all.env), all);
  }
  const authorization = async (user: object, more: More = {}): Promise<unknown> =>
    (await (await open(user, more)).current()).headers['Authorization'];

  /** A plugin: a shell script in the folder. */
  function plugin(script: string, name = 'plugin'): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }
  const exec = (script: string, more: object = {}): { exec: object } => ({
    exec: { apiVersion: v1, interactiveMode: 'IfAvailable', command: plugin(script), ...more },
  });
  const refused = async (user: object, more: More = {}): Promise<Failure> => {
    const error = await failure(() => authorization(user, more));
    assert.equal(error.code, 'cluster-unauthorized', error.message);
    assert.equal(error.exitCode, 4);
    return error;
  };

  it('takes --token, then a token file, then a token, then basic auth', async () => {
    writeFileSync(join(folder, 'token'), ' from-file\n');
    const all = { tokenFile: 'token', token: 'plain', username: 'u', password: 'p' };
    assert.equal(await authorization(all, { connection: { token: 'flag' } }), 'Bearer flag');
    assert.equal(await authorization(all), 'Bearer from-file');
    assert.equal(await authorization({ ...all, tokenFile: '' }), 'Bearer plain');
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    assert.equal(await authorization({ username: 'u', password: 'p' }), basic);
    assert.equal(await authorization({}), undefined);
  });

  it('reads a token file again when its token was refused', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'one');
    const credentials = await open({ tokenFile: 'token' });
    const now = async (): Promise<unknown> => (await credentials.current()).headers['Authorization'];
    assert.equal(await now(), 'Bearer one');
    writeFileSync(file, 'two');
    assert.equal(await now(), 'Bearer one');
    assert.equal(credentials.forget(), true);
    assert.equal(await now(), 'Bearer two');
  });

  it('says what is wrong with a token, without it', async () => {
    const gone = await failure(() => authorization({ tokenFile: 'gone' }));
    assert.match(gone.message, /token file .*gone .*does not exist/);
    writeFileSync(join(folder, 'empty'), '\n');
    for (const user of [{ tokenFile: 'empty' }, { token: 'a b' }, { token: 'ä' }, { token: 'a\r\nX-Y: z' }])
      assert.equal((await failure(() => authorization(user))).code, 'kubeconfig-invalid');
  });

  it('runs a plugin once, and again when its token has expired or was refused', async () => {
    const count = join(folder, 'count');
    const body = credential({ token: 'T$(wc -l <COUNT | tr -d " ")' }).replaceAll('"', '\\"');
    const script = `echo x >> ${count}\necho "${body.replace('COUNT', count).replace('tr -d \\" \\"', "tr -d ' '")}"`;
    const credentials = await open(exec(script));
    const now = async (): Promise<unknown> => (await credentials.current()).headers['Authorization'];
    assert.equal(await now(), 'Bearer T1');
    assert.equal(await now(), 'Bearer T1');
    assert.equal(credentials.forget(), true);
    assert.equal(await now(), 'Bearer T2');
    const stale = credential({ token: 'abc', expirationTimestamp: '2020-01-01T00:00:00Z' });
    const expired = await open(exec(`echo x >> ${count}\necho '${stale}'`));
    await expired.current();
    await expired.current();
    assert.equal(readFileSync(count, 'utf8').split('x').length - 1, 4);
  });

  it('tells the plugin what kubectl tells it', async () => {
    const out = join(folder, 'told');
    const script = `printf '%s\\n%s\\n%s' "$KUBERNETES_EXEC_INFO" "$OWN" "$*" > ${out}\necho '${credential({ token: 'abc' })}'`;
    const cluster = {
      ...server,
      'certificate-authority-data': Buffer.from('ca').toString('base64'),
      extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'a' } }],
    };
    const user = exec(script, {
      args: ['get', 'a b'],
      env: [{ name: 'OWN', value: 'own' }],
      provideClusterInfo: true,
    });
    await (await open(user, {}, cluster)).current();
    const [info = '', own, args] = readFileSync(out, 'utf8').split('\n');
    assert.deepEqual([own, args], ['own', 'get a b']);
    assert.deepEqual(JSON.parse(info), {
      kind: 'ExecCredential',
      apiVersion: v1,
      spec: {
        interactive: false,
        cluster: {
          server: 'https://127.0.0.1:1',
          'tls-server-name': 'x',
          'certificate-authority-data': Buffer.from('ca').toString('base64'),
          config: { audience: 'a' },
        },
      },
    });
  });

  it('finds a plugin by PATH, or from the kubeconfig’s folder', async () => {
    const script = `echo '${credential({ token: 'abc' })}'`;
    const path = plugin(script, 'stub-plugin');
    const byName = { exec: { apiVersion: v1, command: basename(path) } };
    const env = { PATH: `${folder}:${process.env['PATH']}` };
    assert.equal(await authorization(byName, { env }), 'Bearer abc');
    assert.equal(await authorization({ exec: { apiVersion: v1, command: './stub-plugin' } }), 'Bearer abc');
  });

  it('does not run it beside a token, basic auth or a certificate', async () => {
    const user = exec('exit 1');
    assert.equal(await authorization({ ...user, token: 'abc' }), 'Bearer abc');
    assert.match(String(await authorization({ ...user, username: 'u' })), /^Basic /);
    const certificate = { 'client-certificate-data': 'eA==', 'client-key-data': 'eQ==' };
    assert.equal(await authorization({ ...user, ...certificate }), undefined);
  });

  it('shows its talk as it comes, and takes its last line for the failure', async () => {
    const terminal = console(false);
    const error = await refused(
      exec('echo first >&2; echo "log in first" >&2; exit 3', { installHint: 'get it at x' }),
      {
        terminal,
      },
    );
    assert.match(error.message, /plugin of the kubeconfig failed with exit code 3: log in first$/);
    assert.equal(error.suggestions[0], 'get it at x');
    assert.equal(terminal.said(), 'first\nlog in first\n');
  });

  it('masks a token in the last line', async () => {
    const script = `echo "GET https://h/${'$'}{T}/x Bearer abc.def failed" | sed 's/x/x/' ; exit 1`;
    const line = `https://h/00000000-0000-4000-8000-000000000000/x Bearer abc.def`;
    const error = await refused(exec(`echo "${line}" >&2; ${script}`));
    assert.match(error.message, /https:\/\/h\/\*\*\*\/x Bearer \*\*\*$/);
  });

  it('says when it is missing, killed, or no program', async () => {
    const missing = { exec: { apiVersion: v1, command: 'no-such-plugin', installHint: 'brew install it' } };
    const error = await refused(missing);
    assert.equal(error.message, 'The exec plugin no-such-plugin of the kubeconfig was not found.');
    assert.deepEqual(error.suggestions, ['brew install it', 'Try the plugin by itself: no-such-plugin']);
    assert.match((await refused(exec('kill -9 $$'))).message, /was ended by SIGKILL/);
    writeFileSync(join(folder, 'text'), 'x', { mode: 0o644 });
    const text = { exec: { apiVersion: v1, command: './text' } };
    assert.match((await refused(text)).message, /could not be started \(EACCES\)/);
  });

  const nothing: [string, string][] = [
    ['nothing', ''],
    ['a web page', '<html>'],
    ['another object', '{"kind":"Status"}'],
    ['no status', '{"kind":"ExecCredential"}'],
    ['an empty status', credential({})],
    ['a token that is a number', credential({ token: 7 })],
    ['a certificate without a key', credential({ clientCertificateData: 'x' })],
  ];
  for (const [what, text] of nothing)
    it(`says that it gave no credential: ${what}`, async () => {
      assert.match((await refused(exec(`cat <<'E'\n${text}\nE`))).message, /gave no credential\.$/);
    });

  it('stops a plugin that talks for ever', async () => {
    assert.match((await refused(exec('exec yes'))).message, /was ended by SIG/);
  });

  it('ends a plugin that hangs when the run is cancelled', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    const user = exec('exec sleep 60');
    assert.equal((await failure(() => authorization(user, { signal: abort.signal }))).code, 'interrupted');
    assert.equal((await failure(() => authorization(user, { signal: abort.signal }))).code, 'interrupted');
  });

  it('does not run a plugin that must ask where nobody answers', async () => {
    const user = exec('exit 1', { interactiveMode: 'Always' });
    assert.match((await refused(user)).message, /needs a terminal/);
    await refused(user, { terminal: console(true), noInput: true });
  });

  it('says what is wrong with the plugin’s entry', async () => {
    const wrong: object[] = [
      { command: '' },
      { command: 'a\0b' },
      { apiVersion: 'client.authentication.k8s.io/v1alpha1' },
      { args: 'x' },
      { env: [{ name: 'A' }] },
      { env: 'A=B' },
    ];
    for (const more of wrong)
      assert.equal((await failure(() => authorization(exec('exit 1', more)))).code, 'kubeconfig-invalid');
    const gcp = { 'auth-provider': { name: 'gcp' } };
    assert.match((await failure(() => authorization(gcp))).message, /auth-provider "gcp" .* was removed/);
  });

  it('takes the identity token of the old oidc provider while it is good', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = (exp: number): string => `${part({ alg: 'none' })}.${part({ exp })}.sig`;
    const oidc = (token: string): object => ({
      'auth-provider': { name: 'oidc', config: { 'id-token': token } },
    });
    const good = jwt(Date.now() / 1000 + 3600);
    assert.equal(await authorization(oidc(good)), `Bearer ${good}`);
    assert.match((await refused(oidc(jwt(1)))).message, /could not be renewed/);
    assert.match((await refused(oidc('x'))).message, /could not be renewed/);
  });

  it('uses a plugin’s client certificate, and runs it again after a 401', async () => {
    const own = authority(folder);
    const { cert, key } = own.issue('api', 'IP:127.0.0.1');
    const me = own.issue('jane', '');
    const body = credential({
      clientCertificateData: readFileSync(me.cert, 'utf8'),
      clientKeyData: readFileSync(me.key, 'utf8'),
      token: 'abc',
    });
    writeFileSync(join(folder, 'credential'), body);
    const peers: string[] = [];
    const host = await httpsServer(
      { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(own.ca), requestCert: true },
      (request, response) => {
        const socket = request.socket as import('node:tls').TLSSocket;
        peers.push(`${String(socket.getPeerCertificate().subject.CN)} ${request.headers.authorization}`);
        response.writeHead(peers.length === 1 ? 401 : 200).end('{}');
      },
    );
    const user = exec(`cat ${join(folder, 'credential')}`);
    const config = kubeconfig(folder, { server: `https://${host}`, 'certificate-authority': own.ca }, user);
    const api = await cluster({ kubeconfig: config });
    assert.equal((await api.request({ path: '/' })).status, 200);
    assert.deepEqual(peers, ['jane Bearer abc', 'jane Bearer abc']);
  });
});
