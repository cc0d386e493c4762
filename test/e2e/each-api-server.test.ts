// Two API servers of one control plane, each asked at its own address. Endpoints take no loopback addresses, so the
// test runs itself once more in a network namespace of its own, whose loopback interface has two others.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { secrets, witness } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { grantAsDocumented } from './support/cluster-state.ts';
import { startEtcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { operatorOf, type Operator } from './support/operator.ts';
import { startSematext, type Sematext } from './support/sematext.ts';

const inside = process.env['OWN_NETWORK'] === '1';
const script = [
  'set -e',
  'ip link set lo up',
  'for n in 1 2; do ip address add 192.0.2.$n/32 dev lo; done', // RFC 5737: nobody else's
  'exec "$@"',
].join('\n');

function again(): Promise<{ code: number; output: string }> {
  const mocha = [
    'node_modules/mocha/bin/mocha.js',
    '--no-config',
    '--import=tsx/esm',
    '--require=test/support/hooks.ts',
  ];
  const self = [process.execPath, ...mocha, '--timeout=180000', 'test/e2e/each-api-server.test.ts'];
  const env = { ...process.env, OWN_NETWORK: '1', MOCHA_JSON: '' };
  return new Promise((resolve) => {
    execFile('unshare', ['--net', 'sh', '-c', script, 'sh', ...self], { env }, (error, stdout, stderr) => {
      witness(stdout + stderr);
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
}

if (!inside)
  describe('each API server', function () {
    this.timeout(240_000);
    it('is proved on its own, in a network of its own', async () => {
      const { code, output } = await again();
      assert.equal(code, 0, output);
      assert.match(output, /\b3 passing\b/);
    });
  });
else
  describe('two API servers', function () {
    this.timeout(180_000);
    const started: { stop: () => Promise<void> }[] = [];
    const servers: ApiServer[] = [];
    let sematext: Sematext;
    let operator: Operator;

    before(async () => {
      const [sink, etcd] = await Promise.all([startSematext({ apiKey: secrets.apiKey }), startEtcd()]);
      sematext = sink;
      started.unshift(sink, etcd);
      const audit = {
        webhook: { url: `${sink.receiverUrl}/${secrets.token}/` },
        extraFlags: ['--bind-address=0.0.0.0'],
      };
      for (let n = 0; n < 2; n++) {
        const [first] = servers;
        const api = await startApiServer({
          version: '1.37.2',
          etcd,
          ...audit,
          ...(first && { beside: first }),
        });
        servers.push(api);
        started.unshift(api);
      }
      const [first] = servers;
      assert.ok(first);
      await grantAsDocumented(first);
      operator = operatorOf(first, sematext);
      await eventually({
        what: 'both addresses',
        timeoutMs: 60_000,
        ask: async () => (await addresses(first)).length === 2 || undefined,
      });
    });
    after(async () => {
      for (const part of started) await part.stop();
    });

    it('test-event --each-api-server finds an event of each', async () => {
      const { code, result } = await operator.run('test-event', ['--each-api-server', '--timeout=150s']);
      assert.deepEqual([code, result.verdict], [0, 'delivered']);
      const [first, second] = servers;
      const asked = [`192.0.2.1:${first?.port}`, `192.0.2.2:${second?.port}`];
      assert.deepEqual([...new Set(result.probes.map(({ apiServer }) => apiServer))].sort(), asked);
    });

    it('status looks at each', async () => {
      const { result } = await operator.run('status');
      assert.equal(result.apiServers.length, 2);
      const agree = result.checks.find(({ id }) => id === 'instances-agree');
      assert.deepEqual([agree?.result, agree?.severity], ['ok', 'error']);
    });

    it('names the one whose webhook leads nowhere', async () => {
      await servers[1]?.restart({ webhook: { url: `http://127.0.0.1:9/${secrets.token}/` } });
      const { code, result } = await operator.run('test-event', ['--each-api-server', '--timeout=60s']);
      assert.deepEqual([code, result.verdict], [3, 'not-delivered']);
      const lost = result.probes.filter(({ delivered }) => !delivered).map(({ apiServer }) => apiServer);
      assert.deepEqual([...new Set(lost)], [`192.0.2.2:${servers[1]?.port}`]);
    });
  });

async function addresses(api: ApiServer): Promise<readonly unknown[]> {
  const { body } = await api.request('/api/v1/namespaces/default/endpoints/kubernetes', { user: 'admin' });
  const { subsets = [] } = JSON.parse(body) as { subsets?: { addresses?: unknown[] }[] };
  return subsets.flatMap(({ addresses: some = [] }) => some);
}
