// The pods that run the node script on a control-plane node, as objects. Both use the API server's own image, which is
// on that node already, and the host's userland mounted read-only over it: nothing to pull, nobody else to trust. With
// an image of the user's own that has a shell, only the host's root is mounted.
//
// A phase is a pod that runs to its end, and its log is the answer (protocol.ts): no exec. The guard is a static pod:
// it outlives the CLI, the helper and a reboot, and needs no API server.
// Pod: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
import { names } from '../audit/names.ts';
import type { KubeObject } from '../audit/plan/step.ts';
import { manifestFolder, type Phase } from './protocol.ts';

export interface Pod extends KubeObject {
  readonly kind: 'Pod';
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface Secret extends KubeObject {
  readonly kind: 'Secret';
  readonly stringData: Readonly<Record<string, string>>;
}

/** Name of the guard's file in the manifests folder, and of its pod without the node's name. */
export const guardName = 'sematext-audit-guard';

/** Where the node's root is in both pods, and what was sent is in the helper. */
const host = '/host';
const sent = '/sematext-audit';
/** Where `arm` puts guard.sh (transaction.sh). */
const guardScript = `${host}/var/lib/sematext-audit/guard.sh`;

interface Image {
  /** kubernetes.io/arch of the node. */
  readonly arch: string;
  /** The API server's, as its pod has it. */
  readonly image: string;
  /** An image with a POSIX shell, coreutils or busybox, and chroot in /usr/sbin, instead of the host's userland. */
  readonly helperImage?: string | undefined;
}

export interface Helper extends Image {
  readonly run: string;
  readonly node: string;
  readonly phase: Phase;
  /** From `phaseArguments`. */
  readonly args: readonly string[];
  /** Name of the Secret with the scripts and files. */
  readonly secret: string;
}

/** The pod that carries out one phase on a node. */
export function helperPod(helper: Helper): Pod {
  const { run, node, phase, args, secret } = helper;
  const command = ['/bin/sh', `${sent}/transaction.sh`, ...args, ...place, `files=${sent}`];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(`${names.object}-${phase}-${run.slice(0, 8)}`, node),
      namespace: names.namespace,
      ...marks('helper', run),
    },
    spec: {
      ...onNode,
      nodeName: node,
      restartPolicy: 'Never',
      // arm waits up to a minute for the guard; the rest is for a slow kubelet and a slow disk
      activeDeadlineSeconds: 300,
      automountServiceAccountToken: false,
      containers: [container(helper, command, [{ name: 'sent', mountPath: sent, readOnly: true }])],
      volumes: [...volumes(helper), { name: 'sent', secret: { secretName: secret, defaultMode: 0o600 } }],
    },
  };
}

export interface Guard extends Image {
  readonly run: string;
  /** Folder of the static pod manifests on the node. */
  readonly folder?: string;
}

/** The guard's manifest, in JSON, which every reader of YAML takes. */
export function guardManifest(guard: Guard): string {
  const { run, folder = manifestFolder } = guard;
  const args = [`run=${run}`, `folder=${folder}`, ...place].map(quoted).join(' ');
  // A guard without its script was killed in the very moment of its leaving: it only has to take its manifest along.
  const leave = `rm -f ${quoted(`${host}${folder}/${guardName}.yaml`)}; exec sleep 3600`;
  const command = ['/bin/sh', '-c', `[ -f ${guardScript} ] && exec /bin/sh ${guardScript} ${args}; ${leave}`];
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: guardName, namespace: 'kube-system', ...marks('guard', run) },
    spec: {
      ...onNode,
      restartPolicy: 'Always',
      priorityClassName: 'system-node-critical', // the last to be evicted, as the API server beside it
      containers: [container(guard, command, [])],
      volumes: volumes(guard),
    },
  };
  return `${JSON.stringify(pod, undefined, 2)}\n`;
}

/**
 * The Secret with what a phase needs on the node: the scripts, and the files that the script's head names. The token's
 * slot in them is filled when the Secret is sent.
 */
export function secretFor(secret: {
  readonly run: string;
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
}): Secret {
  const { run, name, files } = secret;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: names.namespace, ...marks('helper', run) },
    stringData: files,
  };
}

/** What both pods have in common. */
const onNode = {
  hostNetwork: true, // the redirect and the ports are the node's
  hostPID: true, // to tell the API server's process, and to end the old one where nothing carries its traffic
  dnsPolicy: 'Default',
  enableServiceLinks: false,
  terminationGracePeriodSeconds: 1, // the script may be killed at any moment, so nothing is won by waiting for it
  tolerations: [{ operator: 'Exists' }],
};

/** Where the script finds the node, and how it runs the node's own programs. */
const place = [`root=${host}`, `enter=/usr/sbin/chroot ${host}`];

function marks(component: 'helper' | 'guard', run: string): Pick<Pod['metadata'], 'labels' | 'annotations'> {
  return {
    labels: {
      [names.managedByLabel]: names.managedBy,
      'app.kubernetes.io/name': names.object,
      'app.kubernetes.io/component': component,
    },
    annotations: { [names.runAnnotation]: run },
  };
}

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: true;
}

function container(of: Image, command: readonly string[], mounts: readonly Mount[]): object {
  const userland = userlandOf(of).map((path) => ({ name: volumeOf(path), mountPath: path, readOnly: true }));
  return {
    name: names.object,
    image: of.helperImage ?? of.image,
    imagePullPolicy: 'IfNotPresent',
    command,
    // the image's own may be short or missing
    env: [{ name: 'PATH', value: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }],
    securityContext: { privileged: true, runAsUser: 0, runAsNonRoot: false, readOnlyRootFilesystem: true },
    volumeMounts: [{ name: 'host', mountPath: host }, ...userland, ...mounts],
  };
}

function volumes(of: Image): readonly object[] {
  const hostPath = (path: string): object => ({ path, type: 'Directory' });
  return [
    { name: 'host', hostPath: hostPath('/') },
    ...userlandOf(of).map((path) => ({ name: volumeOf(path), hostPath: hostPath(path) })),
  ];
}

/** Folders of the host that make a shell and its tools run in an image that has none. */
function userlandOf({ arch, helperImage }: Image): readonly string[] {
  if (helperImage !== undefined) return [];
  // where the dynamic loader is on these two; the other architectures have it in /lib
  const loader = arch === 'amd64' || arch === 'ppc64le' ? ['/lib64'] : [];
  return ['/usr', '/bin', '/lib', ...loader];
}

const volumeOf = (path: string): string => `host${path.replaceAll('/', '-')}`;

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** A pod's name of at most 63 characters; a digest of the node's name takes the place of what is cut off. */
function podName(begin: string, node: string): string {
  const name = `${begin}-${node}`;
  if (name.length <= 63) return name;
  return `${name.slice(0, 54).replace(/[-.]+$/, '')}-${digest(node)}`;
}

/** 8 hex digits, by FNV-1a: this room has no crypto, and nothing depends on its strength. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
