// What an API server lets in after it has authorized a request: pods by the Pod Security level of their namespace, and
// whatever a test's own admission refuses (pod-security-admission policy/, plugin NamespaceLifecycle).
import type { Kind } from './kinds.ts';
import { isRecord, type KubeObject } from './object.ts';
import { Refusal } from './status.ts';

/** Says why an object must not be made; undefined when it may. */
export type Admit = (object: KubeObject) => string | undefined;

function refusal(kind: Kind, name: string, why: string, more: object = {}): Refusal {
  const about = kind.group ? `${kind.resource}.${kind.group}` : kind.resource;
  const details = { name, ...(kind.group && { group: kind.group }), kind: kind.resource, ...more };
  return new Refusal(403, 'Forbidden', `${about} "${name}" is forbidden: ${why}`, details);
}

/** @throws Refusal when the namespace is on its way out */
export function refuseTerminating(kind: Kind, name: string, namespace: KubeObject): void {
  if (namespace.metadata['deletionTimestamp'] === undefined) return;
  const own = namespace.metadata.name;
  const message = `namespace ${own} is being terminated`;
  throw refusal(
    kind,
    name,
    `unable to create new content in namespace ${own} because it is being terminated`,
    { causes: [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }] },
  );
}

/** The checks of level `baseline` that a pod breaks, in the words of the real plugin; the most common of them. */
function broken(pod: KubeObject): string[] {
  const spec = isRecord(pod['spec']) ? pod['spec'] : {};
  const list = (field: string): Record<string, unknown>[] =>
    Array.isArray(spec[field]) ? (spec[field] as Record<string, unknown>[]) : [];
  const shared = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field] === true);
  const paths = list('volumes').filter((volume) => volume['hostPath'] !== undefined);
  const privileged = list('containers').filter(
    ({ securityContext }) => isRecord(securityContext) && securityContext['privileged'] === true,
  );
  const named = (some: readonly Record<string, unknown>[]): string =>
    some.map(({ name }) => `"${String(name)}"`).join(', ');
  return [
    ...(shared.length > 0 ? [`host namespaces (${shared.map((field) => `${field}=true`).join(', ')})`] : []),
    ...(paths.length > 0 ? [`hostPath volumes (volume${paths.length > 1 ? 's' : ''} ${named(paths)})`] : []),
    ...(privileged.length > 0
      ? [
          `privileged (container${privileged.length > 1 ? 's' : ''} ${named(privileged)} must not set ` +
            'securityContext.privileged=true)',
        ]
      : []),
  ];
}

/**
 * Lets an object in or not.
 * @param byDefault the Pod Security level of namespaces that have no label for it
 * @throws Refusal 403
 */
export function admitted(
  kind: Kind,
  object: KubeObject,
  namespace: KubeObject,
  { byDefault, admit }: { readonly byDefault: string; readonly admit: Admit | undefined },
): void {
  const level = namespace.metadata.labels?.['pod-security.kubernetes.io/enforce'] ?? byDefault;
  const faults = kind.resource === 'pods' && level !== 'privileged' ? broken(object) : [];
  if (faults.length > 0)
    throw refusal(kind, object.metadata.name, `violates PodSecurity "${level}:latest": ${faults.join(', ')}`);
  const why = admit?.(object);
  if (why !== undefined) throw refusal(kind, object.metadata.name, why);
}
