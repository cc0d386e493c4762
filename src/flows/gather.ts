// Asks the cluster and the sink everything that a command wants to know, once, side by side. The number of requests
// does not grow with the cluster: selectors and limits everywhere, never all pods or all nodes.
import { sinksPath } from '../audit/backend/dynamic.ts';
import type { AuditSink } from '../audit/backend/audit-sink.ts';
import type { Delivery, Facts, Look, Permission, ReceiverAnswer } from '../audit/facts.ts';
import { names } from '../audit/names.ts';
import { readRecord } from '../audit/plan/record.ts';
import type { AuditRecord } from '../audit/plan/record.ts';
import { maskUrl } from '../audit/sink/sematext.ts';
import { look } from '../io/api.ts';
import { lookAtReceiver, lookForRecent } from '../io/sematext.ts';
import type { SinkAccess } from '../io/sematext.ts';
import type { Cluster, World } from '../io/world.ts';
import { gatherApiServers, listen } from './gather-api-servers.ts';
import type { Heard } from './gather-api-servers.ts';
import { gatherSigns } from './gather-signs.ts';
import { arrayOf, objectOf } from './read-json.ts';

export interface Wants {
  readonly permissions?: readonly Permission[];
  /** The sink, with the token and the key that the user gave; nothing of the sink is asked when left out. */
  readonly access?: SinkAccess;
  /** How far back the search looks, seconds. */
  readonly window?: number;
  /** Least time between the two readings of the metrics, milliseconds. */
  readonly interval?: number;
}

const notAsked = (why: string): { unseen: 'not-asked'; why: string } => ({ unseen: 'not-asked', why });

/**
 * Gathers the facts.
 * @throws Failure when the cluster cannot be reached or does not let us in at all; a single refusal is a fact
 */
export async function gather(world: World, wants: Wants): Promise<Facts> {
  const cluster = await world.cluster();
  const { access } = wants;
  const ask = (via?: string): Promise<Heard> => listen(world, cluster, wants.interval ?? 0, via);
  // The counters are by far the longest answer, so they are asked for first, of whoever answers: mostly the only one.
  const [front, signs, auditIdHeader, auditSinks, record, permissions, endpoints, receiver, delivery] =
    await Promise.all([
      ask(),
      gatherSigns(cluster),
      markLook(cluster),
      sinksLook(world, cluster, access?.token),
      recordLook(cluster),
      permissionLooks(cluster, wants.permissions ?? []),
      look(cluster, '/api/v1/namespaces/default/endpoints/kubernetes', readEndpoints),
      receiverLook(world, access),
      deliveryLook(world, access, wants.window ?? 900),
    ]);
  const changed = 'seen' in record && record.seen.record.change !== undefined;
  const [apiServers, workers] = await Promise.all([
    gatherApiServers(ask, front, signs, endpoints),
    changed ? workersLook(cluster) : undefined,
  ]);
  return {
    ...signs,
    apiServers,
    auditIdHeader,
    at: world.clock.now().toISOString(),
    auditSinks,
    endpoints,
    permissions,
    record,
    receiver,
    delivery,
    ...(workers !== undefined && { workers }),
  };
}

// The guard is a static pod in kube-system, the others are in the tool's own namespace.
async function workersLook(cluster: Cluster): Promise<Look<readonly string[]>> {
  const named = async (namespace: string): Promise<Look<readonly string[]>> => {
    const selector = `${names.managedByLabel}=${names.managedBy},app.kubernetes.io/component in (helper,twin,guard)`;
    const path = `/api/v1/namespaces/${namespace}/pods?limit=20&labelSelector=${encodeURIComponent(selector)}`;
    return look(cluster, path, namesIn);
  };
  const [own, system, slices] = await Promise.all([
    named(names.namespace),
    named('kube-system'),
    slicesLook(cluster),
  ]);
  if ('unseen' in own) return own;
  if ('unseen' in system) return system;
  return 'unseen' in slices ? slices : { seen: [...own.seen, ...system.seen, ...slices.seen] };
}

// Of the endpoints of the API: see nodes/endpoint.ts.
async function slicesLook(cluster: Cluster): Promise<Look<readonly string[]>> {
  const selector = encodeURIComponent(`${names.managedByLabel}=${names.managedBy}`);
  for (const collection of names.sliceCollections) {
    const slices = await look(cluster, `${collection}?limit=20&labelSelector=${selector}`, namesIn);
    if (!('unseen' in slices) || slices.unseen !== 'absent') return slices;
  }
  return { seen: [] };
}

const namesIn = (list: unknown): readonly string[] =>
  arrayOf(objectOf(list)['items']).map((item) => String(objectOf(objectOf(item)['metadata'])['name']));

async function receiverLook(world: World, access: SinkAccess | undefined): Promise<Look<ReceiverAnswer>> {
  if (access?.token === undefined) return notAsked('no Logs token was given');
  return lookAtReceiver(world, access.sink, access.token);
}

async function deliveryLook(
  world: World,
  access: SinkAccess | undefined,
  window: number,
): Promise<Look<Delivery>> {
  if (access?.token === undefined) return notAsked('no Logs token was given');
  if (access.sink.search === undefined) return notAsked('no search is known for this receiver');
  if (access.apiKey === undefined) return notAsked('no API key was given');
  return lookForRecent(world, access, window);
}

// From 1.22 on every answer is marked, which says nothing; asking costs little enough not to wait for the version.
async function markLook(cluster: Cluster): Promise<Look<boolean>> {
  const { headers } = await cluster.request({ path: '/version' });
  return { seen: headers['audit-id'] !== undefined };
}

/** The AuditSinks, their URLs masked before anything keeps them. */
export async function sinksLook(
  world: World,
  cluster: Cluster,
  token?: string,
): Promise<Look<readonly AuditSink[]>> {
  const found = await look(cluster, sinksPath, (json) => arrayOf(objectOf(json)['items']).map(sinkIn));
  if ('unseen' in found) return found;
  const digest = found.seen.length > 0 ? await world.hasher() : (text: string): string => text;
  const mask = (url: string): string => maskUrl(url, token, (text) => digest(text).slice(0, 12));
  return { seen: found.seen.map((sink) => maskedSink(sink, mask)) };
}

/** @throws Error when it has not the shape of one */
function sinkIn(item: unknown): AuditSink {
  const { metadata, spec } = objectOf(item);
  objectOf(metadata);
  objectOf(objectOf(objectOf(spec)['webhook'])['clientConfig']);
  return item as AuditSink;
}

// Of the annotations only ours are kept: kubectl's last-applied one has the URL in it, and an earlier spec may.
function maskedSink(sink: AuditSink, mask: (url: string) => string): AuditSink {
  const { url } = sink.spec.webhook.clientConfig;
  const { [names.previousAnnotation]: previous, [names.runAnnotation]: run } =
    sink.metadata.annotations ?? {};
  const annotations = {
    ...(run !== undefined && { [names.runAnnotation]: run }),
    ...(previous !== undefined && { [names.previousAnnotation]: 'kept on the object' }),
  };
  const { name, uid, resourceVersion, labels } = sink.metadata;
  return {
    apiVersion: 'auditregistration.k8s.io/v1alpha1',
    kind: 'AuditSink',
    metadata: {
      name,
      annotations,
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
      ...(labels && { labels }),
    },
    spec: {
      policy: sink.spec.policy,
      webhook: {
        ...sink.spec.webhook,
        clientConfig: { ...sink.spec.webhook.clientConfig, ...(url !== undefined && { url: mask(url) }) },
      },
    },
  };
}

/** The record of an earlier run. */
export async function recordLook(
  cluster: Cluster,
): Promise<Look<{ record: AuditRecord; resourceVersion: string }>> {
  return look(cluster, names.recordPath, (json) => {
    const record = readRecord(json);
    if (record === undefined)
      throw new Error(`ConfigMap kube-system/${names.object} holds no record that this version reads`);
    return { record, resourceVersion: String(objectOf(objectOf(json)['metadata'])['resourceVersion'] ?? '') };
  });
}

/** host:port of each API server in Endpoints default/kubernetes. */
export function readEndpoints(json: unknown): readonly string[] {
  return arrayOf(objectOf(json)['subsets'] ?? []).flatMap((subset) => {
    const { addresses, ports } = objectOf(subset);
    const port = objectOf(arrayOf(ports ?? [])[0] ?? {})['port'] ?? 443;
    return arrayOf(addresses ?? []).map((address) => {
      const ip = String(objectOf(address)['ip']);
      return `${ip.includes(':') ? `[${ip}]` : ip}:${String(port)}`;
    });
  });
}

/** Whether this user may do each of these things. */
export async function permissionLooks(
  cluster: Cluster,
  wanted: readonly Permission[],
): Promise<Facts['permissions']> {
  return Promise.all(
    wanted.map(async (permission) => ({ permission, allowed: await mayI(cluster, permission) })),
  );
}

/** Asks the API server whether this user may do one thing (SelfSubjectAccessReview). */
async function mayI(cluster: Cluster, permission: Permission): Promise<Look<boolean>> {
  const [resource, subresource] = permission.resource.split('/');
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { ...permission, resource, ...(subresource && { subresource }) } },
  };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  return look(cluster, { method: 'POST', path, body }, (json) => {
    const { allowed } = objectOf(objectOf(json)['status']);
    if (typeof allowed !== 'boolean') throw new Error('the review has no status.allowed');
    return allowed;
  });
}
