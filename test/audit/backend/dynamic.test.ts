// The AuditSink that is asked for, when two are the same, and the switches without which none works.
import assert from 'node:assert/strict';
import type { AuditSink, AuditSinkSpec } from '../../../src/audit/backend/audit-sink.ts';
import {
  auditSink,
  billingTwice,
  defaultSettings,
  hasAuditSinks,
  missingSwitches,
  sameSpec,
  switches,
} from '../../../src/audit/backend/dynamic.ts';
import type { Flags } from '../../../src/audit/facts.ts';
import { sinkOf } from '../../../src/audit/sink/sematext.ts';
import { euSink, forbidden, foreignSink, honouring, ownSink, version } from '../../support/facts.ts';

describe('the AuditSink', () => {
  it('has everything under spec, our label, its run, and the slot for the token', () => {
    assert.deepEqual(auditSink(defaultSettings, euSink, 'r-1'), {
      apiVersion: 'auditregistration.k8s.io/v1alpha1',
      kind: 'AuditSink',
      metadata: {
        name: 'sematext-audit',
        labels: { 'app.kubernetes.io/managed-by': 'kubectl-sematext-audit' },
        annotations: { 'sematext.com/audit-run': 'r-1' },
      },
      spec: {
        policy: { level: 'Metadata', stages: ['ResponseComplete'] },
        webhook: {
          throttle: { qps: 10, burst: 15 },
          clientConfig: { url: 'https://logsene-k8s-audit-receiver.eu.sematext.com/${LOGS_TOKEN}/' },
        },
      },
    });
  });

  const minors: readonly (readonly [version: string, has: boolean])[] = [
    ['v1.12.10', false],
    ['v1.13.0', true],
    ['v1.18.20', true],
    ['v1.19.0', false],
    ['v1.37.2', false],
  ];
  for (const [gitVersion, has] of minors)
    it(`${gitVersion} has ${has ? '' : 'no '}AuditSinks`, () =>
      assert.equal(hasAuditSinks(version(gitVersion)), has));
  it('2.15 has none', () =>
    assert.equal(hasAuditSinks({ gitVersion: 'v2.15.0', major: 2, minor: 15 }), false));
});

const url = 'https://logsene-k8s-audit-receiver.eu.sematext.com/${LOGS_TOKEN}/';
const webhook = (change: object): Partial<AuditSinkSpec> => ({
  webhook: { ...ownSink().spec.webhook, ...change },
});
const policy = (change: object): Partial<AuditSinkSpec> => ({
  policy: { ...ownSink().spec.policy, ...change },
});
const same: readonly (readonly [what: string, a: AuditSink, b: AuditSink, is: boolean])[] = [
  ['itself', ownSink(), ownSink(), true],
  ['another run’s', ownSink(), ownSink({}, 'r-2'), true],
  [
    'stages in another order',
    ownSink(policy({ stages: ['Panic', 'ResponseComplete'] })),
    ownSink(policy({ stages: ['ResponseComplete', 'Panic'] })),
    true,
  ],
  ['no throttle, which is the default one', ownSink(webhook({ throttle: undefined })), ownSink(), true],
  ['half a throttle', ownSink(webhook({ throttle: { qps: 10 } })), ownSink(), true],
  [
    'no slash at the end',
    ownSink(webhook({ clientConfig: { url: url.replace(/\/$/, '') } })),
    ownSink(),
    true,
  ],
  ['two slashes at the end', ownSink(webhook({ clientConfig: { url: `${url}/` } })), ownSink(), true],
  ['a further stage', ownSink(policy({ stages: ['ResponseComplete', 'Panic'] })), ownSink(), false],
  ['no stages', ownSink(policy({ stages: undefined })), ownSink(), false],
  ['another level', ownSink(policy({ level: 'Request' })), ownSink(), false],
  ['another qps', ownSink(webhook({ throttle: { qps: 11, burst: 15 } })), ownSink(), false],
  ['another burst', ownSink(webhook({ throttle: { qps: 10, burst: 16 } })), ownSink(), false],
  ['another host', ownSink(webhook({ clientConfig: { url: url.replace('.eu', '') } })), ownSink(), false],
  [
    'another token',
    ownSink(webhook({ clientConfig: { url: url.replace('${LOGS_TOKEN}', '<token f1>') } })),
    ownSink(),
    false,
  ],
  ['a CA besides', ownSink(webhook({ clientConfig: { url, caBundle: 'AA==' } })), ownSink(), false],
  [
    'a service',
    ownSink(webhook({ clientConfig: { service: { namespace: 'n', name: 's' } } })),
    ownSink(),
    false,
  ],
];

describe('sameSpec', () => {
  for (const [what, a, b, is] of same)
    it(`${what}: ${is ? 'the same' : 'not the same'}`, () => {
      assert.equal(sameSpec(a, b), is);
      assert.equal(sameSpec(b, a), is, 'the other way round');
    });

  it('leaves the stages in their order', () => {
    const sink = ownSink(policy({ stages: ['ResponseComplete', 'Panic'] }));
    sameSpec(sink, sink);
    assert.deepEqual(sink.spec.policy.stages, ['ResponseComplete', 'Panic']);
  });
});

const all = switches.map(({ flag }) => flag);
const [api = '', gate = '', dynamic = ''] = all;
const flags: readonly (readonly [what: string, flags: Flags, missing: readonly string[]])[] = [
  ['all three', honouring, []],
  ['none', {}, all],
  ['no group', { ...honouring, 'runtime-config': '' }, [api]],
  ['no gate', { ...honouring, 'feature-gates': '' }, [gate]],
  ['no dynamic configuration', { ...honouring, 'audit-dynamic-configuration': 'false' }, [dynamic]],
  [
    'the group among others, with blanks',
    { ...honouring, 'runtime-config': 'batch/v2alpha1=true, auditregistration.k8s.io/v1alpha1=true' },
    [],
  ],
  ['the group by its bare name', { ...honouring, 'runtime-config': 'auditregistration.k8s.io/v1alpha1' }, []],
  ['all groups', { ...honouring, 'runtime-config': 'api/all=true' }, []],
  ['all alpha groups', { ...honouring, 'runtime-config': 'api/alpha=true' }, []],
  [
    'all groups but this',
    { ...honouring, 'runtime-config': 'api/all=true,auditregistration.k8s.io/v1alpha1=false' },
    [api],
  ],
  [
    'this group alone',
    { ...honouring, 'runtime-config': 'auditregistration.k8s.io/v1alpha1=true,api/all=false' },
    [],
  ],
  [
    'the group switched off',
    { ...honouring, 'runtime-config': 'auditregistration.k8s.io/v1alpha1=false' },
    [api],
  ],
  [
    'another version of the group',
    { ...honouring, 'runtime-config': 'auditregistration.k8s.io/v1beta1=true' },
    [api],
  ],
  ['all alpha features', { ...honouring, 'feature-gates': 'AllAlpha=true' }, []],
  [
    'all alpha features but this',
    { ...honouring, 'feature-gates': 'AllAlpha=true,DynamicAuditing=false' },
    [gate],
  ],
  ['the gate switched off', { ...honouring, 'feature-gates': 'DynamicAuditing=false' }, [gate]],
  [
    'the gate twice: the last counts',
    { ...honouring, 'feature-gates': 'DynamicAuditing=true,DynamicAuditing=false' },
    [gate],
  ],
  ['another gate', { ...honouring, 'feature-gates': 'DynamicAuditingX=true' }, [gate]],
  [
    'Go’s other words for true',
    { ...honouring, 'feature-gates': 'DynamicAuditing=True', 'audit-dynamic-configuration': '1' },
    [],
  ],
];

describe('missingSwitches', () => {
  for (const [what, given, missing] of flags)
    it(what, () => assert.deepEqual(missingSwitches({ seen: given }), { seen: missing }));

  it('says no more than was seen', () => assert.deepEqual(missingSwitches(forbidden), forbidden));
});

const eu = 'https://logsene-k8s-audit-receiver.eu.sematext.com/<token f1>/';
const own = sinkOf('us', 'http://10.0.0.9:8080');
const bills: readonly (readonly [
  what: string,
  url: string,
  sink: ReturnType<typeof sinkOf> | undefined,
  bills: boolean,
])[] = [
  ['Sematext in the same region', eu, euSink, true],
  ['Sematext in the other region', eu.replace('.eu', ''), euSink, true],
  ['Sematext, when no sink was named', eu, undefined, true],
  ['Sematext, when ours is one’s own', eu, own, true],
  ['the same receiver of one’s own', 'http://10.0.0.9:8080/x', own, true],
  ['another port of it', 'http://10.0.0.9:8081/x', own, false],
  ['our token elsewhere', 'https://proxy.example.com/${LOGS_TOKEN}', euSink, true],
  ['something else', 'https://audit.example.com/x', euSink, false],
];

describe('billingTwice', () => {
  for (const [what, to, sink, twice] of bills)
    it(`a sink to ${what}: ${twice ? 'bills' : 'does not bill'}`, () =>
      assert.deepEqual(billingTwice([foreignSink(to)], sink), twice ? [foreignSink(to)] : []));

  it('never our own sink, nor one that posts to a service', () => {
    const service = foreignSink('x');
    const inside = {
      ...service,
      spec: { ...service.spec, webhook: { clientConfig: { service: { namespace: 'n', name: 's' } } } },
    };
    assert.deepEqual(billingTwice([ownSink(), inside], euSink), []);
  });
});
