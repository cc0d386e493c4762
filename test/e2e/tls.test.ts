// The ways in that fail: TLS that cannot be trusted, for every reason that real certificates have, an API server that
// is down, something else in its place, and kubeconfigs that are none. One sentence each, and the class of exit code.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { temporary } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { cli, errorOf, resultOf, shown, type End } from './support/cli.ts';
import { grantAsDocumented } from './support/cluster-state.ts';
import { startEtcd, type Etcd } from './support/etcd.ts';
import { startGate } from './support/gate.ts';

interface Made {
  key: string;
  cert: string;
}

const day = 86_400_000;

async function certificate(valid: { from: number; to: number; name?: string }): Promise<Made> {
  const name =
    valid.name === undefined
      ? { type: 7 as const, ip: '127.0.0.1' }
      : { type: 2 as const, value: valid.name };
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
    ...{ keyType: 'ec', curve: 'P-256', algorithm: 'sha256' },
    notBeforeDate: new Date(Date.now() + valid.from * day),
    notAfterDate: new Date(Date.now() + valid.to * day),
    extensions: [{ name: 'subjectAltName', altNames: [name] }],
  });
  return { key, cert };
}

describe('the way to the API server', function () {
  this.timeout(60_000);
  let etcd: Etcd;
  let api: ApiServer;

  before(async () => {
    etcd = await startEtcd();
    api = await startApiServer({ version: '1.37.2', etcd });
    await grantAsDocumented(api);
  });
  after(async () => {
    await api.stop();
    await etcd.stop();
  });

  const status = (flags: readonly string[], kubeconfig = api.kubeconfigFor('auditor')): Promise<End> =>
    cli(['status', '-o', 'json', '--no-input', ...flags], { kubeconfig, token: '', apiKey: '' });

  /** Behind a server with this certificate, itself trusted. */
  const behind = async (made: Made, ...flags: string[]): Promise<End> => {
    const gate = await startGate(api, made);
    const authority = join(temporary().path, 'ca.crt');
    await writeFile(authority, made.cert);
    const end = await status([`--server=${gate.url}`, `--certificate-authority=${authority}`, ...flags]);
    await gate.stop();
    return end;
  };
  const assertFails = (end: End, code: string, sentence: RegExp): void => {
    const error = errorOf(end);
    assert.equal(error.code, code, shown(end));
    assert.equal(end.code, code === 'kubeconfig-invalid' ? 2 : 4, shown(end));
    assert.match(error.message, sentence);
    assert.match(error.message, /^[^\n]{1,250}\.$/, 'it is not one sentence');
    assert.ok(error.next.length > 0 || code === 'kubeconfig-invalid', 'it does not say what to do');
    assert.doesNotMatch(end.stderr, /^\s+at /m, 'it shows a stack');
  };
  const assertIn = (end: End): void => assert.equal(resultOf('status', end).result.state, 'off', shown(end));

  it('is open with a good certificate, and with another name when that is told', async () => {
    assertIn(await behind(await certificate({ from: -1, to: 1 })));
    const other = await certificate({ from: -1, to: 1, name: 'other.example' });
    assertIn(await behind(other, '--tls-server-name=other.example'));
  });

  it('is closed by an authority that did not sign it', async () => {
    const authority = join(temporary().path, 'ca.crt');
    await writeFile(authority, (await certificate({ from: -1, to: 1 })).cert);
    assertFails(await status([`--certificate-authority=${authority}`]), 'cluster-unreachable', /certificate/);
  });

  for (const [what, valid] of [
    ['has expired', { from: -2, to: -1 }],
    ['is not valid yet', { from: 1, to: 2 }],
    ['is for another host', { from: -1, to: 1, name: 'other.example' }],
  ] as const)
    it(`is closed by a certificate that ${what}, and open when that is waived`, async () => {
      const made = await certificate(valid);
      const end = await behind(made);
      assertFails(end, 'cluster-unreachable', /certificate/);
      assert.match(errorOf(end).next.join(), /tls-server-name|certificate-authority/);
      const gate = await startGate(api, made);
      const kubeconfig = join(api.dir, 'waived.kubeconfig');
      await writeFile(kubeconfig, waived(gate.url, api.tokenOf('auditor')), { mode: 0o600 });
      assertIn(await status([], kubeconfig));
      await gate.stop();
    });

  it('is closed where something else listens', async () => {
    const url = etcd.url.replace('http:', 'https:');
    assertFails(await status([`--server=${url}`]), 'cluster-unreachable', /./);
    const plain = await status([`--server=${etcd.url}`]);
    assert.equal(plain.code, 4, shown(plain));
  });

  it('is closed to a token that nobody gave', async () => {
    const kubeconfig = join(api.dir, 'nobody.kubeconfig');
    await writeFile(kubeconfig, waived(api.url, 'nobody'), { mode: 0o600 });
    assertFails(await status([], kubeconfig), 'cluster-unauthorized', /credentials/);
  });

  for (const [what, text] of [
    ['is no YAML', 'clusters: [:'],
    ['is a web page', '<html><body>Sign in</body></html>'],
    ['is a list', '- a\n- b\n'],
    ['is empty', ''],
    [
      'has no such context',
      waived('https://127.0.0.1:1', 'x').replace('current-context: e2e', 'current-context: no'),
    ],
    ['has a server that is no URL', waived('not a url', 'x')],
    ['has an authority that is no certificate', waived('https://127.0.0.1:1', 'x', 'bm90IGEgY2VydA==')],
  ] as const)
    it(`is not known from a kubeconfig that ${what}: exit 2`, async () => {
      const kubeconfig = join(temporary().path, 'kubeconfig');
      await writeFile(kubeconfig, text, { mode: 0o600 });
      assertFails(await status([], kubeconfig), 'kubeconfig-invalid', /./);
    });

  it('is closed when the API server is down', async () => {
    await api.halt();
    const end = await status([]);
    assertFails(end, 'cluster-unreachable', /127\.0\.0\.1:\d+ cannot be reached: the connection was refused/);
  });
});

/** Without an authority TLS is not checked at all. */
function waived(server: string, token: string, authority?: string): string {
  const trust =
    authority === undefined ? 'insecure-skip-tls-verify: true' : `certificate-authority-data: ${authority}`;
  return `apiVersion: v1
kind: Config
clusters: [{ name: e2e, cluster: { server: "${server}", ${trust} } }]
users: [{ name: e2e, user: { token: ${token} } }]
contexts: [{ name: e2e, context: { cluster: e2e, user: e2e } }]
current-context: e2e
`;
}
