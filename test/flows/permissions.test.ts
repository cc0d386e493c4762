// The roles in docs are what the code asks for: no less, or a command stops half-way, and no more.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { Permission } from '../../src/audit/facts.ts';
import { needed } from '../../src/flows/enable.ts';
import { neededForAgent, neededOnNodes } from '../../src/flows/nodes/permissions.ts';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
}
/** One verb on one thing. */
type Grant = Permission;

const documentsIn = (file: string): readonly Document[] =>
  parseAllDocuments(readFileSync(`docs/${file}`, 'utf8')).map((one) => one.toJS() as Document);

const grantsIn = (file: string): readonly Grant[] =>
  documentsIn(file).flatMap(({ metadata: { namespace }, rules = [] }) =>
    rules.flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) =>
            (resourceNames ?? [undefined]).map((name) => ({
              verb,
              group,
              resource,
              ...(namespace !== undefined && { namespace }),
              ...(name !== undefined && { name }),
            })),
          ),
        ),
      ),
    ),
  );

/** As RBAC does: a rule with names allows no request that has none, and a ClusterRole is for every namespace. */
const allows = (grant: Grant, asked: Permission): boolean =>
  grant.verb === asked.verb &&
  grant.group === asked.group &&
  grant.resource === asked.resource &&
  (grant.namespace === undefined || grant.namespace === asked.namespace) &&
  (grant.name === undefined || grant.name === asked.name);

const say = ({ verb, group, resource, namespace, name }: Permission): string =>
  [verb, `${resource}${group && `.${group}`}`, name, namespace && `in ${namespace}`]
    .filter(Boolean)
    .join(' ');

const denied = (grants: readonly Grant[], asked: readonly Permission[]): readonly string[] =>
  asked.filter((one) => !grants.some((grant) => allows(grant, one))).map(say);

describe('the roles in docs', () => {
  const look = grantsIn('permissions.yaml');
  const nodes = grantsIn('permissions-nodes.yaml');
  const tail = grantsIn('permissions-tail.yaml');

  it('allow what enable --dynamic asks for', () => {
    assert.ok(needed.length > 5);
    assert.deepEqual(denied(look, needed), []);
  });

  it('allow what is asked for where API servers are changed, and its agent', () => {
    assert.ok(neededOnNodes.length > 20);
    assert.deepEqual(denied(nodes, [...neededOnNodes, ...neededForAgent]), []);
  });

  it('allow nothing on nodes that is not asked for', () => {
    const asked = [...neededOnNodes, ...neededForAgent];
    const idle = nodes.filter((grant) => !asked.some((one) => say(one) === say(grant)));
    assert.deepEqual(idle.map(say), []);
  });

  it('let nobody make pods who only applied the first file', () => {
    const strong = look.filter(
      ({ resource, verb }) => /^(pods|secrets|namespaces)/.test(resource) && verb !== 'list',
    );
    assert.deepEqual(strong.map(say), []);
    assert.match(
      readFileSync('docs/permissions-nodes.yaml', 'utf8'),
      /^# WHOEVER MAY CREATE PODS .* OWNS THE CLUSTER/m,
    );
  });

  it('are all bound, in their own namespaces', () => {
    for (const file of ['permissions.yaml', 'permissions-nodes.yaml', 'permissions-tail.yaml']) {
      const all = documentsIn(file);
      const key = (kind: string, name: string, namespace = ''): string => `${kind} ${namespace}/${name}`;
      const roles = all
        .filter(({ rules }) => rules !== undefined)
        .map(({ kind, metadata: { name, namespace } }) => key(kind, name, namespace));
      const bound = all.flatMap(({ roleRef, metadata: { namespace } }) =>
        roleRef === undefined ? [] : [key(roleRef.kind, roleRef.name, namespace)],
      );
      assert.deepEqual([...new Set(bound)].sort(), roles.sort());
    }
  });

  it('are explained, each resource of them', () => {
    const page = readFileSync('docs/permissions.md', 'utf8').toLowerCase();
    for (const { resource } of [...look, ...nodes, ...tail])
      assert.ok(page.includes(resource.replace(/s$/, '')), `${resource} is not on the page`);
  });
});
