// The pods of a run, in a namespace of their own: made, watched until they ran, read, and taken away again.
import { names } from '../../audit/names.ts';
import type { KubeObject } from '../../audit/plan/step.ts';
import { Failure } from '../../errors.ts';
import { found, Refused, write } from '../../io/api.ts';
import { arrayOf, objectOf, stringsOf } from '../read-json.ts';
import { created, gone } from './objects.ts';
import type { Site } from './site.ts';
import { until } from './site.ts';

const podsPath = `${names.namespacePath}/pods`;
const secretsPath = `${names.namespacePath}/secrets`;
const mine = `${names.managedByLabel}=${names.managedBy}`;

/** What a pod's status says, as far as it counts here. */
export interface PodState {
  readonly phase: string;
  /** The container runs, and the kubelet's probe (where it has one) says that it is ready. */
  readonly running: boolean;
  /** Why it does not run: `ErrImagePull`, `OOMKilled`, `CrashLoopBackOff`, … */
  readonly reason: string;
  readonly message: string;
  readonly restarts: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** The first container's command and arguments. */
  readonly argv: readonly string[];
}

/** How long the namespace of an earlier run may take to go. */
const goingMs = 90_000;

/** Makes the namespace, and says by its label that our pods may run in it. @throws Failure when an old one stays */
export async function ensureNamespace(site: Site): Promise<void> {
  const { cluster } = site;
  const there = await until(site, { timeoutMs: goingMs }, async () => {
    const namespace = await found(cluster, names.namespacePath);
    if (namespace === undefined) return 'no';
    return isGoing(namespace) ? undefined : 'yes';
  });
  if (there === 'yes') return;
  if (there === undefined)
    throw new Failure(
      'cluster-answer',
      `The namespace ${names.namespace} is being deleted and does not go.`,
      [`see what holds it: kubectl get namespace ${names.namespace} -o yaml`],
    );
  const labels = {
    [names.managedByLabel]: names.managedBy,
    'pod-security.kubernetes.io/enforce': 'privileged',
  };
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: names.namespace, labels } };
  await created(cluster, '/api/v1/namespaces', body);
}

/** Takes the namespace away when this tool made it and nothing is left that runs in it. */
export async function leaveNamespace({ cluster }: Site): Promise<void> {
  const namespace = await found(cluster, names.namespacePath);
  const labels = objectOf(objectOf(namespace?.['metadata'] ?? {})['labels'] ?? {});
  if (namespace === undefined || labels[names.managedByLabel] !== names.managedBy) return;
  const agents = await write(cluster, { path: `/apis/apps/v1/namespaces/${names.namespace}/daemonsets` });
  if (arrayOf(agents['items']).length > 0) return;
  const pods = await write(cluster, { path: podsPath });
  const stays = arrayOf(pods['items']).some((pod) => !isGoing(pod) && !isOfDaemonSet(pod));
  if (!stays) await gone(cluster, names.namespacePath);
}

/** One whose DaemonSet is gone goes as well, once the controller manager has its lease with a new API server back. */
const isOfDaemonSet = (pod: unknown): boolean =>
  arrayOf(objectOf(objectOf(pod)['metadata'])['ownerReferences'] ?? []).some(
    (owner) => objectOf(owner)['kind'] === 'DaemonSet',
  );

const isGoing = (pod: unknown): boolean =>
  objectOf(objectOf(pod)['metadata'])['deletionTimestamp'] !== undefined;

/** Whether the API server would take this pod, and its own words when it would not. */
export async function wouldTake(site: Site, pod: KubeObject): Promise<true | string> {
  try {
    await createPod(site, pod, '?dryRun=All');
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status !== 401) return error.message;
    throw error;
  }
}

/** The controller manager loses its lease with the API server, and takes half a minute to have it back. */
const accountMs = 60_000;

/** Makes a pod; in a new namespace as soon as that has the service account without which none is let in. */
export async function createPod(site: Site, pod: KubeObject, query = ''): Promise<void> {
  const done = await until(site, { timeoutMs: accountMs }, async () => {
    try {
      await created(site.cluster, podsPath, pod, query);
      return true;
    } catch (error) {
      if (isEarly(error)) return undefined;
      throw error;
    }
  });
  if (done === undefined)
    throw new Failure(
      'cluster-answer',
      `The namespace ${names.namespace} has got no service account within ${accountMs / 1000} s.`,
      ['kube-controller-manager makes it: see whether it runs, kubectl -n kube-system get pods'],
    );
}

// plugin/pkg/admission/serviceaccount, in all versions
const isEarly = (error: unknown): boolean =>
  error instanceof Refused &&
  error.status === 403 &&
  /serviceaccount "default" not found/.test(error.message);

export async function createSecret({ cluster }: Site, secret: KubeObject): Promise<void> {
  await created(cluster, secretsPath, secret);
}

export async function deleteSecret({ cluster }: Site, name: string): Promise<void> {
  await gone(cluster, `${secretsPath}/${name}`);
}

/** @param now without waiting for its containers to end: for those that have ended */
export async function deletePod({ cluster }: Site, name: string, now: boolean): Promise<void> {
  await gone(cluster, `${podsPath}/${name}`, now ? 0 : undefined);
}

/** A pod's state; undefined when there is no such pod. */
export async function podState(
  { cluster }: Pick<Site, 'cluster'>,
  name: string,
  namespace: string = names.namespace,
): Promise<PodState | undefined> {
  const pod = await found(cluster, `/api/v1/namespaces/${namespace}/pods/${name}`);
  return pod === undefined ? undefined : readState(pod);
}

/** Waits until a pod that was deleted is gone, with its grace. */
export async function ended(site: Site, name: string): Promise<void> {
  await until(site, { timeoutMs: 90_000 }, async () =>
    (await podState(site, name)) === undefined ? true : undefined,
  );
}

function readState(pod: Record<string, unknown>): PodState {
  const status = objectOf(pod['status'] ?? {});
  const container = objectOf(arrayOf(status['containerStatuses'] ?? [])[0] ?? {});
  const { running, waiting, terminated } = objectOf(container['state'] ?? {});
  const why = { ...status, ...objectOf(waiting ?? terminated ?? {}) };
  return {
    phase: String(status['phase'] ?? ''),
    running: running !== undefined && container['ready'] === true,
    reason: String(why['reason'] ?? ''),
    message: String(why['message'] ?? ''),
    restarts: Number(container['restartCount'] ?? 0),
    annotations: stringsOf(objectOf(pod['metadata'])['annotations']),
    argv: argvOf(arrayOf(objectOf(pod['spec'])['containers'])),
  };
}

function argvOf([first]: readonly unknown[]): readonly string[] {
  const { command = [], args = [] } = objectOf(first);
  return [...arrayOf(command), ...arrayOf(args)].map(String);
}

/** @param query such as `?previous=true` */
export async function podLog(
  { cluster }: Pick<Site, 'cluster'>,
  name: string,
  { namespace = names.namespace, query = '' }: { readonly namespace?: string; readonly query?: string } = {},
): Promise<string> {
  const { status, text } = await cluster.request({
    path: `/api/v1/namespaces/${namespace}/pods/${name}/log${query}`,
  });
  return status === 200 ? text : '';
}

// states that no waiting mends; a container that cannot be created may be one that cannot be created yet
const hopeless =
  /^(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainerConfigError|RunContainerError|StartError|ContainerCannotRun)$/;

/** Waits until a pod ran to its end. @throws Failure target-unsupported when it cannot run, or does not end */
export async function ranToEnd(site: Site, name: string, timeoutMs: number): Promise<void> {
  let last: PodState | undefined;
  const ended = await until(site, { timeoutMs, everyMs: 300 }, async () => {
    last = await podState(site, name);
    const { phase = 'Failed', reason = 'it was deleted' } = last ?? {};
    return phase === 'Succeeded' || phase === 'Failed' || hopeless.test(reason)
      ? { phase, reason }
      : undefined;
  });
  if (ended !== undefined && !hopeless.test(ended.reason) && last !== undefined) return;
  const why =
    [last?.reason, last?.message].filter(Boolean).join(': ') || 'the kubelet did not run it in time';
  throw new Failure('target-unsupported', `The helper pod ${name} did not run: ${why}.`, [
    'name an image with a shell that this node has or can pull: --helper-image IMAGE',
    'or run the same command on the node itself with --local',
  ]);
}

/** Names of this tool's pods in its namespace: helpers and twins, of any run or of one. */
export async function leftPods({ cluster }: Site, run?: string): Promise<readonly string[]> {
  const selector = encodeURIComponent(`${mine},app.kubernetes.io/component in (helper,twin)`);
  const list = await write(cluster, { path: `${podsPath}?labelSelector=${selector}` });
  return arrayOf(list['items']).flatMap((item) => {
    const { name, annotations } = objectOf(objectOf(item)['metadata']);
    const of = objectOf(annotations ?? {})[names.runAnnotation];
    return run === undefined || of === run ? [String(name)] : [];
  });
}

/** Secrets that were sent along with helpers. */
export async function leftSecrets({ cluster }: Site, run?: string): Promise<readonly string[]> {
  const selector = encodeURIComponent(`${mine},app.kubernetes.io/component=helper`);
  const list = await write(cluster, { path: `${secretsPath}?labelSelector=${selector}` });
  return arrayOf(list['items']).flatMap((item) => {
    const { name, annotations } = objectOf(objectOf(item)['metadata']);
    const of = objectOf(annotations ?? {})[names.runAnnotation];
    return run === undefined || of === run ? [String(name)] : [];
  });
}
