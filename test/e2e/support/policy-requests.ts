// Requests of every kind that a policy can tell apart, by several users, in the order in which they are to be sent;
// and the policies that they are sent under.
import type { ApiServerVersion } from './api-server-flags.ts';
import type { MoreUsers } from './users.ts';

/** Everything that devs have is given by `binding`; the others may do nothing. */
export const users: MoreUsers = {
  alice: ['devs', 'oncall'],
  bob: ['devs'],
  eve: ['contractors'],
  'system:serviceaccount:team:robot': ['system:serviceaccounts', 'system:serviceaccounts:team'],
  'system:node:n1': ['system:nodes'],
};

export interface PolicyRequest {
  /** admin or one of `users`; `nobody` sends no credentials, `stranger` a token that is none. */
  readonly by: string;
  readonly method: string;
  readonly uri: string;
  /** What the answer may be; below 400 where it is not said. */
  readonly status?: readonly number[];
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client goes as soon as the answer begins. */
  readonly cut?: boolean;
}

const json = (type: string): Record<string, string> => ({ 'content-type': `application/${type}` });
const merge = { headers: json('merge-patch+json') };
const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
const websocket = { ...upgrade, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
const containers = [{ name: 'c', image: 'none' }];
const labels = { app: 'web' };
const webSpec = {
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers } },
};

const ask = (
  by: string,
  line: string,
  more: Omit<PolicyRequest, 'by' | 'method' | 'uri'> = {},
): PolicyRequest => {
  const [method = '', uri = ''] = line.split(' ');
  return { by, method, uri, ...more };
};

const team = '/api/v1/namespaces/team';
const apps = '/apis/apps/v1/namespaces/team';
const robot = 'system:serviceaccount:team:robot';
const named = (name: string, more: object = {}): { body: object } => ({
  body: { metadata: { name }, ...more },
});

/** What must be there before; sent by admin, under whatever policy. */
export const preparation: readonly (readonly [path: string, body: object])[] = [
  [
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    {
      metadata: { name: 'devs' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'devs' }],
    },
  ],
  ['/api/v1/namespaces', { metadata: { name: 'team' } }],
  [`${team}/serviceaccounts`, { metadata: { name: 'robot' } }],
  [`${team}/pods`, { metadata: { name: 'p' }, spec: { containers } }],
  [`${team}/pods`, { metadata: { name: 'quiet' }, spec: { containers } }],
];

const objects: readonly PolicyRequest[] = [
  ask('alice', `POST ${team}/configmaps`, named('chosen', { data: { a: 'b' } })),
  ask('alice', `POST ${team}/configmaps`, named('other')),
  ask('alice', `POST ${team}/configmaps?dryRun=All`, named('dry')),
  ask('alice', `GET ${team}/configmaps/chosen`),
  ask('bob', `GET ${team}/configmaps/chosen`),
  ask('bob', `GET ${team}/configmaps`),
  ask('alice', `GET ${team}/configmaps?fieldSelector=metadata.name%3Dchosen`),
  ask('alice', `GET ${team}/configmaps?watch=False`),
  ask('alice', `GET ${team}/configmaps/chosen?watch=true`),
  ask('alice', `GET /api/v1/configmaps`),
  ask('alice', `HEAD ${team}/configmaps/chosen`, { status: [200, 405] }),
  ask('alice', `OPTIONS ${team}/configmaps`, { status: [403, 405] }),
  ask('alice', `PATCH ${team}/configmaps/chosen`, { ...merge, body: { data: { a: 'c' } } }),
  ask('bob', `PATCH ${team}/configmaps/chosen`, {
    headers: json('json-patch+json'),
    body: [{ op: 'add', path: '/data/b', value: 'd' }],
  }),
  ask('alice', `PATCH ${team}/configmaps/applied?fieldManager=e2e`, {
    headers: json('apply-patch+yaml'),
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' } },
  }),
  ask('alice', `PUT ${team}/configmaps/other`, named('other', { data: { c: 'd' } })),
  ask('alice', `PUT ${team}/configmaps/other`, { ...named('unlike'), status: [400] }),
  ask('alice', `POST ${team}/configmaps`, { body: '{', headers: json('json'), status: [400] }),
  ask('alice', `POST ${team}/configmaps`, { ...named('chosen'), status: [409] }),
  ask('alice', `DELETE ${team}/configmaps/other`),
  ask('alice', `DELETE ${team}/configmaps?fieldSelector=metadata.name%3Dapplied`),
  ask('bob', `DELETE ${team}/configmaps/nothing`, { status: [404] }),
  ask(robot, `GET ${team}/configmaps/chosen`, { status: [403] }),
  ask('alice', `POST ${team}/secrets`, named('s')),
  ask(robot, `GET ${team}/secrets/s`, { status: [403] }),
  ask('alice', `GET /apis/example.com/v1/namespaces/team/widgets/w`, { status: [404] }),
  ask('bob', `POST ${apps}/deployments`, named('web', { spec: webSpec })),
  ask('bob', `GET ${apps}/deployments/web`),
  ask('bob', `GET /apis/apps/v1/deployments`),
  ask('eve', `DELETE ${apps}/deployments/web`, { status: [403] }),
  ask('admin', `GET /api/v1/namespaces`),
  ask('admin', `GET /api/v1/namespaces/team`),
  ask('admin', `POST /api/v1/namespaces`, named('short')),
  ask('admin', `DELETE /api/v1/namespaces/short`),
  ask('eve', `GET /api/v1/nodes`, { status: [403] }),
  ask('system:node:n1', `GET /api/v1/nodes/n1`, { status: [403, 404] }),
  ask('admin', `GET /apis/rbac.authorization.k8s.io/v1/clusterroles/edit`),
];

const subresources: readonly PolicyRequest[] = [
  ask('bob', `GET ${apps}/deployments/web/scale`),
  ask('bob', `PATCH ${apps}/deployments/web/scale`, { ...merge, body: { spec: { replicas: 2 } } }),
  ask('bob', `PATCH ${apps}/deployments/web/status`, { ...merge, body: { status: { replicas: 0 } } }),
  ask('system:node:n1', `PATCH ${team}/pods/p/status`, { ...merge, body: { status: {} }, status: [403] }),
  ask('admin', `PATCH ${team}/pods/p/status`, { ...merge, body: { status: { message: 'm' } } }),
  ask('admin', `PATCH ${team}/status`, { ...merge, body: {} }),
  ask('admin', `PUT ${team}/finalize`, named('team', { spec: { finalizers: ['kubernetes'] } })),
  ask('alice', `GET ${team}/pods/p/log`),
  ask('alice', `GET ${team}/pods/quiet/log?follow=true`),
  ask('eve', `GET ${team}/pods/p/log`, { status: [403] }),
  ask('alice', `POST ${team}/pods/p/exec?command=id`, { status: [400, 404, 500] }),
  ask('alice', `GET ${team}/pods/p/exec?command=id&stdout=true`, {
    headers: websocket,
    status: [400, 404, 500],
  }),
  ask('eve', `POST ${team}/pods/p/attach`, { status: [403] }),
  ask('alice', `POST ${team}/pods/gone/portforward`, { status: [404] }),
  ask('alice', `GET /api/v1/nodes/n1/proxy/logs/`, { status: [404, 503] }),
  ask('alice', `GET ${team}/services/http%3Aweb%3A80/proxy/a/b?c=d`, { status: [404, 503] }),
  ask('alice', `POST ${team}/serviceaccounts/robot/token`, { body: { spec: {} }, status: [201, 404, 500] }),
  ask('alice', `POST ${team}/pods/p/binding`, named('p', { target: { kind: 'Node', name: 'n1' } })),
  ask('alice', `POST ${team}/pods/quiet/eviction`, {
    body: { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: 'quiet', namespace: 'team' } },
    status: [201, 400],
  }),
  ask('eve', `POST ${team}/pods/p/eviction`, { ...named('p'), status: [403] }),
];

const watches: readonly PolicyRequest[] = [
  ask('alice', `GET ${team}/configmaps?watch=1&timeoutSeconds=1`),
  ask('alice', `GET ${team}/configmaps?watch&fieldSelector=metadata.name%3Dchosen`, { cut: true }),
  ask('bob', `GET ${team}/secrets?watch=true`, { cut: true }),
  ask('eve', `GET /api/v1/pods?watch=1`, { status: [403] }),
  ask('admin', `GET /api/v1/watch/namespaces/team/pods/p?timeoutSeconds=1`),
  ask('admin', `GET /api/v1/proxy/namespaces/team/services/web/x`, { status: [404] }),
];

const paths: readonly PolicyRequest[] = [
  ask('nobody', 'GET /version'),
  ask('nobody', 'GET /api', { status: [403] }),
  ask('admin', 'GET /apis/apps/v1'),
  ask('admin', 'GET /api/v1/'),
  ask('admin', 'GET /openapi/v2', { cut: true }),
  ask('admin', 'GET /healthz'),
  ask('admin', 'HEAD /healthz', { status: [200, 405] }),
  ask('admin', 'GET /healthz/ping?verbose'),
  ask('eve', 'GET /metrics', { status: [403] }),
  ask('eve', 'POST /metrics?a=b', { status: [403, 405] }),
  ask('admin', 'GET /debug/pprof/'),
  ask('admin', 'OPTIONS /version', { status: [200, 404, 405] }),
  ask('admin', 'GET /nothing/here', { status: [404] }),
];

const refusals: readonly PolicyRequest[] = [
  ask('stranger', 'GET /apis', { status: [401] }),
  ask('stranger', `GET ${team}/configmaps/chosen`, { status: [401] }),
  ask('stranger', `DELETE ${team}/secrets/s`, { status: [401] }),
  ask('stranger', `GET ${team}/pods?watch=1`, { status: [401] }),
  ask('nobody', `GET ${team}/pods`, { status: [403] }),
  ask('alice', `GET ${team}/pods`, { headers: { 'impersonate-user': 'bob', 'impersonate-group': 'devs' } }),
  ask('bob', `GET ${team}/configmaps/chosen`, { headers: { 'impersonate-user': 'eve' }, status: [403] }),
  ask('eve', `GET ${team}/pods`, { headers: { 'impersonate-user': 'admin' }, status: [403] }),
  ask('alice', `GET ${team}/pods?timeout=soon`, { status: [200, 400] }),
  ask('alice', `DELETE ${team}/secrets/none?timeout=5`, { status: [400, 404] }),
  ask('alice', `GET ${team}/pods?timeout=5s`),
  ask('alice', `GET ${team}/pods?timeout=`),
  ask('alice', `GET ${team}/pods?watch=1&timeout=soon&timeoutSeconds=1`),
];

/** All of them. */
export const policyRequests: readonly PolicyRequest[] = [
  ...objects,
  ...subresources,
  ...watches,
  ...paths,
  ...refusals,
];

const rules = (recent: boolean): string => `
  - level: None
    users: [bob]
    verbs: [get, list]
    resources: [{group: "", resources: [configmaps]}]
    namespaces: [team]
  - level: None
    resources: [{resources: [pods/log], resourceNames: [quiet]}]
  - level: None
    nonResourceURLs: ["/healthz*", /openapi/v2]
    verbs: [get]
  - level: Request
    userGroups: ["system:unauthenticated"]
    omitStages: [RequestReceived]
  - level: RequestResponse
    resources: [{group: "", resources: [configmaps], resourceNames: [chosen]}]
    ${recent ? 'omitManagedFields: true' : '# 1.18 knows no managed fields'}
  - level: Metadata
    resources: [{group: "", resources: [secrets, serviceaccounts/token]}]
    omitStages: [RequestReceived]
  - level: Request
    resources: [{group: "", resources: [pods/exec, pods/attach, pods/portforward, "*/proxy"]}]
    omitStages: [ResponseStarted]
  - level: Metadata
    verbs: [watch, proxy]
    omitStages: [RequestReceived, ResponseComplete]
  - level: RequestResponse
    resources: [{group: apps, resources: [deployments, "*/scale"]}]
    verbs: [create, get, list]
  - level: Request
    resources: [{group: ${recent ? '"*"' : 'apps'}, resources: ["*/status"]}, {group: apps, resources: ["*/scale"]}]
  - level: Metadata
    namespaces: [""]
    verbs: [get, list]
    omitStages: [ResponseComplete]
  - level: RequestResponse
    namespaces: [team]
    userGroups: [devs]
    verbs: [create, update, patch, delete, deletecollection]
  - level: RequestResponse
    userGroups: ["system:serviceaccounts:team", oncall]
    resources: [{}]
  - level: None
    nonResourceURLs: ["*"]
    verbs: [head, options]
  - level: Request
    users: [admin, "system:node:n1"]
    resources: [{group: ""}, {group: rbac.authorization.k8s.io, resources: ["*"]}]
  - level: Metadata
    nonResourceURLs: ["/api*", /metrics, "/debug/*"]
  - level: Metadata
    namespaces: [team]
    omitStages: [RequestReceived]
`;

/** Policies under which they fare differently; those of a recent API server have in them what only that one knows. */
export function policiesFor(server: ApiServerVersion): Readonly<Record<string, string>> {
  const recent = server === '1.37.2';
  const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';
  return {
    'many rules': `${head}rules:${rules(recent)}`,
    'many rules, and stages that none records': `${head}omitStages: [RequestReceived, Panic]
${recent ? 'omitManagedFields: true' : ''}
rules:${rules(recent).replace('omitManagedFields: true', 'omitManagedFields: false')}  - level: Metadata\n`,
  };
}
