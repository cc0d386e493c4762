// Knows the permissions of docs/permissions.yaml one by one, and gives users all of them but one.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { ApiServer } from './api-server.ts';
import { eventually } from './eventually.ts';

/** One verb on one thing. */
export interface Grant {
  /** As a person would say it, such as `get configmaps/sematext-audit in kube-system`. */
  readonly name: string;
  /** undefined: of the whole cluster. */
  readonly namespace: string | undefined;
  readonly rule: Rule;
}

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
  verbs: string[];
}

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: Rule[];
}

/** Every permission that the docs name, each once. */
export async function documentedGrants(): Promise<readonly Grant[]> {
  const documents = parseAllDocuments(await readFile('docs/permissions.yaml', 'utf8'));
  const roles = documents.map((one) => one.toJS() as Manifest).filter(({ rules }) => rules !== undefined);
  const all = roles.flatMap(({ metadata: { namespace }, rules }) =>
    (rules ?? []).flatMap((rule) =>
      singles(rule).map((one) => ({ name: nameOf(one, namespace), namespace, rule: one })),
    ),
  );
  return [...new Map(all.map((grant) => [grant.name, grant])).values()];
}

function singles({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: Rule): Rule[] {
  const each = <K extends keyof Rule>(rules: Rule[], key: K, values: string[] | undefined): Rule[] =>
    values === undefined
      ? rules
      : rules.flatMap((rule) => values.map((value) => ({ ...rule, [key]: [value] })));
  const byVerb = each([{ verbs: [] }], 'verbs', verbs);
  const byGroup = each(byVerb, 'apiGroups', apiGroups);
  const byResource = each(byGroup, 'resources', resources);
  return each(each(byResource, 'resourceNames', resourceNames), 'nonResourceURLs', nonResourceURLs);
}

function nameOf({ verbs, resources, resourceNames, nonResourceURLs }: Rule, namespace?: string): string {
  const object = [...(resources ?? []), ...(resourceNames ?? []), ...(nonResourceURLs ?? [])].join('/');
  return `${verbs.join()} ${object}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

/** Gives a user these permissions, each as a role and a binding of its own, and waits until all are in force. */
export async function grant(api: ApiServer, user: string, grants: readonly Grant[]): Promise<void> {
  const spaces = [...new Set(grants.map(({ namespace }) => namespace))];
  for (const namespace of spaces) {
    const rules = grants.filter((one) => one.namespace === namespace).map(({ rule }) => rule);
    await give(api, user, namespace, rules);
  }
  for (const one of grants) await inForce(api, user, one);
}

const rbac = 'rbac.authorization.k8s.io';

async function give(
  api: ApiServer,
  user: string,
  namespace: string | undefined,
  rules: Rule[],
): Promise<void> {
  const base = `/apis/${rbac}/v1/${namespace === undefined ? 'cluster' : `namespaces/${namespace}/`}role`;
  const kind = namespace === undefined ? 'ClusterRole' : 'Role';
  const metadata = { name: `e2e-${user}` };
  const roleRef = { apiGroup: rbac, kind, name: metadata.name };
  const subjects = [{ apiGroup: rbac, kind: 'User', name: user }];
  for (const [path, body] of [
    [`${base}s`, { metadata, rules }],
    [`${base}bindings`, { metadata, roleRef, subjects }],
  ] as const) {
    const reply = await api.request(path, { method: 'POST', body });
    assert.equal(reply.status, 201, reply.body);
  }
}

function inForce(api: ApiServer, user: string, { name, namespace, rule }: Grant): Promise<true> {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
  const [verb, path] = [verbs[0], nonResourceURLs?.[0]];
  const attributes =
    path === undefined
      ? {
          resourceAttributes: {
            verb,
            namespace,
            group: apiGroups?.[0],
            resource: resources?.[0],
            name: resourceNames?.[0],
          },
        }
      : { nonResourceAttributes: { verb, path } };
  const body = { spec: { user, groups: ['system:authenticated'], ...attributes } };
  return eventually({
    what: `${user} to be allowed to ${name}`,
    timeoutMs: 20_000,
    ask: async () => {
      const url = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
      const { body: text } = await api.request(url, { method: 'POST', body });
      return (JSON.parse(text) as { status?: { allowed?: boolean } }).status?.allowed === true
        ? true
        : undefined;
    },
  });
}
