// What lint says of random policies holds for random requests, decided as the API server does: a rule that is shadowed
// or matches nothing decides none of them, a secret that is told of is recorded by some.
import assert from 'node:assert/strict';
import { stringify } from 'yaml';
import { evaluate, mismatch } from '../../../../src/audit/policy/evaluate.ts';
import { matchesNothing } from '../../../../src/audit/policy/lint/dead.ts';
import { lintPolicy } from '../../../../src/audit/policy/lint/lint.ts';
import type { Attributes, GroupResources, Policy, PolicyRule } from '../../../../src/audit/policy/policy.ts';
import { draws } from '../../../support/draws.ts';
import type { Draws } from '../../../support/draws.ts';
import { version } from '../../../support/facts.ts';

const users = ['alice', 'bob', 'system:kube-proxy'];
const groups = ['devs', 'system:authenticated', 'system:nodes'];
const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const namespaces = ['', 'a', 'b'];
const names = ['', 'x', 'y'];
const apiGroups = ['', 'apps', 'example.com'];
const resources = ['pods', 'secrets', 'configmaps', 'deployments', 'widgets'];
const subresources = ['', '', 'log', 'exec', 'token', 'status'];
const urls = ['/', '/healthz', '/healthz/etcd', '/api', '/api/v1', '/logs/a', '/metrics'];

/** Beside what matches: what never does. */
const patterns = [
  '*',
  '*/log',
  '*/status',
  'pods/*',
  'pods/log',
  ...resources,
  '*/*',
  'pods/',
  'Pod',
  'pod*',
];
const paths = [
  '*',
  '/*',
  '/healthz*',
  '/healthz/*',
  '/api*',
  '/logs/*',
  ...urls,
  '/api/v1/pods*',
  '/x?y',
  '/api/v1/*',
];

const some = <T>({ below, pick }: Draws, list: readonly T[], most = 3): T[] =>
  Array.from({ length: 1 + below(most) }, () => pick(...list));

function randomRule(draw: Draws): PolicyRule {
  const { next, pick } = draw;
  const maybe = (chance: number, field: () => object): object => (next() < chance ? field() : {});
  const entry = (): GroupResources => {
    const named = next() < 0.75;
    return {
      ...maybe(0.7, () => ({ group: pick(...apiGroups, '*') })),
      ...(named && { resources: some(draw, patterns) }),
      ...(named && maybe(0.25, () => ({ resourceNames: some(draw, [...names, '*'], 2) }))),
    };
  };
  const kind = next();
  return {
    level: pick('None', 'Metadata', 'Request', 'RequestResponse'),
    ...maybe(0.25, () => ({ users: some(draw, [...users, '*', ''], 2) })),
    ...maybe(0.25, () => ({ userGroups: some(draw, [...groups, '*'], 2) })),
    ...maybe(0.5, () => ({ verbs: some(draw, [...verbs, 'GET', 'post', '*', 'connect'], 4) })),
    ...(kind < 0.55 && maybe(0.8, () => ({ resources: Array.from({ length: 1 + draw.below(2) }, entry) }))),
    ...(kind < 0.55 && maybe(0.35, () => ({ namespaces: some(draw, [...namespaces, '*', 'Foo'], 2) }))),
    ...(kind > 0.8 && { nonResourceURLs: some(draw, paths) }),
    ...maybe(0.2, () => ({ omitStages: some(draw, ['RequestReceived', 'ResponseStarted'], 2) })),
  };
}

function randomRequest(draw: Draws): Attributes {
  const { next, pick } = draw;
  const user = next() < 0.1 ? {} : { user: { name: pick(...users, 'carol'), groups: some(draw, groups) } };
  const nothing = { apiGroup: '', namespace: '', resource: '', subresource: '', name: '' };
  if (next() < 0.25) {
    const path = pick(...urls, '/x', '/healthzfoo');
    return {
      ...user,
      ...nothing,
      verb: pick('get', 'post', 'head', 'options'),
      resourceRequest: false,
      path,
    };
  }
  const verb = pick(...verbs);
  const subresource =
    verb === 'list' || verb === 'watch' || verb === 'deletecollection' ? '' : pick(...subresources);
  const isNameless = (verb === 'create' || verb === 'deletecollection') && subresource === '';
  const name = isNameless ? '' : verb === 'list' || verb === 'watch' ? pick(...names) : pick('x', 'y', 'z');
  const resource = pick(...resources);
  const apiGroup = pick(...apiGroups);
  return {
    ...user,
    verb,
    resourceRequest: true,
    apiGroup,
    namespace: pick(...namespaces, 'c'),
    resource,
    subresource,
    name,
    path: '/r',
  };
}

const rounds = 500;

describe('lint is never wrong', function () {
  this.timeout(120_000);
  for (const minor of [30, 37])
    it(`of ${rounds} random policies on 1.${minor}`, () => {
      const server = version(`v1.${minor}.0`);
      const draw = draws(minor);
      const requests = Array.from({ length: 1500 }, () => randomRequest(draw));
      const said = { shadowed: 0, dead: 0, unmatched: 0, secret: 0 };
      for (let i = 0; i < rounds; i += 1) {
        const rules = Array.from({ length: 2 + draw.below(6) }, () => randomRule(draw));
        const policy: Policy = { rules };
        const text = stringify(
          { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy },
          { aliasDuplicateObjects: false },
        );
        const { problems } = lintPolicy(text, server);
        if (problems.some(({ severity }) => severity === 'error')) continue;
        const verdicts = requests.map((request) => evaluate(policy, request, server));
        const indexIn = (path: string): number => Number(/^rules\[(\d+)\]/.exec(path)?.[1]);
        for (const { id, path, message } of problems) {
          const told = `${id} ${path} ${message}\n${text}`;
          if (id === 'shadowed-rule') {
            said.shadowed += 1;
            assert.ok(!verdicts.some(({ rule }) => rule === indexIn(path)), told);
          }
          if (id === 'matches-nothing') {
            said.dead += 1;
            const rule = rules[indexIn(path)] as PolicyRule;
            assert.ok(
              requests.every((request) => mismatch(rule, request, server) !== undefined),
              told,
            );
          }
          if (
            id === 'secret-bodies' &&
            /\bsecrets \(/.test(message) &&
            rules[indexIn(path)]?.users === undefined
          )
            said.secret += 1;
        }
        if (!problems.some(({ id }) => id === 'no-catch-all')) {
          said.unmatched += 1;
          assert.ok(
            verdicts.every(({ rule }) => rule >= 0),
            text,
          );
        }
      }
      // the test is about something
      for (const [what, count] of Object.entries(said)) assert.ok(count > rounds / 40, `${what}: ${count}`);
    });

  it('and tells of every secret that is recorded with its content', () => {
    const server = version('v1.37.0');
    const draw = draws(5);
    const secrets = Array.from({ length: 12_000 }, () => randomRequest(draw)).filter(
      ({ resource, subresource, apiGroup }) =>
        resource === 'secrets' && subresource === '' && apiGroup === '',
    );
    const withBody = (level: string, verb: string): boolean =>
      (level === 'Request' && ['create', 'update', 'patch'].includes(verb)) ||
      (level === 'RequestResponse' && verb !== 'watch');
    let told = 0;
    for (let i = 0; i < 300; i += 1) {
      const rules = Array.from({ length: 2 + draw.below(5) }, () => randomRule(draw));
      const text = stringify({ apiVersion: 'audit.k8s.io/v1', rules }, { aliasDuplicateObjects: false });
      const { problems } = lintPolicy(text, server);
      if (problems.some(({ severity }) => severity === 'error')) continue;
      const of = problems.flatMap(({ id, message, path }) =>
        id === 'secret-bodies' && message.includes(' secrets (') ? [path] : [],
      );
      for (const request of secrets) {
        const { level, rule } = evaluate({ rules }, request, server);
        if (!withBody(level, request.verb)) continue;
        told += 1;
        assert.ok(of.includes(`rules[${rule}].level`), `rules[${rule}] ${JSON.stringify(request)}\n${text}`);
      }
    }
    assert.ok(told > 500);
  });

  it('knows what it takes for nothing', () => {
    assert.equal(matchesNothing({ level: 'None', verbs: ['GET', 'get'] }), undefined);
    assert.equal(matchesNothing({ level: 'None', verbs: ['GET'] }), 'verbs');
  });
});
