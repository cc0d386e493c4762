// What answers make of a policy: each changes what it is about and nothing else, and whatever they are, a policy comes out
// that an API server takes, that keeps what has to be kept, and that has no rule for nothing.
import assert from 'node:assert/strict';
import { checkPolicy } from '../../../src/audit/policy/check.ts';
import { evaluate } from '../../../src/audit/policy/evaluate.ts';
import type { Verdict } from '../../../src/audit/policy/evaluate.ts';
import { answerProblems, bodies, readers, usualAnswers } from '../../../src/audit/policy/init-answers.ts';
import type { Answers } from '../../../src/audit/policy/init-answers.ts';
import { policyFrom } from '../../../src/audit/policy/init.ts';
import type { Attributes, Policy } from '../../../src/audit/policy/policy.ts';
import { preset } from '../../../src/audit/policy/presets.ts';
import { readPolicy } from '../../../src/audit/policy/read.ts';
import { recordedProbes } from '../../../src/audit/policy/recorded.ts';
import { version } from '../../support/facts.ts';

const on = (minor: number): ReturnType<typeof version> => version(`v1.${minor}.0`);
const minors = Array.from({ length: 25 }, (_, i) => 13 + i);

type User = Attributes['user'];
const person = (name: string, ...groups: string[]): User => ({
  name,
  groups: [...groups, 'system:authenticated'],
});
const account = (namespace: string, name = 'a'): User =>
  person(
    `system:serviceaccount:${namespace}:${name}`,
    'system:serviceaccounts',
    `system:serviceaccounts:${namespace}`,
  );
const deployer = account('argocd', 'controller');
const users: readonly User[] = [
  undefined,
  { name: 'system:anonymous', groups: ['system:unauthenticated'] },
  person('kubernetes-admin', 'system:masters'),
  person('jane'),
  person('system:node:n1', 'system:nodes'),
  person('system:kube-scheduler'),
  account('kube-system'),
  account('shop'),
  deployer,
];
const reads = ['get', 'list', 'watch'];
const writes = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const kinds = [
  ...[
    'pods',
    'pods/exec',
    'pods/attach',
    'pods/portforward',
    'pods/log',
    'pods/status',
    'pods/ephemeralcontainers',
  ],
  ...[
    'secrets',
    'serviceaccounts/token',
    'configmaps',
    'services',
    'events',
    'nodes',
    'namespaces',
    'endpoints',
  ],
  ...[
    'apps:deployments',
    'apps:deployments/scale',
    'apps:replicasets',
    'batch:jobs',
    'coordination.k8s.io:leases',
  ],
  ...[
    'events.k8s.io:events',
    'authentication.k8s.io:tokenreviews',
    'authorization.k8s.io:subjectaccessreviews',
  ],
  ...[
    'rbac.authorization.k8s.io:roles',
    'rbac.authorization.k8s.io:clusterrolebindings',
    'example.com:widgets',
  ],
];
const paths = [
  '/',
  '/livez',
  '/readyz/etcd',
  '/version',
  '/apis/apps',
  '/metrics',
  '/debug/pprof/heap',
  '/logs/a',
];

const withUser = (user: User, rest: Omit<Attributes, 'user'>): Attributes => ({
  ...rest,
  ...(user && { user }),
});

/** Everybody asks everything of everything, everywhere. */
const requests: readonly Attributes[] = users.flatMap((user) => [
  ...kinds.flatMap((kind) => {
    const [, apiGroup = '', resource = '', subresource = ''] =
      /^(?:(.*):)?([^/]*)(?:\/(.*))?$/.exec(kind) ?? [];
    const what = { apiGroup, resource, subresource, resourceRequest: true, path: '' };
    return ['', 'default', 'shop', 'kube-system'].flatMap((namespace) =>
      [...reads, ...writes].map((verb) =>
        withUser(user, { ...what, namespace, verb, name: 'kube-scheduler' }),
      ),
    );
  }),
  ...paths.flatMap((path) =>
    ['get', 'post'].map((verb) =>
      withUser(user, {
        ...{ verb, path, resourceRequest: false, namespace: '' },
        ...{ apiGroup: '', resource: '', subresource: '', name: '' },
      }),
    ),
  ),
]);

const usual: Answers = {
  ...usualAnswers.recommended,
  namespaces: [],
  ignoredUsers: [],
  omitManagedFields: true,
};
const policyOf = (text: string, minor: number): Policy => readPolicy(text, on(minor)).policy as Policy;
const verdicts = (answers: Answers, minor: number): readonly Verdict[] => {
  const policy = policyOf(policyFrom(answers, on(minor)), minor);
  return requests.map((request) => evaluate(policy, request, on(minor)));
};

const isIn = ({ user }: Attributes, group: string): boolean => user?.groups.includes(group) ?? false;
const isRead = ({ verb }: Attributes): boolean => reads.includes(verb);
const isWrite = ({ verb }: Attributes): boolean => writes.includes(verb);
const intoContainer = ({ subresource }: Attributes): boolean =>
  ['exec', 'attach', 'portforward', 'ephemeralcontainers'].includes(subresource);
const isSecret = ({ resource, subresource, apiGroup }: Attributes): boolean =>
  apiGroup === '' && (resource === 'secrets' || subresource === 'token');
const isRight = (request: Attributes): boolean =>
  request.apiGroup === 'rbac.authorization.k8s.io' && isWrite(request);
const isWorkload = ({ resource, subresource }: Attributes): boolean =>
  ['pods', 'services', 'deployments', 'replicasets', 'jobs'].includes(resource) && subresource === '';
const isKept = (request: Attributes): boolean => intoContainer(request) || isSecret(request);
/** Of patches the body may be lost. */
const withBody = ({ verb }: Attributes, minor: number): boolean => minor >= 37 || verb !== 'patch';

/** What an answer makes of a request; undefined where it has nothing to say. */
type Says = (request: Attributes, minor: number) => Verdict['level'] | undefined;
const answers: Readonly<Record<string, readonly [answer: Partial<Answers>, says: Says]>> = {
  'reads people: none by service accounts': [
    { reads: 'people' },
    (request) =>
      isRead(request) && isIn(request, 'system:serviceaccounts') && !isKept(request) ? 'None' : undefined,
  ],
  'reads none: none by whoever has logged in': [
    { reads: 'none' },
    (request) =>
      isRead(request) && isIn(request, 'system:authenticated') && !isKept(request) ? 'None' : undefined,
  ],
  'bodies none: rights without': [
    { bodies: 'none' },
    (request) => (isRight(request) ? 'Metadata' : undefined),
  ],
  'bodies workloads: what runs with': [
    { bodies: 'workloads' },
    (request, minor) =>
      isWrite(request) && isWorkload(request) && withBody(request, minor) ? 'Request' : undefined,
  ],
  'a namespace: nothing in others, but for rights and the proof': [
    { namespaces: ['shop'] },
    (request) => {
      const { verb, namespace, resource } = request;
      const elsewhere = request.resourceRequest && !['', 'shop'].includes(namespace);
      const isProof = verb === 'create' && namespace === 'default' && resource === 'configmaps';
      const kept = isKept(request) || isRight(request) || isProof || !isIn(request, 'system:authenticated');
      return elsewhere && !kept ? 'None' : undefined;
    },
  ],
  'a user: nothing of theirs, but for rights': [
    { ignoredUsers: [deployer?.name ?? ''] },
    (request) => (request.user === deployer && !isKept(request) && !isRight(request) ? 'None' : undefined),
  ],
};

describe('an answer changes what it is about and nothing else', () => {
  for (const [what, [answer, says]] of Object.entries(answers))
    it(what, () => {
      for (const minor of [13, 23, 36, 37]) {
        const before = verdicts(usual, minor);
        let changed = 0;
        verdicts({ ...usual, ...answer }, minor).forEach((after, i) => {
          const [request, was] = [requests[i], before[i]];
          assert.ok(request && was);
          const expected = says(request, minor) ?? was.level;
          assert.equal(after.level, expected, `1.${minor} ${JSON.stringify(request)}`);
          changed += Number(after.level !== was.level);
        });
        assert.ok(changed > 5, `${changed} changed`);
      }
    });

  it('managed fields: that, where it is known, and no level', () => {
    for (const minor of [22, 23]) {
      const [left, kept] = [true, false].map((omitManagedFields) =>
        verdicts({ ...usual, omitManagedFields }, minor),
      );
      assert.deepEqual(
        left?.map(({ level }) => level),
        kept?.map(({ level }) => level),
      );
      assert.deepEqual(
        new Set(left?.map(({ omitManagedFields }) => omitManagedFields)),
        new Set([minor >= 23]),
      );
      assert.deepEqual(new Set(kept?.map(({ omitManagedFields }) => omitManagedFields)), new Set([false]));
    }
  });

  it('bodies of workloads are those of the namespaces that were named', () => {
    const all = verdicts({ ...usual, bodies: 'workloads', namespaces: ['shop'] }, 37);
    const found = new Set(
      requests
        .filter((one, i) => isWorkload(one) && all[i]?.level === 'Request')
        .map(({ namespace }) => namespace),
    );
    assert.deepEqual([...found], ['shop']);
  });

  it('the usual answers record what the preset recommended does', () => {
    for (const minor of minors) {
      const policy = policyOf(preset('recommended', on(minor)), minor);
      assert.deepEqual(
        verdicts(usual, minor),
        requests.map((request) => evaluate(policy, request, on(minor))),
      );
    }
  });
});

const combinations: readonly Answers[] = readers.flatMap((who) =>
  bodies.flatMap((what) =>
    [[], ['shop'], ['shop', 'default', 'on']].flatMap((namespaces) =>
      [[], [deployer?.name ?? '', 'a "b" c: #']].flatMap((ignoredUsers) =>
        [true, false].map((omitManagedFields) => ({
          ...{ reads: who, bodies: what, namespaces, ignoredUsers, omitManagedFields },
        })),
      ),
    ),
  ),
);

/** What is never to be seen of a policy, whatever was answered; by what is wrong. */
const never: Readonly<Record<string, (request: Attributes, verdict: Verdict, minor: number) => boolean>> = {
  'a way into a container that is not recorded': (request, { level }) =>
    intoContainer(request) && level === 'None',
  'a body of a Secret, a ConfigMap or a token': (request, { level }) =>
    (isSecret(request) || ['configmaps', 'tokenreviews'].includes(request.resource)) &&
    level.startsWith('Request'),
  'a read of a Secret by people or workloads that is not recorded': (request, { level }) =>
    isSecret(request) &&
    isRead(request) &&
    !/^system:(?:node:|kube-)/.test(request.user?.name ?? '') &&
    level === 'None',
  'a failed login that is not recorded': (request, { level }) =>
    request.user === undefined && !isNoise(request) && level === 'None',
  'a right that was given, not recorded': (request, { level }) => isRight(request) && level === 'None',
  'noise that is recorded': (request, { level }) => isNoise(request) && level !== 'None',
  'a body of a patch where it may be lost': (request, { level }, minor) =>
    request.verb === 'patch' && minor < 37 && level.startsWith('Request'),
  'a body of an answer': (_, { level }) => level === 'RequestResponse',
  'a stage that failed logins have': (_, { omitStages }) => omitStages.join() !== 'RequestReceived',
};

function isNoise({ path, resource, verb }: Attributes): boolean {
  if (/^\/(?:livez|readyz|healthz)/.test(path)) return true;
  return ['leases', 'events'].includes(resource) && !/^delete/.test(verb);
}

describe('whatever is answered', function () {
  this.timeout(180_000);
  // between these a version is of no account to the rules
  const turning = [13, 24, 37];

  it('every API server takes it without a warning, and delivery can be proved', () => {
    const known = new Set<string>();
    for (const answer of combinations)
      for (const minor of minors) {
        const text = policyFrom(answer, on(minor));
        const key = text.replace(/^(?:#.*\n)+/, `${minor}`);
        if (known.has(key)) continue;
        known.add(key);
        assert.deepEqual(checkPolicy(text, on(minor)), [], text);
        if (turning.includes(minor)) assert.ok(recordedProbes(text, on(minor)).length > 0, text);
      }
    assert.equal(combinations.length, 108);
    assert.ok(known.size > 1500, `${known.size} policies`);
  });

  it('it keeps what has to be kept, and every rule of it decides about something', () => {
    for (const answer of combinations.filter(({ omitManagedFields }) => omitManagedFields))
      for (const minor of turning) {
        const policy = policyOf(policyFrom(answer, on(minor)), minor);
        const decides = new Set<number>();
        for (const request of requests) {
          const verdict = evaluate(policy, request, on(minor));
          decides.add(verdict.rule);
          for (const [what, isSo] of Object.entries(never))
            if (isSo(request, verdict, minor))
              assert.fail(`${what}: 1.${minor} ${JSON.stringify(answer)} ${JSON.stringify(request)}`);
        }
        assert.deepEqual(
          [...decides].sort((a, b) => a - b),
          [...policy.rules.keys()],
          JSON.stringify(answer),
        );
      }
  });

  it('the same text comes out each time, with a reason at every rule and no line too long', () => {
    for (const answer of combinations) {
      const text = policyFrom(answer, on(30));
      assert.equal(text, policyFrom(structuredClone(answer), on(30)));
      const lines = text.split('\n');
      const setting = /^(?: {2}- level|omitStages|omitManagedFields)/;
      lines.forEach((line, i) => {
        if (setting.test(line)) assert.match(lines[i - 1] ?? '', /^ *# /, line);
        assert.ok(line.length <= 120, line);
      });
      assert.match(text, /^(?:.+\n)+$/);
    }
  });

  it('names are taken for what they are, each once', () => {
    const namespaces = ['on', 'null', '1e3', '0x1f', 'on'];
    const ignoredUsers = ['a "b" c: #', '- x', "it's\\n", 'ümlaut', '~'];
    const { rules } = policyOf(policyFrom({ ...usual, namespaces, ignoredUsers }, on(37)), 37);
    assert.ok(rules.some((rule) => JSON.stringify(rule.namespaces) === '["","on","null","1e3","0x1f"]'));
    assert.ok(rules.some((rule) => JSON.stringify(rule.users) === JSON.stringify(ignoredUsers)));
  });
});

describe('what cannot be a name', () => {
  const wrong: readonly (readonly ['namespaces' | 'ignoredUsers', string])[] = [
    ['namespaces', ''],
    ['namespaces', 'Shop'],
    ['namespaces', 'a.b'],
    ['namespaces', 'a,b'],
    ['namespaces', '-a'],
    ['namespaces', 'a'.repeat(64)],
    ['ignoredUsers', ''],
    ['ignoredUsers', '  '],
    ['ignoredUsers', 'a\nb'],
    ['ignoredUsers', 'a\u2028b'],
    ['ignoredUsers', '\u001b[31m'],
  ];
  for (const [what, name] of wrong)
    it(`${what}: ${JSON.stringify(name)}`, () => {
      const [problem, ...more] = answerProblems({ namespaces: [], ignoredUsers: [], [what]: [name] });
      assert.match(problem ?? '', /^"[^]*" cannot be the name of a (?:namespace|user)$/);
      assert.deepEqual(more, []);
    });
  it('and what can', () =>
    assert.deepEqual(
      answerProblems({
        namespaces: ['a', '0', 'a-b', 'a'.repeat(63)],
        ignoredUsers: ['a b', 'ü', deployer?.name ?? ''],
      }),
      [],
    ));
});
