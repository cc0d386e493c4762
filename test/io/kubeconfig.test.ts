// Kubeconfig and flags → one way in, by kubectl's precedence.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { failure } from '../support/failure.ts';
import { secrets, temporary } from '../support/secrets.ts';
import { findAccess, type Access } from '../../src/io/kubeconfig.ts';
import type { Connection, Env } from '../../src/io/world.ts';

const noHome = { HOME: '/nonexistent' };

interface Named {
  current?: string;
  clusters?: Record<string, object>;
  users?: Record<string, object>;
  contexts?: Record<string, object>;
}

function list(kind: string, named: Record<string, object> = {}): object[] {
  return Object.entries(named).map(([name, fields]) => ({ name, [kind]: fields }));
}

function write(path: string, { current, clusters, users, contexts }: Named): string {
  const config = {
    kind: 'Config',
    ...(current === undefined ? {} : { 'current-context': current }),
    clusters: list('cluster', clusters),
    users: list('user', users),
    contexts: list('context', contexts),
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

const two: Named = {
  current: 'a',
  clusters: { a: { server: 'https://a:1' }, b: { server: 'https://b:2', 'tls-server-name': 'b.name' } },
  users: { a: { token: 'token-a' }, b: { token: 'token-b', as: 'boss', 'as-groups': ['g'] } },
  contexts: { a: { cluster: 'a', user: 'a', namespace: 'na' }, b: { cluster: 'b', user: 'b' } },
};

const find = (flags: Connection, env: Env = {}): Promise<Access> => findAccess(flags, { ...noHome, ...env });
const invalid = async (flags: Connection, env: Env = {}): Promise<string> => {
  const { code, exitCode, message, suggestions } = await failure(() => find(flags, env));
  assert.equal(code, 'kubeconfig-invalid', message);
  assert.equal(exitCode, 2);
  return [message, ...suggestions].join(' ');
};

describe('kubeconfig', () => {
  describe('which files', () => {
    it('is ~/.kube/config when nothing else is said', async () => {
      const { path } = temporary();
      mkdirSync(join(path, '.kube'));
      write(join(path, '.kube', 'config'), two);
      assert.equal((await find({}, { HOME: path })).server.url.host, 'a:1');
      assert.equal((await find({}, { HOME: path, KUBECONFIG: '' })).server.url.host, 'a:1');
      assert.equal((await find({ kubeconfig: '' }, { HOME: path })).server.url.host, 'a:1');
    });

    it('is KUBECONFIG before ~/.kube/config, and --kubeconfig alone before both', async () => {
      const { path } = temporary();
      mkdirSync(join(path, '.kube'));
      write(join(path, '.kube', 'config'), two);
      const env = { HOME: path, KUBECONFIG: write(join(path, 'env'), { ...two, current: 'b' }) };
      assert.equal((await find({}, env)).context, 'b');
      const flag = write(join(path, 'flag'), { ...two, clusters: { a: { server: 'https://c:3' } } });
      assert.equal((await find({ kubeconfig: flag }, env)).server.url.host, 'c:3');
    });

    it('merges KUBECONFIG: the first file wins, entry by entry, and missing files are passed over', async () => {
      const { path } = temporary();
      const first = write(join(path, '1'), {
        clusters: { a: { server: 'https://first:1' } },
        users: { a: { username: 'first' } },
      });
      const second = write(join(path, '2'), { ...two, current: 'b' });
      const third = write(join(path, '3'), { current: 'a' });
      const env = { KUBECONFIG: [join(path, 'missing'), first, '', second, third].join(delimiter) };
      const access = await find({ context: 'a' }, env);
      assert.equal(access.server.url.host, 'first:1');
      assert.equal(access.user.username, 'first');
      assert.equal(access.user.token, undefined);
      assert.equal((await find({}, env)).context, 'b');
    });

    it('resolves paths from the folder of the file that names them', async () => {
      const { path } = temporary();
      mkdirSync(join(path, 'one'));
      mkdirSync(join(path, 'two'));
      writeFileSync(join(path, 'one', 'ca.crt'), 'ca-one');
      writeFileSync(join(path, 'two', 'me.crt'), 'cert-two');
      writeFileSync(join(path, 'two', 'me.key'), 'key-two');
      const a = write(join(path, 'one', 'c'), {
        ...two,
        clusters: { a: { server: 'https://a', 'certificate-authority': 'ca.crt' } },
        users: {},
      });
      const b = write(join(path, 'two', 'c'), {
        users: { a: { 'client-certificate': 'me.crt', 'client-key': 'me.key', tokenFile: 'token' } },
      });
      const access = await find({}, { KUBECONFIG: `${a}${delimiter}${b}` });
      assert.equal(access.server.ca, 'ca-one');
      assert.equal(access.user.certificate, 'cert-two');
      assert.equal(access.user.key, 'key-two');
      assert.equal(access.user.tokenFile, join(path, 'two', 'token'));
    });
  });

  describe('which entries', () => {
    let kubeconfig: string;
    beforeEach(() => {
      kubeconfig = write(join(temporary().path, 'config'), two);
    });

    it('takes the current context', async () => {
      const access = await find({ kubeconfig });
      assert.equal(access.context, 'a');
      assert.equal(access.namespace, 'na');
      assert.equal(access.user.token, 'token-a');
    });

    it('takes --context, --cluster, --user and --namespace before it', async () => {
      const access = await find({ kubeconfig, context: 'b' });
      assert.deepEqual(
        [access.server.url.host, access.user.token, access.namespace],
        ['b:2', 'token-b', 'default'],
      );
      const mixed = await find({ kubeconfig, cluster: 'b', user: 'b', namespace: 'n' });
      assert.deepEqual([mixed.server.url.host, mixed.user.token, mixed.namespace], ['b:2', 'token-b', 'n']);
      assert.equal(mixed.server.serverName, 'b.name');
    });

    it('takes --server and --token before all, and drops the old server’s TLS name', async () => {
      const access = await find({ kubeconfig, context: 'b', server: 'https://c:3', token: 'flag-token' });
      assert.equal(access.server.url.host, 'c:3');
      assert.equal(access.server.serverName, undefined);
      assert.equal(access.user.token, 'flag-token');
      const named = await find({ kubeconfig, context: 'b', server: 'https://c:3', tlsServerName: 'c.name' });
      assert.equal(named.server.serverName, 'c.name');
      assert.equal((await find({ kubeconfig, tlsServerName: 'd' })).server.serverName, 'd');
    });

    it('acts as somebody else by the entry or by flags', async () => {
      const entry = (await find({ kubeconfig, user: 'b' })).user;
      assert.deepEqual([entry.as, entry.asGroups], ['boss', ['g']]);
      const flags = (await find({ kubeconfig, user: 'b', as: 'x', asGroups: ['y', 'z'], asUid: '7' })).user;
      assert.deepEqual([flags.as, flags.asGroups, flags.asUid], ['x', ['y', 'z'], '7']);
      assert.equal((await failure(() => find({ kubeconfig, asGroups: ['g'] }))).code, 'usage');
      assert.equal((await failure(() => find({ kubeconfig, asUid: '7' }))).code, 'usage');
    });

    it('needs no kubeconfig when --server is given', async () => {
      const access = await find({ server: 'https://c:3', token: 't' });
      assert.deepEqual([access.server.url.host, access.user.token, access.context], ['c:3', 't', '']);
    });

    it('says which context, cluster or user is not there, and which are', async () => {
      assert.match(await invalid({ kubeconfig, context: 'zz' }), /no context "zz".* It has: a, b\./);
      assert.match(await invalid({ kubeconfig, cluster: 'zz' }), /no cluster "zz".* It has: a, b\./);
      assert.match(await invalid({ kubeconfig, user: 'zz' }), /no user "zz".* It has: a, b\./);
      const { path } = temporary();
      const broken = {
        ...two,
        contexts: { a: { cluster: 'gone', user: 'a' }, b: { cluster: 'b', user: 'gone' } },
      };
      const config = write(join(path, 'c'), broken);
      assert.match(await invalid({ kubeconfig: config }), /no cluster "gone".*although its context names it/);
      assert.match(await invalid({ kubeconfig: config, context: 'b' }), /no user "gone"/);
      assert.equal((await find({ kubeconfig: config, context: 'b', token: 't' })).user.token, 't');
      assert.equal((await find({ kubeconfig: config, server: 'https://c' })).server.url.host, 'c');
    });

    it('says when there is no current context', async () => {
      const { path } = temporary();
      const { current: _none, ...rest } = two;
      assert.match(
        await invalid({ kubeconfig: write(join(path, 'c'), rest) }),
        /no current context.*has: a, b/,
      );
      assert.match(
        await invalid({ kubeconfig: write(join(path, 'd'), { ...two, current: 'x' }) }),
        /no context "x"/,
      );
    });
  });

  describe('trust', () => {
    const ca = (text: string): string => Buffer.from(text).toString('base64');
    const access = async (cluster: object, flags: Connection = {}): Promise<Access> => {
      const { path } = temporary();
      writeFileSync(join(path, 'file.crt'), 'from-file');
      writeFileSync(join(path, 'flag.crt'), 'from-flag');
      const config = { ...two, clusters: { a: { server: 'https://a', ...cluster } } };
      const kubeconfig = write(join(path, 'c'), config);
      const { certificateAuthority: flag } = flags;
      return find({ kubeconfig, ...flags, ...(flag ? { certificateAuthority: join(path, flag) } : {}) });
    };
    const data = { 'certificate-authority-data': ca('from-data') };
    const file = { 'certificate-authority': 'file.crt' };

    it('takes data before a file, and the flag before both', async () => {
      assert.equal((await access(file)).server.ca, 'from-file');
      assert.equal((await access({ ...file, ...data })).server.ca, 'from-data');
      assert.equal(
        (await access({ ...file, ...data }, { certificateAuthority: 'flag.crt' })).server.ca,
        'from-flag',
      );
    });

    it('lets a flag for trust replace all trust of the kubeconfig', async () => {
      const insecure = (await access({ ...file, ...data }, { insecureSkipTlsVerify: true })).server;
      assert.deepEqual([insecure.ca, insecure.insecure], [undefined, true]);
      const flag = { certificateAuthority: 'flag.crt' };
      const secure = (await access({ 'insecure-skip-tls-verify': true }, flag)).server;
      assert.deepEqual([secure.ca, secure.insecure], ['from-flag', false]);
      assert.equal((await access({ 'insecure-skip-tls-verify': true })).server.insecure, true);
    });

    it('refuses an authority beside insecure-skip-tls-verify, as kubectl does', async () => {
      const both = { ...data, 'insecure-skip-tls-verify': true };
      assert.equal((await failure(() => access(both))).code, 'kubeconfig-invalid');
    });

    it('says which file of a certificate is not there', async () => {
      const error = await failure(() => access({ 'certificate-authority': 'gone.crt' }));
      assert.match(error.message, /^The certificate-authority file .*gone\.crt does not exist\.$/);
    });
  });

  it('takes flags for the client certificate before data and files', async () => {
    const { path } = temporary();
    for (const name of ['flag.crt', 'flag.key']) writeFileSync(join(path, name), name);
    const data = { 'client-certificate-data': 'eA==', 'client-key-data': 'eQ==', 'client-key': 'gone' };
    const kubeconfig = write(join(path, 'c'), { ...two, users: { a: data } });
    const { user } = await find({ kubeconfig });
    assert.deepEqual([user.certificate, user.key], ['x', 'y']);
    const flags = { clientCertificate: join(path, 'flag.crt'), clientKey: join(path, 'flag.key') };
    const own = (await find({ kubeconfig, ...flags })).user;
    assert.deepEqual([own.certificate, own.key], ['flag.crt', 'flag.key']);
  });

  it('gives a server without a scheme the one that kubectl would', async () => {
    const server = async (cluster: object): Promise<string> => {
      const kubeconfig = write(join(temporary().path, 'c'), { ...two, clusters: { a: cluster } });
      return (await find({ kubeconfig })).server.url.href;
    };
    assert.equal(
      await server({ server: '10.0.0.1:6443', 'insecure-skip-tls-verify': true }),
      'https://10.0.0.1:6443/',
    );
    assert.equal(await server({ server: 'localhost:8080' }), 'http://localhost:8080/');
    assert.equal(await server({ server: 'https://h/k8s/c-1' }), 'https://h/k8s/c-1');
  });

  describe('what is no kubeconfig', () => {
    const text = async (content: string | Buffer): Promise<string> => {
      const kubeconfig = temporary().secretFile('config');
      writeFileSync(kubeconfig, content, { mode: 0o600 });
      return invalid({ kubeconfig });
    };

    it('says when there is none at all', async () => {
      assert.match(await invalid({}), /There is no kubeconfig\./);
      assert.match(
        await invalid({}, { KUBECONFIG: '/nonexistent/a:/nonexistent/b' }),
        /There is no kubeconfig\./,
      );
      assert.match(await invalid({ kubeconfig: '/nonexistent/c' }), /\/nonexistent\/c does not exist/);
      assert.match(await invalid({ kubeconfig: '/nonexistent\0c' }), /is not a file name/);
    });

    it('says why a file cannot be read', async () => {
      const { path } = temporary();
      assert.match(await invalid({ kubeconfig: path }), /is a folder/);
      symlinkSync('loop', join(path, 'loop'));
      assert.match(await invalid({ kubeconfig: join(path, 'loop') }), /is a link to itself/);
      unlinkSync(join(path, 'loop'));
      assert.match(await invalid({ kubeconfig: '/dev/zero' }), /is larger than/);
      const locked = write(join(path, 'locked'), two);
      chmodSync(locked, 0);
      if (process.getuid?.() !== 0) assert.match(await invalid({ kubeconfig: locked }), /may not be read/);
      chmodSync(locked, 0o600);
    });

    const bad: [string, string | Buffer, RegExp][] = [
      ['empty', '', /is empty/],
      ['only comments', '# nothing\n', /is empty/],
      ['broken YAML', `users: [{name: a, user: {token: ${'x'.repeat(20)}}\nb: {`, /line \d+: /],
      ['a list', '- a\n', /YAML cannot be read/],
      ['a text', 'hello', /YAML cannot be read/],
      ['several documents', 'a: 1\n---\nb: 2\n', /MULTIPLE_DOCS/],
      ['an alias to nowhere', 'users: *gone\n', /YAML cannot be read/],
      ['binary', Buffer.from([0x7f, 0x45, 0, 1, 0xff]), /is not a text file/],
      ['another object', 'kind: Deployment\n', /its kind is not Config/],
      ['clusters as a mapping', 'clusters: {a: b}\n', /clusters is not a list/],
      ['a nameless user', 'users: [{user: {}}]\n', /one of users has no name/],
      ['an entry that is a text', 'contexts: [{name: a, context: b}]\n', /context "a" is not a mapping/],
      ['current-context as a list', 'current-context: [a]\n', /current-context is not a text/],
    ];
    for (const [what, content, said] of bad)
      it(`says so: ${what}`, async () => assert.match(await text(content), said));

    it('never quotes a line that does not parse', async () => {
      const said = await text(`users:\n- name: a\n  user: {token: "${secrets.token}" oops: [}\n`);
      assert.match(said, /line 3/);
    });

    it('is not slowed down by a bomb of aliases', async () => {
      const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
      for (let i = 0; i < 8; i++) {
        const [from, to] = ['abcdefghi'.charAt(i), 'abcdefghi'.charAt(i + 1)];
        bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`);
      }
      assert.match(await text(bomb.join('\n')), /YAML cannot be read/);
    });

    const wrong: [string, Named, RegExp][] = [
      [
        'a cluster without a server',
        { clusters: { a: {} } },
        /The cluster "a" of the kubeconfig has no server/,
      ],
      ['a server that is no URL', { clusters: { a: { server: 'ftp://x' } } }, /not an http or https URL/],
      ['a server that is a number', { clusters: { a: { server: 7 } } }, /server of "a" is not a text/],
      ['a token that is a list', { users: { a: { token: [secrets.token] } } }, /token of "a" is not a text/],
      [
        'as-groups as a text',
        { users: { a: { as: 'x', 'as-groups': 'g' } } },
        /as-groups of "a" is not a list/,
      ],
      ['exec as a text', { users: { a: { exec: 'x' } } }, /exec of "a" is not a mapping/],
      [
        'as-user-extra of numbers',
        { users: { a: { as: 'x', 'as-user-extra': { k: [1] } } } },
        /k of "a" is not a list/,
      ],
    ];
    for (const [what, more, said] of wrong)
      it(`says so: ${what}`, async () => {
        const kubeconfig = write(temporary().secretFile('c'), { ...two, ...more });
        assert.match(await invalid({ kubeconfig }), said);
      });
  });

  describe('in a pod', () => {
    const env = { ...noHome, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    let pod: string;
    beforeEach(() => {
      pod = temporary().path;
      for (const name of ['token', 'ca.crt', 'namespace']) writeFileSync(join(pod, name), `${name}-text`);
    });

    it('uses the pod’s own credentials when there is no kubeconfig', async () => {
      const { context, namespace, server, user } = await findAccess({}, env, pod);
      assert.deepEqual([context, namespace, server.ca], ['in-cluster', 'namespace-text', 'ca.crt-text']);
      assert.equal(server.url.href, 'https://[fd00::1]/');
      assert.equal(user.tokenFile, join(pod, 'token'));
    });

    it('takes flags before them, and a kubeconfig instead of them', async () => {
      const { server, user } = await findAccess({ server: 'https://x', token: 't' }, env, pod);
      assert.deepEqual([server.url.host, user.token, user.tokenFile], ['x', 't', undefined]);
      const kubeconfig = write(join(temporary().path, 'c'), two);
      assert.equal((await findAccess({ kubeconfig }, env, pod)).context, 'a');
      assert.equal((await findAccess({}, { ...env, KUBECONFIG: kubeconfig }, pod)).context, 'a');
    });

    it('does not, without the token or outside', async () => {
      const outside = await failure(() => findAccess({}, noHome, pod));
      assert.match(outside.message, /There is no kubeconfig/);
      unlinkSync(join(pod, 'token'));
      assert.match((await failure(() => findAccess({}, env, pod))).message, /There is no kubeconfig/);
    });
  });

  it('reads YAML with anchors, merge keys, a BOM and CRLF', async () => {
    const { path } = temporary();
    const text = [
      '\uFEFFkind: Config',
      'current-context: a',
      'base: &base {server: "https://a:1"}',
      'clusters: [{name: a, cluster: {<<: *base, proxy-url: "socks5://p:1"}}]',
      'contexts: [{name: a, context: {cluster: a}}]',
    ].join('\r\n');
    writeFileSync(join(path, 'c'), text);
    const { server } = await find({ kubeconfig: join(path, 'c') });
    assert.deepEqual([server.url.host, server.proxyUrl], ['a:1', 'socks5://p:1']);
  });
});
