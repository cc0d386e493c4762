// The presets and the static backends on real API servers, old and new: each starts, records what it should, delivers
// to the real receiver or writes and rotates its log; and the switches of the dynamic backend do what they are for.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { logChange } from '../../src/audit/backend/log.ts';
import { dynamicSwitchesChange } from '../../src/audit/backend/switches.ts';
import { webhookChange } from '../../src/audit/backend/webhook.ts';
import type { Change } from '../../src/audit/change.ts';
import { preset } from '../../src/audit/policy/presets.ts';
import { sinkOf } from '../../src/audit/sink/sematext.ts';
import { version as versionOf } from '../support/facts.ts';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServerVersion } from './support/api-server.ts';
import { startAudited, type AuditEvent, type Audited } from './support/audited.ts';
import { startEtcd, type Etcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { startFaultReceiver, type FaultReceiver, type Received } from './support/fault-receiver.ts';
import { logIn } from './support/placed.ts';
import { startSematext, type Sematext } from './support/sematext.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const all = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Request}]\n';
const servers: readonly ApiServerVersion[] = ['1.37.2', '1.18.19'];

/** A patch as nobody but a person writes it: YAML, which the API takes and JSON does not. */
const patchInYaml = (
  ...lines: readonly string[]
): { method: string; headers: Record<string, string>; body: string } => ({
  method: 'PATCH',
  headers: { 'content-type': 'application/apply-patch+yaml' },
  body: `${lines.join('\n')}\n`,
});

describe('the static backends', function () {
  this.timeout(180_000);
  let sematext: Sematext;
  let receiver: FaultReceiver;

  before(async () => {
    sematext = await startSematext({ apiKey: secrets.apiKey });
    receiver = await startFaultReceiver({ upstream: sematext.receiverUrl });
  });
  after(async () => {
    await receiver?.stop();
    await sematext?.stop();
  });

  for (const server of servers)
    describe(`a backend of kube-apiserver ${server}`, () => {
      const old = server === '1.18.19';
      const version = versionOf(`v${server}`);
      const circumstances = { digest, fingerprint: digest(secrets.token).slice(0, 12), version };
      let etcd: Etcd;
      let audited: Audited;

      before(async () => {
        etcd = await startEtcd();
      });
      after(() => etcd.stop());
      const serve = async (change: Change): Promise<void> => {
        audited = await startAudited(server, etcd, change);
      };

      describe('the webhook', () => {
        const policy = preset('recommended', version);
        const quick = { batchSeconds: 1, backoffSeconds: 1 };
        const parts: Audited[] = [];
        let earlier = 0; // requests of another API server

        before(async () => {
          earlier = receiver.received().length;
          await serve(webhookChange(quick, sinkOf('us', receiver.url), policy, circumstances));
          parts.unshift(audited);
        });
        after(async () => {
          for (const part of parts) await part.stop();
        });

        const calls = (): readonly Received[] => receiver.received().slice(earlier);
        const received = (): readonly AuditEvent[] =>
          calls().flatMap(({ body }) => (JSON.parse(body) as { items: AuditEvent[] }).items);
        const arrived = (id: string, stage = 'ResponseComplete'): Promise<AuditEvent> =>
          eventually({
            what: `event ${id}`,
            timeoutMs: 30_000,
            ask: async () => received().find((event) => event.auditID === id && event.stage === stage),
          });

        it('delivers the probes, each once, to where they are searched', async () => {
          const { recorded, dropped } = await audited.probe(policy);
          assert.deepEqual([recorded.length, dropped.length], [2, 0]);
          for (const id of recorded) {
            const found = await eventually({
              what: `event ${id} in the engine`,
              timeoutMs: 30_000,
              ask: async () => {
                const events = await sematext.eventsWith(secrets.token, id);
                return events.length > 0 ? events : undefined;
              },
            });
            assert.deepEqual(
              found.map(({ stage }) => stage),
              ['ResponseComplete'],
            );
          }
          const called = calls().map(({ method, path }) => `${method} ${path}`);
          assert.deepEqual([...new Set(called)], [`POST /${secrets.token}${old ? '' : '?timeout=30s'}`]);
        });

        it('records failed logins, ways into a container and Secrets by the preset recommended, and no noise', async () => {
          const noise = [
            await audited.ask('/healthz'),
            await audited.ask('/apis'),
            await audited.ask('/apis/coordination.k8s.io/v1/leases'),
          ];
          const failed = await audited.ask('/apis', { headers: { authorization: 'Bearer wrong' } }, 401);
          const exec = await audited.ask('/api/v1/namespaces/default/pods/p/exec?command=id', {}, 400, 404);
          const secret = await audited.ask('/api/v1/namespaces/default/secrets', {
            method: 'POST',
            body: { metadata: { name: `s-${randomUUID()}` }, stringData: { word: 'x' } },
          });
          assert.equal((await arrived(failed, 'ResponseStarted')).level, 'Metadata');
          assert.equal((await arrived(exec)).level, 'Metadata');
          const { level, requestObject, responseObject } = await arrived(secret);
          assert.deepEqual([level, requestObject, responseObject], ['Metadata', undefined, undefined]);
          const heard = received().filter(({ auditID }) => noise.includes(auditID));
          assert.deepEqual(heard, []);
        });

        it('records what rights were given, and a patch in YAML at the level that does not lose it', async () => {
          const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
          const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
          const id = await audited.ask(roles, { method: 'POST', body: { metadata: { name: 'e2e' }, rules } });
          const created = await arrived(id);
          assert.deepEqual([created.level, created.requestObject?.['rules']], ['Request', rules]);
          const patch = patchInYaml(
            'apiVersion: rbac.authorization.k8s.io/v1',
            'kind: ClusterRole',
            'metadata: {name: e2e}',
            'rules: []',
          );
          const patched = await arrived(await audited.ask(`${roles}/e2e?fieldManager=e2e&force=true`, patch));
          const expected = old ? ['Metadata', undefined] : ['Request', 'ClusterRole'];
          assert.deepEqual([patched.level, patched.requestObject?.['kind']], expected);
        });

        it('loses an event that cannot be encoded alone, and of a large one its body', async () => {
          const slow = { ...quick, batchSeconds: 4 };
          const other = await startAudited(
            server,
            etcd,
            webhookChange(slow, sinkOf('us', receiver.url), all, circumstances),
          );
          parts.unshift(other);
          const maps = '/api/v1/namespaces/default/configmaps';
          const create = (word: string): Promise<string> =>
            other.ask(maps, {
              method: 'POST',
              body: { metadata: { name: `c-${randomUUID()}` }, data: { word } },
            });
          const [before, large] = [await create('x'), await create('x'.repeat(70_000))];
          const patch = patchInYaml('apiVersion: v1', 'kind: ConfigMap', 'metadata: {name: c}');
          const poison = await other.ask(`${maps}/c?fieldManager=e2e`, patch);
          const after = await create('x');
          assert.ok((await arrived(before)).requestObject);
          assert.ok((await arrived(after)).requestObject);
          const { requestObject, annotations } = await arrived(large);
          assert.deepEqual([requestObject, annotations?.['audit.k8s.io/truncated']], [undefined, 'true']);
          const ends = received().filter(
            ({ auditID, stage }) => auditID === poison && stage === 'ResponseComplete',
          );
          assert.equal(ends.length, old ? 0 : 1);
        });
      });

      describe('the log', () => {
        afterEach(() => audited.stop());

        const isEvent = (line: string): boolean =>
          line.startsWith('{"kind":"Event","apiVersion":"audit.k8s.io/v1"');
        const idsIn = (text: string): readonly string[] =>
          text
            .split('\n')
            .filter(isEvent)
            .map((line) => (JSON.parse(line) as AuditEvent).auditID);
        /** The probes that the policy is said to record stand there once, the others do not. */
        const assertRecorded = async (policy: string, read: () => Promise<string>): Promise<void> => {
          const { recorded, dropped } = await audited.probe(policy);
          assert.notEqual(recorded.length, 0);
          const ids = await eventually({
            what: 'the probes in the log',
            timeoutMs: 20_000,
            ask: async () => {
              const found = idsIn(await read());
              return recorded.every((id) => found.includes(id)) ? found : undefined;
            },
          });
          assert.deepEqual(
            ids.filter((id) => recorded.includes(id) || dropped.includes(id)).sort(),
            [...recorded].sort(),
          );
        };

        it('in a file and the preset vendor, rotates it and keeps as many as asked for', async () => {
          const policy = preset('vendor', version);
          await serve(logChange({ files: 2, mebibytes: 1 }, policy, circumstances));
          const log = logIn(audited.dir);
          await assertRecorded(policy, () => readFile(join(log, 'audit.log'), 'utf8'));
          // an event of 40 KB each
          for (let i = 0; i < 130; i += 1)
            await audited.ask(`/api/v1/namespaces/default/services?pad=${'x'.repeat(40_000)}`);
          const kept = await eventually({
            what: 'the oldest rotated files to be removed',
            timeoutMs: 20_000,
            ask: async () => {
              const names = (await readdir(log)).filter((name) => name !== 'audit.log');
              return names.length === 2 ? names : undefined;
            },
          });
          for (const name of kept) {
            assert.match(name, /^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/);
            const { size } = await stat(join(log, name));
            assert.ok(size > 900_000 && size <= 1_048_576, `${name}: ${size}`);
            const lines = (await readFile(join(log, name), 'utf8')).trimEnd().split('\n');
            assert.deepEqual(
              lines.filter((line) => !isEvent(line)),
              [],
            );
          }
        });

        it('on stdout and the preset minimal', async () => {
          const policy = preset('minimal', version);
          await serve(logChange({ path: '-' }, policy, circumstances));
          await assertRecorded(policy, async () => audited.api.log());
        });
      });

      if (old)
        it('the switches, put into the lists that are there: AuditSinks are honoured', async () => {
          const current = {
            'runtime-config': 'batch/v2alpha1=true',
            'feature-gates': 'TTLAfterFinished=true',
          };
          await serve(dynamicSwitchesChange(current, version));
          try {
            await audited.ask('/apis/batch/v2alpha1');
            await audited.ask('/apis/auditregistration.k8s.io/v1alpha1/auditsinks');
            // with dynamic auditing every request is counted, with or without a sink
            const { body } = await audited.api.request('/metrics');
            assert.match(body, /^apiserver_audit_level_total\{level="RequestResponse"\} [1-9]/m);
          } finally {
            await audited.stop();
          }
        });
      else
        it('the switches: it does not start, and they are not to be had for it', async () => {
          const { flags } = dynamicSwitchesChange({}, versionOf('v1.18.19'));
          const extraFlags = flags.map(([name, value]) => `--${name}=${value}`);
          await assert.rejects(
            startApiServer({ version: server, etcd, extraFlags }),
            /DynamicAuditing|dynamic-configuration/,
          );
          assert.throws(() => dynamicSwitchesChange({}, version));
        });
    });
});
