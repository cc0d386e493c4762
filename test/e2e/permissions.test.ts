// Every permission that the docs name is taken away in turn, on kube-apiserver 1.18: each command stops before it did
// anything, or goes on and says what it could not see; the permission is named, and nothing is left half done.
import assert from 'node:assert/strict';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { errorOf, resultOf, shown, type End } from './support/cli.ts';
import {
  assertNothing,
  grantAsDocumented,
  removeAll,
  runOf,
  showMirrorPod,
  stateOf,
} from './support/cluster-state.ts';
import { startEtcd } from './support/etcd.ts';
import { documentedGrants, grant, type Grant } from './support/grants.ts';
import { operatorOf, type Operator } from './support/operator.ts';
import { startSematext } from './support/sematext.ts';
import { whileTrafficFlows } from './support/traffic.ts';

/** What comes of a permission that is missing; what is not said goes well and exits 0. */
interface Missing {
  /** How the message names it where a command stops with exit 4. */
  says?: RegExp;
  enable?: 4;
  disable?: 4;
  /** Checks of status that are blind then. */
  blind?: readonly string[];
  /** One of them counts. */
  status?: 4;
  /** Of --each-api-server. */
  each?: 4;
}

const sink = (verb: string): RegExp => new RegExp(`${verb} .*auditsinks`);
const map = (verb: string): RegExp => new RegExp(`${verb} .*configmaps`);

const table: Record<string, Missing> = {
  'list auditsinks': {
    says: sink('list'),
    enable: 4,
    disable: 4,
    blind: ['backend-configured', 'switches', 'billed-once', 'record'],
    status: 4,
  },
  'get auditsinks/sematext-audit': { says: sink('get'), enable: 4, disable: 4 },
  'create auditsinks': { says: sink('create'), enable: 4 },
  'update auditsinks/sematext-audit': { says: sink('update'), enable: 4 },
  'delete auditsinks/sematext-audit': { says: sink('delete'), enable: 4, disable: 4 },
  'create configmaps in kube-system': { says: map('create'), enable: 4 },
  'get configmaps/sematext-audit in kube-system': {
    says: map('get'),
    enable: 4,
    disable: 4,
    blind: ['record'],
  },
  'update configmaps/sematext-audit in kube-system': { says: map('update'), enable: 4 },
  'delete configmaps/sematext-audit in kube-system': { says: map('delete'), enable: 4, disable: 4 },
  'list nodes': {},
  'get /metrics': { says: /\/metrics/, blind: ['no-losses', 'receiver-accepts'], status: 4 },
  'get /flagz': {},
  'list pods in kube-system': {},
  'get configmaps/kubeadm-config in kube-system': {},
  'get configmaps/kops-controller in kube-system': {},
  'get endpoints/kubernetes in default': {
    says: /endpoints/,
    blind: ['instances-agree'],
    status: 4,
    each: 4,
  },
};

describe('without one permission of those that the docs name', function () {
  this.timeout(180_000);
  const started: { stop: () => Promise<void> }[] = [];
  let api: ApiServer;
  let operator: Operator;
  let grants: readonly Grant[];
  const rows = Object.entries(table).map(([name, missing], i) => ({ name, missing, user: `without-${i}` }));

  before(async () => {
    const [sematext, etcd] = await Promise.all([startSematext({ apiKey: secrets.apiKey }), startEtcd()]);
    started.unshift(sematext, etcd);
    api = await startApiServer({ version: '1.18.19', etcd, auditSink: true });
    started.unshift(api);
    await grantAsDocumented(api);
    await showMirrorPod(api);
    operator = operatorOf(api, sematext);
    grants = await documentedGrants();
    for (const { name, user } of rows)
      await grant(
        api,
        user,
        grants.filter((one) => one.name !== name),
      );
  });
  after(async () => {
    for (const part of started) await part.stop();
  });

  const asUser = (
    user: string,
    command: Parameters<Operator['plain']>[0],
    ...flags: string[]
  ): Promise<End> => operator.plain(command, ['-o', 'json', `--as=${user}`, ...flags], { user: 'admin' });
  const enabled = async (): Promise<void> => {
    const end = await operator.run('enable', ['--dynamic', '--no-wait']);
    assert.equal(end.code, 0, shown(end));
  };

  it('there are these and no others', () => {
    assert.deepEqual(grants.map(({ name }) => name).sort(), Object.keys(table).sort());
  });

  describe('enable', () => {
    afterEach(() => removeAll(api));
    for (const { name, missing, user } of rows)
      it(`${missing.enable === 4 ? 'stops' : 'goes on'} without ${name}`, async () => {
        const end = await asUser(user, 'enable', '--dynamic', '--no-wait');
        const { result } = resultOf('enable', end);
        assert.deepEqual(
          [end.code, result.outcome],
          missing.enable ? [4, 'refused'] : [0, 'enabled'],
          shown(end),
        );
        if (missing.enable === undefined) return;
        const bad = result.checks.filter(({ result: answer }) => answer === 'bad' || answer === 'unknown');
        assert.match(bad.map(({ evidence }) => evidence).join('\n'), missing.says ?? assert.fail());
        await assertNothing(api);
      });
  });

  describe('of an AuditSink in force', () => {
    before(async () => {
      await enabled();
      const end = await whileTrafficFlows(api, operator.run('test-event'));
      assert.equal(end.code, 0, shown(end));
    });

    for (const { name, missing, user } of rows)
      it(`status ${missing.status === 4 ? 'does not pass' : 'still passes'} without ${name}`, async () => {
        const end = await asUser(user, 'status');
        const { result } = resultOf('status', end);
        assert.equal(end.code, missing.status ?? 0, shown(end));
        const state = missing.status === undefined ? 'delivering' : 'delivering-losses-unknown';
        assert.deepEqual([result.state, result.healthy], [state, missing.status === undefined], shown(end));
        const blind = result.checks.filter((one) => one.result === 'unknown');
        assert.deepEqual(blind.map(({ id }) => id).sort(), [...(missing.blind ?? [])].sort(), shown(end));
        for (const { evidence, hint } of blind)
          assert.match(`${evidence}\n${hint}`, missing.says ?? assert.fail(), shown(end));
      });

    it('test-event is found without any of them', async () => {
      const ends = await whileTrafficFlows(
        api,
        inTurns(rows, ({ user }) => asUser(user, 'test-event')),
      );
      ends.forEach((end, i) => {
        const { result } = resultOf('test-event', end);
        assert.deepEqual([end.code, result.verdict], [0, 'delivered'], `${rows[i]?.name}: ${shown(end)}`);
      });
    });

    it('test-event --each-api-server wants the addresses', async () => {
      const row = rows.find(({ missing }) => missing.each === 4) ?? assert.fail();
      const end = await asUser(row.user, 'test-event', '--each-api-server');
      assert.equal(end.code, 4, shown(end));
      assert.match(errorOf(end).message, row.missing.says ?? assert.fail());
    });
  });

  describe('disable', () => {
    beforeEach(async () => {
      await removeAll(api);
      await enabled();
    });
    after(() => removeAll(api));
    for (const { name, missing, user } of rows)
      it(`${missing.disable === 4 ? 'stops' : 'goes on'} without ${name}`, async () => {
        const before = await stateOf(api);
        const end = await asUser(user, 'disable');
        assert.equal(end.code, missing.disable ?? 0, shown(end));
        if (missing.disable === undefined) return assertNothing(api);
        assert.equal(errorOf(end).code, 'cluster-forbidden');
        assert.match(errorOf(end).message, missing.says ?? assert.fail());
        assert.deepEqual((await stateOf(api)).versions, before.versions, 'something was changed');
      });
  });

  describe('whoever', () => {
    it('may look and no more sees everything and changes nothing', async () => {
      await removeAll(api);
      await enabled();
      const before = await stateOf(api);
      const status = await asUser('audit-viewer', 'status');
      assert.equal(status.code, 0, shown(status));
      for (const command of ['enable', 'disable'] as const) {
        const end = await asUser('audit-viewer', command);
        assert.equal(end.code, 4, shown(end));
      }
      assert.deepEqual((await stateOf(api)).versions, before.versions);
      assert.equal(runOf(before.sink), before.record?.run);
    });

    it('may do nothing is told so by each command, with exit 4', async () => {
      for (const [command, ...flags] of [['enable', '--dynamic'], ['status'], ['disable']] as const) {
        const end = await operator.plain(command, ['-o', 'json', ...flags], { user: 'limited' });
        assert.equal(end.code, 4, shown(end));
      }
    });

    it('may not ask what they may do is not let through by enable', async () => {
      await removeAll(api);
      const binding = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:basic-user';
      const { status } = await api.request(binding, { method: 'DELETE' });
      assert.equal(status, 200);
      const end = await operator.run('enable', ['--dynamic', '--no-wait']);
      assert.deepEqual([end.code, end.result.outcome], [4, 'refused'], shown(end));
      const check = end.result.checks.find(({ id }) => id === 'permissions');
      assert.match(check?.hint ?? '', /selfsubjectaccessreviews/);
      await assertNothing(api);
    });
  });
});

/** A few at a time: there are only so many cores. */
async function inTurns<T, R>(all: readonly T[], run: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < all.length; i += 4)
    results.push(...(await Promise.all(all.slice(i, i + 4).map((one) => run(one)))));
  return results;
}
