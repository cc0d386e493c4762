// What is learned of a cluster: shapes that API servers answer in, and that no secret is ever among the facts.
import assert from 'node:assert/strict';
import { names } from '../../src/audit/names.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import { compareReadings } from '../../src/flows/gather-api-servers.ts';
import { gather, readEndpoints } from '../../src/flows/gather.ts';
import { readVersion } from '../../src/flows/gather-signs.ts';
import { absent, failed, metrics } from '../support/facts.ts';
import { secrets } from '../support/secrets.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

describe('the facts of a cluster full of tokens', () => {
  let stage: Stage;
  before(async () => {
    stage = await openStage();
  });
  after(() => stage.stop());

  const { token, otherToken } = secrets;
  const sink = (name: string, url: string, annotations = {}): KubeObject => ({
    apiVersion: 'auditregistration.k8s.io/v1alpha1',
    kind: 'AuditSink',
    metadata: { name, annotations },
    spec: { policy: { level: 'Metadata', stages: ['Panic'] }, webhook: { clientConfig: { url } } },
  });

  it('hold none of them, but can tell equal ones from others', async () => {
    const [ours, theirs] = [token, otherToken].map((one) => `https://h.example.com/${one}/`);
    stage.server.objects.put(sink('a', theirs ?? ''));
    stage.server.objects.put(sink('b', theirs?.toUpperCase().replace('HTTPS', 'https') ?? ''));
    stage.server.objects.put(sink('c', ours ?? ''));
    const spec = JSON.stringify({ url: theirs });
    const annotations = {
      [names.previousAnnotation]: spec,
      'kubectl.kubernetes.io/last-applied-configuration': spec,
    };
    stage.server.objects.put(sink(names.object, ours ?? '', annotations));
    const facts = await gather(stage.world(), { access: stage.access });
    const text = JSON.stringify(facts).toLowerCase();
    for (const secret of Object.values(secrets)) assert.ok(!text.includes(secret));
    assert.ok('seen' in facts.auditSinks);
    const urls = facts.auditSinks.seen.map(({ spec: { webhook } }) =>
      webhook.clientConfig.url?.toLowerCase(),
    );
    assert.equal(urls[0], urls[1]);
    assert.notEqual(urls[0], urls[2]);
    assert.equal(urls[2], urls[3]);
    assert.match(urls[2] ?? '', /\/\$\{logs_token\}\/$/);
    assert.ok(
      facts.auditSinks.seen.at(-1)?.metadata.annotations?.[names.previousAnnotation],
      'known to be kept',
    );
  });
});

const address = (...ips: string[]): object => ({
  addresses: ips.map((ip) => ({ ip })),
  ports: [{ port: 6443 }],
});
const endpoints: readonly (readonly [what: string, json: unknown, found: readonly string[]])[] = [
  ['one', { subsets: [address('10.0.0.1')] }, ['10.0.0.1:6443']],
  [
    'three',
    { subsets: [address('10.0.0.1', '10.0.0.2'), address('10.0.0.3')] },
    ['10.0.0.1:6443', '10.0.0.2:6443', '10.0.0.3:6443'],
  ],
  ['IPv6', { subsets: [address('fd00::1')] }, ['[fd00::1]:6443']],
  ['no ports', { subsets: [{ addresses: [{ ip: '10.0.0.1' }] }] }, ['10.0.0.1:443']],
  ['not ready yet', { subsets: [{ notReadyAddresses: [{ ip: '10.0.0.1' }] }] }, []],
  ['none', {}, []],
];

describe('readEndpoints', () => {
  for (const [what, json, found] of endpoints) it(what, () => assert.deepEqual(readEndpoints(json), found));
  for (const [what, json] of [
    ['null', null],
    ['a list', []],
    ['subsets that are none', { subsets: 'x' }],
  ] as const)
    it(`throws on ${what}`, () => assert.throws(() => readEndpoints(json)));
});

describe('readVersion', () => {
  const read = (gitVersion: unknown): unknown => readVersion({ gitVersion, major: '1', minor: '18+' });
  const versions: readonly (readonly [gitVersion: string, major: number, minor: number])[] = [
    ['v1.18.19', 1, 18],
    ['v1.18.9-eks-d1db3c', 1, 18],
    ['v1.37.2+k3s1', 1, 37],
    ['v1.37.0-beta.0', 1, 37],
  ];
  for (const [gitVersion, major, minor] of versions)
    it(gitVersion, () => assert.deepEqual(read(gitVersion), { gitVersion, major, minor }));
  for (const wrong of [undefined, 18, '', '1.18.19', 'v1', 'vx.y.z'])
    it(`throws on ${String(wrong)}`, () => assert.throws(() => read(wrong)));
});

describe('compareReadings', () => {
  const [before, after] = [metrics({ events: 1 }), metrics({ events: 2 })];
  it('puts two readings of one process together', () =>
    assert.deepEqual(compareReadings({ seen: before }, { seen: after }, 2345), {
      seen: { before, after, seconds: 2.3 },
    }));
  it('does not compare two processes', () => {
    const other = { seen: metrics({ processStart: 7 }) };
    assert.match(
      (compareReadings({ seen: before }, other, 1) as { why: string }).why,
      /another API server|restarted/,
    );
  });
  it('is blind where either is', () => {
    assert.deepEqual(compareReadings(failed, { seen: after }, 1), failed);
    assert.deepEqual(compareReadings({ seen: before }, absent, 1), absent);
  });
});
