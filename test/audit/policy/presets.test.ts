// The presets: taken by every version without a word, explained line by line, and what they record of what.
import assert from 'node:assert/strict';
import type { Level } from '../../../src/audit/backend/audit-sink.ts';
import { checkPolicy } from '../../../src/audit/policy/check.ts';
import { evaluate } from '../../../src/audit/policy/evaluate.ts';
import type { Attributes, Policy } from '../../../src/audit/policy/policy.ts';
import { preset, presetNames } from '../../../src/audit/policy/presets.ts';
import type { PresetName } from '../../../src/audit/policy/presets.ts';
import { readPolicy } from '../../../src/audit/policy/read.ts';
import { recordedProbes } from '../../../src/audit/policy/recorded.ts';
import { version } from '../../support/facts.ts';

// the oldest, the newest, and where something begins or ends
const servers = [13, 18, 21, 22, 23, 24, 35, 36, 37, 38].map((minor) => version(`v1.${minor}.0`));
const recent = version('v1.37.2');

const known = new Map<string, Policy>();

function policyOf(name: PresetName, server = recent): Policy {
  const text = preset(name, server);
  const policy = known.get(text) ?? (readPolicy(text, server).policy as Policy);
  known.set(text, policy);
  return policy;
}

for (const name of presetNames)
  describe(`the preset ${name}`, () => {
    it('is taken by every version without an error or a warning', () => {
      for (const server of servers)
        assert.deepEqual(checkPolicy(preset(name, server), server), [], server.gitVersion);
    });
    it('records a probe of a cluster admin on each', () => {
      for (const server of servers) {
        const methods = recordedProbes(preset(name, server), server).map(({ method }) => method);
        assert.deepEqual(methods, name === 'minimal' ? ['POST'] : ['POST', 'GET'], server.gitVersion);
      }
    });
    it('says of every rule and every setting why', () => {
      for (const server of servers) {
        const lines = preset(name, server).split('\n');
        const setting = /^(?: {2}- level|omitStages|omitManagedFields)/;
        lines.forEach((line, i) => {
          if (setting.test(line)) assert.match(lines[i - 1] ?? '', /^ *# /, `${server.gitVersion}: ${line}`);
          assert.ok(line.length <= 120, line);
        });
        assert.ok(lines.filter((line) => setting.test(line)).length > 5);
      }
    });
    it('ends in a newline, and has no empty line', () => assert.match(preset(name, recent), /^(?:.+\n)+$/));
  });

const admin = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
const node = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const component = (name: string): Attributes['user'] => ({
  name: `system:${name}`,
  groups: ['system:authenticated'],
});
const account = (namespace: string): Attributes['user'] => ({
  name: `system:serviceaccount:${namespace}:a`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
});
const nobody = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** `get pods/exec`, `create rbac.authorization.k8s.io:roles`, `get /version`. */
function request(text: string, user: Attributes['user'], namespace = 'default'): Attributes {
  const [verb = '', what = ''] = text.split(' ');
  const at = { ...(user && { user }), verb, namespace, name: '' };
  if (what.startsWith('/'))
    return {
      ...at,
      namespace: '',
      resourceRequest: false,
      apiGroup: '',
      resource: '',
      subresource: '',
      path: what,
    };
  const [, apiGroup = '', resource = '', subresource = ''] =
    /^(?:(.*):)?([^/]*)(?:\/(.*))?$/.exec(what) ?? [];
  return { ...at, resourceRequest: true, apiGroup, resource, subresource, path: '' };
}

const level = (name: PresetName, text: string, user: Attributes['user'], server = recent): Level =>
  evaluate(policyOf(name, server), request(text, user), server).level;

type Row = readonly [text: string, who: string, user: Attributes['user'], recommended: Level, minimal: Level];
const rows: readonly Row[] = [
  ['get /livez', 'nobody', nobody, 'None', 'None'],
  ['get /readyz/etcd', 'a failed login', undefined, 'None', 'None'],
  ['get /apis', 'an admin', admin, 'None', 'None'],
  ['get /apis', 'a failed login', undefined, 'Metadata', 'None'],
  ['get /metrics', 'a workload', account('monitoring'), 'None', 'None'],
  ['get /metrics', 'nobody', nobody, 'Metadata', 'None'],
  ['get /debug/pprof/heap', 'an admin', admin, 'Metadata', 'None'],
  ['update coordination.k8s.io:leases', 'a node', node, 'None', 'None'],
  ['delete coordination.k8s.io:leases', 'an admin', admin, 'Metadata', 'Metadata'],
  ['create events', 'a node', node, 'None', 'None'],
  ['patch events.k8s.io:events', 'the scheduler', component('kube-scheduler'), 'None', 'None'],
  ['deletecollection events', 'an admin', admin, 'Metadata', 'Metadata'],
  ['create authentication.k8s.io:tokenreviews', 'a node', node, 'None', 'None'],
  ['create authorization.k8s.io:subjectaccessreviews', 'an add-on', account('kube-system'), 'None', 'None'],
  ['create authorization.k8s.io:selfsubjectaccessreviews', 'a workload', account('a'), 'Metadata', 'None'],
  ['watch pods', 'the scheduler', component('kube-scheduler'), 'None', 'None'],
  ['list secrets', 'the controller manager', component('kube-controller-manager'), 'None', 'None'],
  ['get secrets', 'a node', node, 'None', 'None'],
  ['get secrets', 'an add-on', account('kube-system'), 'Metadata', 'None'],
  ['watch secrets', 'a workload', account('a'), 'Metadata', 'None'],
  ['list secrets', 'an admin', admin, 'Metadata', 'None'],
  ['list pods', 'an add-on', account('kube-system'), 'None', 'None'],
  ['watch pods', 'a workload', account('a'), 'None', 'None'],
  ['list pods', 'a workload', account('a'), 'Metadata', 'None'],
  ['list pods', 'an admin', admin, 'Metadata', 'None'],
  ['list pods', 'nobody', nobody, 'Metadata', 'None'],
  ['list pods', 'a failed login', undefined, 'Metadata', 'None'],
  ['create pods', 'a failed login', undefined, 'Metadata', 'Metadata'],
  ['patch nodes/status', 'a node', node, 'Metadata', 'Metadata'],
  ['update apps:deployments/scale', 'an admin', admin, 'Metadata', 'Metadata'],
  ['delete example.com:widgets', 'a workload', account('a'), 'Metadata', 'Metadata'],
  ['create serviceaccounts/token', 'a node', node, 'Metadata', 'Metadata'],
  ['create rbac.authorization.k8s.io:clusterrolebindings', 'an admin', admin, 'Request', 'Metadata'],
  ['patch rbac.authorization.k8s.io:roles', 'an admin', admin, 'Request', 'Metadata'],
  ['delete rbac.authorization.k8s.io:roles', 'an admin', admin, 'Request', 'Metadata'],
  ['get rbac.authorization.k8s.io:roles', 'an admin', admin, 'Metadata', 'None'],
];

describe('what recommended and minimal record', () => {
  for (const [text, who, user, recommended, minimal] of rows)
    it(`${text} by ${who}: ${recommended}, ${minimal}`, () => {
      assert.equal(level('recommended', text, user), recommended);
      assert.equal(level('minimal', text, user), minimal, 'minimal');
    });

  it('exec, attach and port-forward by whoever, however their clients ask', () => {
    const whoever = [
      admin,
      node,
      component('kube-controller-manager'),
      account('kube-system'),
      account('a'),
      nobody,
      undefined,
    ];
    for (const name of presetNames)
      for (const sub of ['exec', 'attach', 'portforward'])
        for (const verb of ['get', 'create'])
          for (const user of whoever) {
            const found = level(name, `${verb} pods/${sub}`, user);
            assert.notEqual(
              found,
              'None',
              `${name}: ${verb} pods/${sub} by ${user?.name ?? 'a failed login'}`,
            );
          }
  });

  it('no stage that failed logins need is left out', () => {
    for (const name of presetNames) {
      const { omitStages = [], rules } = policyOf(name);
      const left = [...omitStages, ...rules.flatMap((rule) => rule.omitStages ?? [])];
      assert.deepEqual(left, ['RequestReceived'], name);
    }
  });

  it('no body of a Secret, a ConfigMap or a token', () => {
    const holding = ['secrets', 'serviceaccounts/token', 'authentication.k8s.io:tokenreviews', 'configmaps'];
    const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
    for (const server of servers)
      for (const name of presetNames)
        for (const what of holding)
          for (const verb of verbs)
            for (const user of [admin, node, account('kube-system'), undefined]) {
              const found = level(name, `${verb} ${what}`, user, server);
              assert.ok(
                found === 'None' || found === 'Metadata',
                `${name} ${server.gitVersion}: ${verb} ${what}: ${found}`,
              );
            }
  });

  it('no patch with its body before 1.37, where it can be lost', () => {
    const kinds = ['pods', 'nodes', 'apps:deployments', 'rbac.authorization.k8s.io:clusterroles'];
    for (const server of servers.filter(({ minor }) => minor < 37))
      for (const name of presetNames)
        for (const what of kinds)
          assert.equal(
            level(name, `patch ${what}`, admin, server),
            'Metadata',
            `${name} ${server.gitVersion}`,
          );
  });

  it('leaders that are elected without leases are noise up to 1.23', () => {
    const manager = component('kube-controller-manager');
    const lock = (user: Attributes['user']): Attributes => ({
      ...request('update endpoints', user, 'kube-system'),
      name: 'kube-controller-manager',
    });
    for (const name of ['recommended', 'minimal'] as const) {
      const on = (server: string, user: Attributes['user']): Level =>
        evaluate(policyOf(name, version(server)), lock(user), version(server)).level;
      assert.deepEqual(
        [on('v1.23.0', manager), on('v1.24.0', manager), on('v1.23.0', admin)],
        ['None', 'Metadata', 'Metadata'],
      );
    }
  });
});

describe('what vendor records', () => {
  const cases: readonly (readonly [text: string, level: Level])[] = [
    ['create pods', 'RequestResponse'],
    ['patch pods', 'RequestResponse'],
    ['list pods', 'Request'],
    ['get pods/log', 'Metadata'],
    ['update pods/status', 'Metadata'],
    ['update configmaps', 'Metadata'],
    ['get secrets', 'Metadata'],
    ['update services', 'Request'],
    ['update apps:deployments', 'Request'],
    ['create networking.k8s.io:ingresses', 'Request'],
    ['create batch:jobs', 'Metadata'],
    ['update coordination.k8s.io:leases', 'None'],
    ['get /apis', 'None'],
    ['get /livez', 'None'],
  ];
  for (const [text, expected] of cases)
    it(`${text}: ${expected}`, () => assert.equal(level('vendor', text, admin), expected));
  it('ConfigMaps of kube-system with their content', () =>
    assert.equal(
      evaluate(policyOf('vendor'), request('update configmaps', admin, 'kube-system'), recent).level,
      'Request',
    ));
  it('extensions while there are any', () => {
    const found = ['v1.21.0', 'v1.22.0'].map((server) =>
      level('vendor', 'update extensions:ingresses', admin, version(server)),
    );
    assert.deepEqual(found, ['Request', 'Metadata']);
  });
});
