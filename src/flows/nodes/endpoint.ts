// The node's place among the endpoints of the Service default/kubernetes. An API server that ends takes its address out
// of its own EndpointSlice (pkg/controlplane/reconcilers, RemoveEndpoints), and kube-proxy on every other node refuses
// pods from then on, although the twin would answer them. So a slice of ours holds the address meanwhile: kube-proxy
// reads all slices of a Service together.
import { names } from '../../audit/names.ts';
import type { KubeObject, Turn } from '../../audit/plan/step.ts';
import { readManifest } from '../../audit/target/manifest.ts';
import { Failure } from '../../errors.ts';
import { found, look, write } from '../../io/api.ts';
import { arrayOf, objectOf } from '../read-json.ts';
import { created, gone } from './objects.ts';
import { calm, until } from './site.ts';
import type { Site } from './site.ts';

/** The API servers reconcile theirs every 10 s; the one that has come up does it as it begins to serve. */
const backMs = 90_000;

/** Whose address is held. */
type Held = Pick<Turn, 'node' | 'before' | 'carry'>;

interface Slice extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly ownerReferences: readonly object[] };
  readonly addressType: unknown;
  readonly endpoints: readonly { readonly addresses: readonly string[]; readonly conditions: object }[];
  readonly ports: unknown;
}

/**
 * Holds the node's address among the endpoints until it is released.
 * @returns the path of the slice; undefined where the API server's address is not among the endpoints now
 * @throws Failure when they cannot be seen, or the slice is refused
 */
export async function holdEndpoint(site: Site, turn: Held): Promise<string | undefined> {
  const theirs = await theirSlice(site);
  const address = readManifest(turn.before).flags['advertise-address'] ?? turn.carry?.address ?? '';
  if (theirs === undefined || !addressesIn(theirs.slice).includes(address)) return undefined;
  const slice = await sliceFor(site, turn, theirs.slice, address);
  const path = `${theirs.collection}/${slice.metadata.name}`;
  try {
    await created(site.cluster, theirs.collection, slice);
    return path;
  } catch (error) {
    await gone(calm(site).cluster, path).catch(() => undefined); // the first error is the one to show
    throw error;
  }
}

/**
 * Takes the slice away once the API servers' own has the address again. Where that does not come, ours stays and is
 * told: pods would be refused without it.
 */
export async function releaseEndpoint(site: Site, path: string): Promise<void> {
  const ours = await found(site.cluster, path);
  if (ours === undefined) return;
  const [address = ''] = addressesIn(ours);
  const theirs = path.replace(/[^/]*$/, 'kubernetes');
  const isBack = await until(site, { timeoutMs: backMs, everyMs: 1_000 }, async () =>
    addressesIn((await found(site.cluster, theirs)) ?? {}).includes(address) ? true : undefined,
  );
  if (isBack === true) return gone(site.cluster, path);
  const name = path.replace(/.*\//, '');
  site.tell(
    `The API server at ${address} is not among the endpoints of the Service default/kubernetes by itself: EndpointSlice default/${name} stays`,
  );
}

/** Paths of the slices that runs which died have left. */
export async function leftEndpoints({ cluster }: Pick<Site, 'cluster'>): Promise<readonly string[]> {
  const selector = encodeURIComponent(`${names.managedByLabel}=${names.managedBy}`);
  for (const collection of names.sliceCollections) {
    const list = await found(cluster, `${collection}?labelSelector=${selector}`);
    if (list === undefined) continue;
    return arrayOf(list['items']).map(
      (item) => `${collection}/${String(objectOf(objectOf(item)['metadata'])['name'])}`,
    );
  }
  return [];
}

interface Theirs {
  readonly collection: string;
  readonly slice: Record<string, unknown>;
}

/** The slice that the API servers keep; undefined where there is none (endpoint-reconciler-type=none, old versions). */
async function theirSlice({ cluster }: Site): Promise<Theirs | undefined> {
  for (const collection of names.sliceCollections) {
    const slice = await look(cluster, `${collection}/kubernetes`, objectOf);
    if ('seen' in slice) return { collection, slice: slice.seen };
    if (slice.unseen !== 'absent')
      throw new Failure(
        'cluster-answer',
        `The endpoints of the Service default/kubernetes could not be looked at: ${slice.why}`,
        ['pods on other nodes would be refused while an API server is exchanged; try again'],
      );
  }
  return undefined;
}

/** It goes with the node, should nobody take it away. */
async function sliceFor(
  { cluster, run }: Site,
  { node }: Held,
  { apiVersion, addressType, ports }: Record<string, unknown>,
  address: string,
): Promise<Slice> {
  const { metadata } = await write(cluster, { path: `/api/v1/nodes/${node}` });
  const owner = { apiVersion: 'v1', kind: 'Node', name: node, uid: objectOf(metadata)['uid'] };
  return {
    apiVersion: String(apiVersion),
    kind: 'EndpointSlice',
    metadata: {
      name: `${names.object}-${run.slice(0, 8)}-${node}`,
      namespace: 'default',
      labels: {
        'kubernetes.io/service-name': 'kubernetes',
        'endpointslice.kubernetes.io/managed-by': names.managedBy,
        [names.managedByLabel]: names.managedBy,
      },
      annotations: { [names.runAnnotation]: run },
      ownerReferences: [owner],
    },
    addressType,
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports,
  };
}

/** @throws Error when it is no EndpointSlice */
function addressesIn(slice: Record<string, unknown>): readonly string[] {
  return arrayOf(slice['endpoints'] ?? []).flatMap((endpoint) =>
    arrayOf(objectOf(endpoint)['addresses']).map(String),
  );
}
