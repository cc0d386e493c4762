// What an API server fills in and checks of an object before it stores it, for the kinds where that shows.
import { defaulted, faultsOf } from './audit-sink-rules.ts';
import type { Kind } from './kinds.ts';
import { isRecord, type KubeObject } from './object.ts';
import { required, wrong, type Cause } from './status.ts';

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** What is wrong with a name. */
export function nameFaults(name: string, minor: number): Cause[] {
  if (!name) return [required('metadata.name', 'name or generateName is required')];
  if (name.length <= 253 && subdomain.test(name)) return [];
  const called = minor >= 19 ? 'lowercase RFC 1123' : 'DNS-1123';
  const rule =
    `a ${called} subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and ` +
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  return [wrong('metadata.name', name, rule)];
}

/** What is wrong with the rest of an object. */
export function faultsOfKind(kind: Kind, object: KubeObject): Cause[] {
  return kind.resource === 'auditsinks' ? faultsOf(object) : [];
}

/** stringData goes into data, and the type has a default. */
function secret({ stringData, ...rest }: KubeObject): KubeObject {
  const encoded = isRecord(stringData)
    ? Object.entries(stringData).map(([name, text]) => [name, Buffer.from(String(text)).toString('base64')])
    : [];
  const data = { ...(isRecord(rest['data']) ? rest['data'] : {}), ...Object.fromEntries(encoded) };
  return {
    ...(rest as KubeObject),
    ...(Object.keys(data).length > 0 && { data }),
    type: rest['type'] ?? 'Opaque',
  };
}

/** From 1.21 on a namespace carries its name as a label. */
function namespace(object: KubeObject, minor: number): KubeObject {
  const { metadata } = object;
  const label = minor >= 21 ? { 'kubernetes.io/metadata.name': metadata.name } : {};
  const labels = { ...label, ...metadata.labels };
  const some = Object.keys(labels).length > 0;
  return {
    ...object,
    metadata: { ...metadata, ...(some && { labels }) },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

/** The object with its defaults. */
export function prepared(kind: Kind, object: KubeObject, minor: number): KubeObject {
  if (kind.resource === 'auditsinks') return defaulted(object);
  if (kind.resource === 'secrets') return secret(object);
  return kind.resource === 'namespaces' ? namespace(object, minor) : object;
}
