// The main job on the embedded parts: enable, see that it is well, send an event, take it back.
import assert from 'node:assert/strict';
import { names } from '../../src/audit/names.ts';
import { readRecord } from '../../src/audit/plan/record.ts';
import { codeOfEnable } from '../../src/flows/enable.ts';
import { codeOf } from '../../src/flows/status.ts';
import { secrets } from '../support/secrets.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage.stop());
beforeEach(() => stage.reset());

const urlOf = (): unknown =>
  (stage.find('AuditSink')?.['spec'] as { webhook: { clientConfig: { url: string } } }).webhook.clientConfig
    .url;

describe('enable, status, test-event, disable', () => {
  it('deliver, say so, prove it, and leave nothing behind', async () => {
    const before = stage.objects();

    const enabled = await stage.enable({ wait: true });
    assert.equal(enabled.outcome, 'enabled');
    assert.equal(enabled.proof?.verdict, 'delivered');
    assert.equal(codeOfEnable(enabled), undefined);
    assert.equal(urlOf(), `${stage.sematext.receiverUrl}/${secrets.token}/`);
    const record = readRecord(stage.find('ConfigMap'));
    assert.equal(record?.state, 'done');
    assert.equal(stage.find('AuditSink')?.metadata.annotations?.[names.runAnnotation], record.run);

    const status = await stage.status();
    assert.deepEqual([status.state, status.healthy, codeOf(status)], ['delivering', true, undefined]);

    const proof = await stage.testEvent();
    assert.equal(proof.verdict, 'delivered');
    const [probe] = proof.probes;
    assert.deepEqual(probe?.stages, ['ResponseComplete']);
    assert.deepEqual(new Set(probe.hops.map(({ result }) => result)), new Set(['passed']));
    const stored = stage.sematext.documents(secrets.token).filter(({ auditID }) => auditID === probe.auditId);
    assert.equal(stored.length, 1, 'the very request is in the store');

    const disabled = await stage.disable();
    assert.equal(disabled.outcome, 'disabled');
    assert.equal(disabled.record?.run, record.run);
    assert.deepEqual(stage.objects(), before);
    assert.equal((await stage.status()).state, 'off');
  });

  it('a dry run of either shows the plan that is carried out, and changes nothing', async () => {
    const planned = await stage.enable({ dryRun: true });
    assert.equal(planned.outcome, 'planned');
    assert.deepEqual(await stage.writesOf(() => stage.enable({ dryRun: true })), []);
    const { plan } = await stage.enable();
    assert.deepEqual(
      planned.plan.steps.map(({ title }) => title),
      plan.steps.map(({ title }) => title),
    );
    assert.deepEqual(await stage.writesOf(() => stage.disable({ dryRun: true })), []);
    assert.equal((await stage.disable({ dryRun: true })).outcome, 'planned');
  });

  it('enable twice writes nothing the second time', async () => {
    await stage.enable();
    const before = JSON.stringify(stage.server.objects.all());
    const writes = await stage.writesOf(async () =>
      assert.equal((await stage.enable()).outcome, 'unchanged'),
    );
    assert.deepEqual(writes, []);
    assert.equal(JSON.stringify(stage.server.objects.all()), before);
  });

  it('disable twice writes nothing the second time', async () => {
    await stage.enable();
    await stage.disable();
    const writes = await stage.writesOf(async () =>
      assert.equal((await stage.disable()).outcome, 'nothing-to-do'),
    );
    assert.deepEqual(writes, []);
  });

  it('enable with other settings updates the one sink there is, and disable takes that back', async () => {
    const before = stage.objects();
    await stage.enable();
    const { uid } = stage.find('AuditSink')?.metadata ?? {};
    const settings = {
      level: 'Request',
      stages: ['RequestReceived', 'ResponseComplete'],
      qps: 5,
      burst: 6,
    } as const;
    assert.equal((await stage.enable({ settings })).outcome, 'enabled');
    const sink = stage.find('AuditSink');
    assert.equal(sink?.metadata.uid, uid);
    const { policy, webhook } = sink?.['spec'] as { policy: unknown; webhook: { throttle: unknown } };
    assert.deepEqual(policy, { level: 'Request', stages: settings.stages });
    assert.deepEqual(webhook.throttle, { qps: 5, burst: 6 });
    await stage.disable();
    assert.deepEqual(stage.objects(), before);
  });

  it('enable with another token gives the sink the other token', async () => {
    await stage.enable({ access: { ...stage.access, token: secrets.otherToken } });
    assert.equal((await stage.enable()).outcome, 'enabled');
    assert.equal(urlOf(), `${stage.sematext.receiverUrl}/${secrets.token}/`);
  });

  it('enable without a token changes nothing', async () => {
    const { sink } = stage.access;
    const writes = await stage.writesOf(() =>
      assert.rejects(stage.enable({ access: { sink } }), { code: 'token-missing' }),
    );
    assert.deepEqual(writes, []);
  });

  it('enable is refused where a check stands in the way, and changes nothing', async () => {
    stage.sematext.faults.receiver.status(403);
    const writes = await stage.writesOf(async () => {
      const refused = await stage.enable();
      assert.equal(refused.outcome, 'refused');
      assert.equal(codeOfEnable(refused), 'receiver-unreachable');
    });
    assert.deepEqual(writes, []);
  });
});

describe('disable without a record', () => {
  const withoutRecord = async (): Promise<void> => {
    await stage.enable();
    const record = stage.find('ConfigMap');
    assert.ok(record);
    stage.server.objects.drop(record);
  };

  it('asks, and deletes on yes', async () => {
    await withoutRecord();
    const { outcome } = await stage.disable({ yes: false }, stage.world({ answers: 'yes' }));
    assert.equal(outcome, 'disabled');
    assert.equal(stage.find('AuditSink'), undefined);
  });

  for (const answer of ['n', '', 'yeah'])
    it(`asks, and changes nothing on "${answer}"`, async () => {
      await withoutRecord();
      const before = JSON.stringify(stage.server.objects.all());
      await assert.rejects(stage.disable({ yes: false }, stage.world({ answers: answer })), {
        code: 'declined',
      });
      assert.equal(JSON.stringify(stage.server.objects.all()), before);
    });

  it('deletes without asking on --yes', async () => {
    await withoutRecord();
    assert.equal((await stage.disable({ yes: true })).outcome, 'disabled');
    assert.equal(stage.find('AuditSink'), undefined);
  });

  it('changes nothing where nobody can be asked', async () => {
    await withoutRecord();
    const writes = await stage.writesOf(() =>
      assert.rejects(stage.disable({ yes: false }), { code: 'confirmation-needed' }),
    );
    assert.deepEqual(writes, []);
    assert.ok(stage.find('AuditSink'));
  });

  it('has nothing to do where there is no sink of our name', async () => {
    assert.equal((await stage.disable({ yes: false })).outcome, 'nothing-to-do');
  });
});
