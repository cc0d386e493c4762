// A recent API server, where AuditSink is gone: the refusal and the way out, and status and test-event against a
// static webhook, with no permission but the documented ones.
import assert from 'node:assert/strict';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServer, type AuditSettings } from './support/api-server.ts';
import { shown } from './support/cli.ts';
import { grantAsDocumented, showMirrorPod } from './support/cluster-state.ts';
import { startEtcd } from './support/etcd.ts';
import { operatorOf, type Operator } from './support/operator.ts';
import { startSematext, type Sematext } from './support/sematext.ts';

/** What 1.19 and later refuse to start with, in every form that a text could hold them. */
const fatal =
  /audit-dynamic-configuration|DynamicAuditing|auditregistration\.k8s\.io\/v1alpha1=|runtime-config/;

const writesOnly = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: None
    verbs: [get, list, watch]
  - level: Metadata
`;
const nothing = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: None
`;

describe('kube-apiserver 1.37', function () {
  this.timeout(180_000);
  const started: { stop: () => Promise<void> }[] = [];
  let sematext: Sematext;
  let etcd: Awaited<ReturnType<typeof startEtcd>>;

  const serve = async (audit: AuditSettings): Promise<{ api: ApiServer; operator: Operator }> => {
    const api = await startApiServer({ version: '1.37.2', etcd, ...audit });
    started.unshift(api);
    await grantAsDocumented(api);
    return { api, operator: operatorOf(api, sematext) };
  };
  const webhook = (policy?: string): AuditSettings => ({
    webhook: { url: `${sematext.receiverUrl}/${secrets.token}/`, ...(policy !== undefined && { policy }) },
  });

  before(async () => {
    [sematext, etcd] = await Promise.all([startSematext({ apiKey: secrets.apiKey }), startEtcd()]);
    started.unshift(sematext, etcd);
  });
  after(async () => {
    for (const part of started) await part.stop();
  });

  describe('without auditing', () => {
    let operator: Operator;
    let api: ApiServer;
    before(async () => ({ api, operator } = await serve({})));
    after(() => api.stop());

    it('refuses --dynamic: exit 6, on one screen, without a switch that would stop the API server', async () => {
      const end = await operator.plain('enable', ['--dynamic']);
      assert.equal(end.code, 6, shown(end));
      const screen = (end.stdout + end.stderr).trimEnd().split('\n');
      assert.ok(screen.length <= 24, `${screen.length} lines: ${shown(end)}`);
      assert.match(end.stdout, /removed in Kubernetes 1\.19/);
      assert.match(end.stdout, /leave out --dynamic/);
      assert.doesNotMatch(end.stdout + end.stderr, fatal);
      const told = await operator.run('enable', ['--dynamic']);
      assert.deepEqual([told.code, told.result.outcome], [6, 'refused']);
      assert.equal(told.result.checks.find(({ id }) => id === 'server-version')?.code, 'dynamic-removed');
    });

    it('picks the webhook by itself, says why, and shows the steps by hand: exit 6', async () => {
      await showMirrorPod(api);
      const end = await operator.run('enable');
      assert.deepEqual([end.code, end.result.outcome], [6, 'refused'], shown(end));
      assert.equal(end.result.backend.name, 'webhook');
      const { steps, warnings, page } = end.result.byHand ?? assert.fail(shown(end));
      const text = [...steps, ...warnings].join('\n');
      assert.match(text, /--audit-webhook-config-file=/);
      assert.match(text, /--audit-policy-file=/);
      assert.match(text, /kind: Policy/);
      assert.doesNotMatch(text, fatal);
      assert.ok(JSON.stringify(page).includes('docs/control-planes'), shown(end));
    });

    it('is off: status exits 3 and says enable', async () => {
      const end = await operator.run('status');
      assert.deepEqual([end.code, end.result.state, end.result.healthy], [3, 'off', false], shown(end));
      const configured = end.result.checks.find(({ id }) => id === 'backend-configured');
      assert.equal(configured?.result, 'bad');
      assert.match(configured.hint ?? '', /enable/);
    });

    it('does not let test-event wait for what cannot come', async () => {
      const end = await operator.run('test-event');
      assert.deepEqual([end.code, end.result.verdict], [3, 'not-delivered'], shown(end));
      assert.ok(end.ms < 30_000, `${end.ms} ms`);
      assert.match(end.result.notes.join(), /No API server is auditing/);
    });
  });

  describe('with a static webhook', () => {
    let operator: Operator;
    let api: ApiServer;
    before(async () => ({ api, operator } = await serve(webhook())));
    after(() => api.stop());

    it('has its test-event found, once a stage', async () => {
      const end = await operator.run('test-event');
      assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
      for (const probe of end.result.probes) {
        assert.deepEqual(probe.stages, ['RequestReceived', 'ResponseComplete'], shown(end));
        assert.ok(
          probe.hops.every(({ result }) => result === 'passed'),
          shown(end),
        );
        const events = await sematext.eventsWith(secrets.token, probe.auditId);
        assert.ok(events.length > 0);
      }
    });

    it('is delivering: status exits 0 and names the webhook', async () => {
      const end = await operator.run('status');
      assert.deepEqual([end.code, end.result.state, end.result.healthy], [0, 'delivering', true], shown(end));
      const [server] = end.result.apiServers;
      assert.deepEqual(server?.backends, ['webhook']);
      assert.equal(server.flagsFrom, 'flagz');
    });

    it('is not verified without an API key: exit 3, and says what was accepted', async () => {
      const end = await operator.run('test-event', ['--timeout=30s'], { apiKey: '' });
      assert.deepEqual([end.code, end.result.verdict], [3, 'not-verified'], shown(end));
      assert.match(end.result.notes.join(), /no API key/);
      const delivery = end.result.probes[0]?.hops.find(({ hop }) => hop === 'delivery');
      assert.equal(delivery?.result, 'passed', shown(end));
      const { code, result } = await operator.run('status', [], { apiKey: '' });
      assert.deepEqual([code, result.state, result.healthy], [3, 'running-delivery-unknown', false]);
      const skipped = await operator.run('status', ['--skip=events-arrive'], { apiKey: '' });
      assert.deepEqual(
        [skipped.code, skipped.result.state],
        [0, 'running-delivery-unknown'],
        'left out on purpose',
      );
    });

    it('is found through --direct too, and that asks no cluster', async () => {
      const end = await operator.run('test-event', ['--direct', '--server=https://127.0.0.1:9']);
      assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
      const [event, ...more] = await sematext.eventsWith(secrets.token, end.result.probes[0]?.auditId ?? '');
      assert.equal((event?.['user'] as { username: string }).username, 'sematext-audit:test-event');
      assert.deepEqual(more, []);
    });

    it('is no green for another token', async () => {
      const end = await operator.run('status', [], { token: secrets.otherToken });
      assert.deepEqual([end.code, end.result.state], [3, 'running-nothing-delivered'], shown(end));
    });
  });

  it('finds a write where the policy drops reads', async () => {
    const { operator } = await serve(webhook(writesOnly));
    const end = await operator.run('test-event');
    assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
    assert.match(end.result.probes.map(({ request }) => request).join(), /dry-run create/);
  });

  it('names the policy as the one that lost it, where it drops everything', async () => {
    const { operator } = await serve(webhook(nothing));
    const end = await operator.run('test-event', ['--timeout=6s']);
    assert.deepEqual([end.code, end.result.verdict], [3, 'not-delivered'], shown(end));
    const audit = end.result.probes[0]?.hops.find(({ hop }) => hop === 'audit');
    assert.deepEqual([audit?.result, /policy/.test(audit?.evidence ?? '')], ['lost', true], shown(end));
    const { code, result } = await operator.run('status');
    assert.deepEqual([code, result.state], [3, 'configured-not-running']);
  });
});
