// What the user says, or leaves to the tool: the sink, the settings, the backend; and the way out where it cannot go on.
import assert from 'node:assert/strict';
import { startApiServer } from '../../src/demo/api-server.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import { openAccess } from '../../src/flows/access.ts';
import type { SinkChoice } from '../../src/flows/access.ts';
import { codeOfEnable, readSettings } from '../../src/flows/enable.ts';
import type { EnableResult } from '../../src/audit/results.ts';
import { names } from '../../src/audit/names.ts';
import { recordObject } from '../../src/audit/plan/record.ts';
import { sinkOf } from '../../src/audit/sink/sematext.ts';
import type { Secret, World } from '../../src/io/world.ts';
import { failure } from '../support/failure.ts';
import { honouring, recordOf } from '../support/facts.ts';
import { secrets } from '../support/secrets.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

describe('readSettings', () => {
  it('are those of the vendor’s page where nothing is said', () =>
    assert.deepEqual(readSettings({}), {
      level: 'Metadata',
      stages: ['ResponseComplete'],
      qps: 10,
      burst: 15,
    }));
  it('are what is said', () => {
    const said = { level: 'Request', stages: 'Panic, RequestReceived', qps: 1, burst: 2 } as const;
    assert.deepEqual(readSettings(said), { ...said, stages: ['Panic', 'RequestReceived'] });
  });
  for (const stages of ['', 'panic', 'Panic,', 'Panic,Never', 'Panic;RequestReceived'])
    it(`refuse the stages "${stages}"`, async () =>
      assert.equal((await failure(() => readSettings({ stages }))).code, 'usage'));
});

describe('openAccess', () => {
  let stage: Stage;
  let world: World;
  const secret = (value: string, notes: readonly string[] = []): Secret => ({ value, from: 'a test', notes });
  before(async () => {
    stage = await openStage({ version: '1.37.2', auditSinks: { served: false, honoured: false } });
    const given = async (): Promise<Secret> => secret(secrets.token, ['its file can be read by others']);
    world = {
      ...stage.world(),
      secrets: { logsToken: given, logsTokenIfGiven: given, apiKey: async () => secret(secrets.apiKey) },
    };
  });
  after(() => stage.stop());
  beforeEach(() => stage.reset());

  const open = (choice: Partial<SinkChoice>, said: string[] = []): ReturnType<typeof openAccess> =>
    openAccess(world, { token: {}, apiKey: {}, ...choice }, { token: true, cluster: true }, (text) =>
      said.push(text),
    );
  const record = (receiver: string): void =>
    void stage.server.objects.put(recordObject(recordOf({ receiver })) as unknown as KubeObject);

  it('is the US where nothing is said and nothing recorded', async () => {
    const said: string[] = [];
    const { sink, token, apiKey } = await open({}, said);
    assert.deepEqual(sink, sinkOf('us'));
    assert.deepEqual([token, apiKey], [secrets.token, secrets.apiKey]);
    assert.deepEqual(said, ['its file can be read by others']);
  });

  it('is the region that was recorded, unless another is said', async () => {
    record(sinkOf('eu').receiver);
    assert.equal((await open({})).sink.region, 'eu');
    assert.equal((await open({ region: 'us' })).sink.region, 'us');
  });

  it('is never a URL out of a record: token and key would go wherever its writer wants', async () => {
    record('https://elsewhere.example.com');
    const error = await failure(() => open({}));
    assert.equal(error.code, 'usage');
    assert.match(error.message, /elsewhere\.example\.com/);
  });

  const urls: readonly (readonly [url: string, fault: RegExp | undefined])[] = [
    ['https://h.example.com', undefined],
    ['http://127.0.0.1:8080/a/', undefined],
    ['h.example.com', /not an http or https URL/],
    ['ftp://h.example.com', /not an http or https URL/],
    ['', /not an http or https URL/],
    ['https://user:hunter@h.example.com', /user name or password/],
    ['https://h.example.com/?a=b', /query or a fragment/],
    ['https://h.example.com/#a', /query or a fragment/],
  ];
  for (const flag of ['receiverUrl', 'searchUrl'] as const)
    for (const [url, fault] of urls)
      it(`${flag} "${url}": ${fault === undefined ? 'taken' : 'refused'}`, async () => {
        const choice = { region: 'us', [flag]: url } as const;
        if (fault === undefined) {
          const { sink } = await open(choice);
          assert.equal(flag === 'receiverUrl' ? sink.receiver : sink.search, url.replace(/\/$/, ''));
        } else {
          const error = await failure(() => open(choice));
          assert.equal(error.code, 'usage');
          assert.match(error.message, fault);
          assert.ok(!error.message.includes('hunter'), 'and is not repeated');
        }
      });
});

describe('enable where it cannot', () => {
  const stages: Stage[] = [];
  const on = async (...options: Parameters<typeof openStage>): Promise<Stage> => {
    const stage = await openStage(...options);
    stages.push(stage);
    return stage;
  };
  afterEach(async () => {
    await Promise.all(stages.splice(0).map((stage) => stage.stop()));
  });
  const refused = async (stage: Stage, backend: 'dynamic' | undefined): Promise<EnableResult> => {
    let result: EnableResult | undefined;
    const writes = await stage.writesOf(async () => {
      result = await stage.enable({ backend });
    });
    assert.deepEqual(writes, []);
    assert.equal(result?.outcome, 'refused');
    return result;
  };
  const none = { served: false, honoured: false };

  it('--dynamic on 1.37: removed, and no switch is named that would stop the API server', async () => {
    const result = await refused(await on({ version: '1.37.2', auditSinks: none }), 'dynamic');
    assert.equal(codeOfEnable(result), 'dynamic-removed');
    assert.equal(result.byHand, undefined);
    assert.doesNotMatch(
      JSON.stringify(result),
      /DynamicAuditing|audit-dynamic-configuration|auditregistration\.k8s\.io\/v1alpha1=true/,
    );
  });

  it('plain on 1.37: the webhook, why, and the steps by hand for this control plane', async () => {
    const result = await refused(await on({ version: '1.37.2', auditSinks: none }), undefined);
    assert.equal(codeOfEnable(result), 'target-unsupported');
    assert.equal(result.backend.name, 'webhook');
    assert.equal(result.controlPlane.target, 'kubeadm');
    assert.match(result.byHand?.steps.join('\n') ?? '', /--audit-webhook-config-file=/);
  });

  it('the control plane is the one that the user names', async () => {
    const stage = await on({ version: '1.37.2', auditSinks: none });
    const result = await stage.enable({ backend: undefined, distribution: 'k3s' });
    assert.equal(result.controlPlane.target, 'k3s');
    assert.equal(result.byHand?.page, 'docs/control-planes/k3s.md');
  });

  it('--dynamic on 1.18 without the API: the three switches, by hand', async () => {
    const result = await refused(await on({ auditSinks: none }), 'dynamic');
    assert.equal(codeOfEnable(result), 'target-unsupported');
    const steps = result.byHand?.steps.join('\n') ?? '';
    for (const flag of Object.keys(honouring)) assert.ok(steps.includes(`--${flag}=`), flag);
  });

  it('--dynamic on 1.18 with the API alone: the other two', async () => {
    const result = await refused(await on({ auditSinks: { served: true, honoured: false } }), 'dynamic');
    const steps = result.byHand?.steps.join('\n') ?? '';
    assert.match(steps, /--audit-dynamic-configuration=true/);
    assert.doesNotMatch(steps, /--runtime-config=/);
  });

  it('switches that only the second API server lacks are named', async () => {
    const stage = await on();
    const other = await startApiServer({ version: '1.18.19', auditSinks: { served: true, honoured: false } });
    try {
      const ports = [stage.server, other].map(({ url }) => Number(new URL(url).port));
      const subsets = ports.map((port) => ({ addresses: [{ ip: '127.0.0.1' }], ports: [{ port }] }));
      stage.server.objects.put({ ...(stage.find('Endpoints', 'kubernetes') as KubeObject), subsets });
      const pod = stage.find('Pod', 'kube-apiserver-demo-control-plane') as KubeObject;
      const theirs = other.objects
        .all()
        .find(({ metadata }) => metadata.name === pod.metadata.name) as KubeObject;
      stage.server.objects.put({
        ...theirs,
        metadata: { ...theirs.metadata, name: 'kube-apiserver-second' },
      });
      // each pod by its own address, since both advertise 127.0.0.1
      for (const [i, name] of [pod.metadata.name, 'kube-apiserver-second'].entries()) {
        const found = stage.find('Pod', name) as KubeObject & {
          spec: { containers: { command: string[] }[] };
        };
        const key = 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint';
        const annotations = { ...found.metadata.annotations, [key]: `127.0.0.1:${ports[i]}` };
        const containers = found.spec.containers.map((one) => ({
          ...one,
          command: one.command.filter((word) => !word.startsWith('--advertise-address')),
        }));
        stage.server.objects.put({
          ...found,
          metadata: { ...found.metadata, annotations },
          spec: { ...found.spec, containers },
        });
      }
      const result = await stage.enable({}, stage.world({ trustsAll: true }));
      assert.equal(result.outcome, 'refused');
      assert.match(
        result.checks.find(({ id }) => id === 'switches')?.evidence ?? '',
        new RegExp(`127.0.0.1:${ports[1]} lacks`),
      );
      assert.match(result.byHand?.steps.join('\n') ?? '', /--audit-dynamic-configuration=true/);
    } finally {
      await other.stop();
    }
  });

  it('a user without the right to it is told which, before anything is touched', async () => {
    const may = (verb: string, _group: string, resource: string): boolean =>
      !(verb === 'create' && resource === 'auditsinks');
    const stage = await on({ users: { limited: { name: 'limited', groups: [], may } } });
    const writes = await stage.writesOf(async () => {
      const result = await stage.enable({}, stage.world({ as: 'limited' }));
      assert.equal(codeOfEnable(result), 'cluster-forbidden');
      assert.match(result.checks.find(({ id }) => id === 'permissions')?.evidence ?? '', /create auditsinks/);
    });
    assert.deepEqual(writes, []);
    assert.equal(stage.find('ConfigMap', names.object), undefined);
  });
});
