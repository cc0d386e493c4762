// Events and selections by chance, out of few values, so that they meet: with long values, rare characters, and texts
// that mean something to a search.
import type { Filter, Selection } from '../../../src/audit/event/match.ts';
import { fields } from '../../../src/audit/event/match.ts';
import type { Draws } from '../../support/draws.ts';

type Fields = Readonly<Record<string, unknown>>;

const long = `CN=${'x'.repeat(300)}`;
const users = [
  ...[
    'alice',
    'Alice',
    'DOM\\bob',
    'oidc:carol@example.com',
    long,
    '\u{1f600}',
    'a\u{1f600}',
    '***',
    'system:admin',
  ],
  ...['system:serviceaccount:ci:deployer', 'system:serviceaccount:ci:a:b', 'system:node:n-1'],
] as const;
const groups = ['dev', 'system:authenticated', `${long},OU=dev`, 'ops team'] as const;
const values = {
  verb: ['get', 'list', 'create', 'delete', 'deletecollection', 'patch', 'post'],
  namespace: ['', 'shop', 'shop-2', 'kube-system'],
  resource: ['', 'pods', 'deployments', 'leases'],
  subresource: ['', '', 'status', 'exec'],
  apiGroup: ['', 'apps', 'coordination.k8s.io'],
  name: ['', 'web-1', 'web-2', 'a.b', 'x'.repeat(253), long],
  code: [0, 101, 200, 201, 403, 404, 500, 504],
  decision: ['', 'allow', 'forbid'],
  level: ['Metadata', 'Request', 'RequestResponse'],
  stage: ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'],
  'source-ip': ['10.0.0.1', '192.168.0.7', '::1', '2001:db8::1'],
  'user-agent': ['', 'kubectl/v1.37 (linux/amd64)', 'curl/8.0', `agent ${long}`, '-/-'],
} as const;

const some = (text: string, key: string): Fields => (text === '' ? {} : { [key]: text });

/** One event as an API server writes it; its auditID is of `n`. */
export function randomEvent(draw: Draws, n: number): Fields {
  const pick = <T>(these: readonly T[]): T => draw.pick(...these);
  const as = draw.below(3) === 0 ? { username: pick(users), groups: [pick(groups)] } : undefined;
  const decision = pick(values.decision);
  const agent = pick(values['user-agent']);
  const code = pick(values.code);
  const ref = {
    ...some(pick(values.resource), 'resource'),
    ...some(pick(values.subresource), 'subresource'),
    ...some(pick(values.apiGroup), 'apiGroup'),
    ...some(pick(values.namespace), 'namespace'),
    ...some(pick(values.name), 'name'),
  };
  return {
    auditID: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    level: pick(values.level),
    stage: pick(values.stage),
    verb: pick(values.verb),
    user: { username: pick(users), groups: [pick(groups), pick(groups)] },
    ...(as !== undefined && { impersonatedUser: as }),
    sourceIPs: [pick(values['source-ip']), pick(values['source-ip'])],
    ...some(agent, 'userAgent'),
    ...(draw.below(8) > 0 && { objectRef: ref }),
    ...(code > 0 && { responseStatus: { metadata: {}, code } }),
    ...(decision !== '' && { annotations: { 'authorization.k8s.io/decision': decision } }),
    requestReceivedTimestamp: '2026-11-22T17:03:43.315804Z',
    stageTimestamp: `2026-11-22T17:03:${String(10 + draw.below(50))}.${String(draw.below(1e6)).padStart(6, '0')}Z`,
  };
}

/** Texts that a filter may be given, as they stand in events. */
const texts: Readonly<Record<Filter['field'], readonly string[]>> = {
  ...values,
  by: users,
  'by-group': groups,
  'by-service-account': ['ci/deployer', 'ci/a:b', 'ci/nobody'],
  resource: [
    'pods',
    'deployments',
    'deployments.apps',
    'deployments.apps/status',
    'pods/exec',
    'leases.coordination.k8s.io',
  ],
  code: values.code.map(String),
};

function randomPattern(draw: Draws, field: Filter['field']): string {
  const text = [...draw.pick(...texts[field])]; // nobody can type half a character
  const part = (start: number, end?: number): string => text.slice(start, end).join('');
  const [from, to] = [draw.below(text.length + 1), draw.below(text.length + 1)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  switch (draw.below(field === 'code' ? 6 : 5)) {
    case 0:
      return `${part(0, from)}*`;
    case 1:
      return `${part(0, from)}*${part(to)}`;
    case 2:
      return `${part(0, from)}?${part(from + 1)}`;
    case 3:
      return `${part(0, from)}??${part(from + 2)}`;
    case 5:
      return draw.pick('4xx', '5XX', '2x*', '40x');
    default:
      return part(0);
  }
}

/** Nothing in particular, but for what is said. */
export const selectionOf = (some: Partial<Selection>): Selection => ({
  ...{ filters: [], failed: false, writes: false, byPeople: false },
  ...some,
});

/** One to three filters, and now and then a short one. */
export function randomSelection(draw: Draws): Selection {
  const filters = Array.from({ length: 1 + draw.below(3) }, () => {
    const field = draw.pick(...fields);
    const patterns = Array.from({ length: 1 + draw.below(2) }, () => randomPattern(draw, field));
    return { field, patterns, not: draw.below(3) === 0 };
  });
  const now = (): boolean => draw.below(6) === 0;
  return selectionOf({ filters, failed: now(), writes: now(), byPeople: now() });
}
