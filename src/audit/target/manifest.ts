// The static-pod manifest of an API server as text: what it says, what a change makes of it, and how that is taken
// out again. Sources: kubernetes pkg/kubelet/config/file.go (what counts), kubeadm phases/controlplane/manifests.go
// (what most of them look like). Every byte that is not ours stays.
import { hashAnnotation } from '../change.ts';
import type { Change } from '../change.ts';
import type { Flags } from '../facts.ts';
import { flagsFromArgv } from '../flags.ts';
import { flagEdits } from './manifest-flags.ts';
import type { Restored } from './manifest-flags.ts';
import { serverIn } from './manifest-server.ts';
import type { Server } from './manifest-server.ts';
import { mountEdits, mountedIn } from './manifest-volumes.ts';
import { foldersOf, movesTo, oursOf } from './mounts.ts';
import { mapAt } from './plain-data.ts';
import { Unusable } from './unusable.ts';
import { edited, quoted } from './yaml-edit.ts';
import type { Edit } from './yaml-meaning.ts';

/** What everything here throws when a manifest cannot be changed. */
export { Unusable };

export interface Manifest {
  readonly namespace: string;
  readonly name: string;
  /** Name of the container that runs kube-apiserver. */
  readonly container: string;
  readonly image: string;
  readonly flags: Flags;
  /** 6443 where no flag says so. */
  readonly securePort: number;
  /** 0.0.0.0 where no flag says so. */
  readonly bindAddress: string;
  readonly advertiseAddress: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined where the image decides: root, in kubeadm's. */
  readonly runAsUser: number | undefined;
  /** Seconds that the old process gets to end. */
  readonly gracePeriod: number;
}

/**
 * Reads a manifest that this tool can change.
 * @throws Unusable when it is no YAML, several documents, not a Pod in the host's network, has a key twice, runs not
 *   exactly one kube-apiserver or starts it by a shell, or uses YAML anchors where an edit would be
 */
export function readManifest(text: string): Manifest {
  const { pod, container, words } = serverIn(text);
  const { name, namespace, annotations } = mapAt(pod['metadata'], ['metadata']);
  const { securityContext, terminationGracePeriodSeconds: grace } = mapAt(pod['spec'], ['spec']);
  const users = [container['securityContext'], securityContext].map(
    (context) => mapAt(context, ['securityContext'])['runAsUser'],
  );
  if (typeof name !== 'string') throw new Unusable('its pod has no name');
  const flags = flagsFromArgv(words.map((word) => word.text));
  const securePort = Number(flags['secure-port'] ?? 6443);
  if (!(securePort > 0 && securePort < 65536)) throw new Unusable('its API server has no secure port');
  return {
    namespace: typeof namespace === 'string' ? namespace : 'default',
    name,
    container: String(container['name']),
    image: String(container['image']),
    flags,
    securePort,
    bindAddress: flags['bind-address'] ?? '0.0.0.0',
    advertiseAddress: flags['advertise-address'],
    annotations: mapAt(annotations, ['metadata', 'annotations']) as Readonly<Record<string, string>>,
    runAsUser: users.find((user) => typeof user === 'number'),
    gracePeriod: typeof grace === 'number' ? grace : 30,
  };
}

/**
 * The next manifest: the change's flags, its folders mounted, its hash as an annotation; nothing else of ours.
 * Applied once more it changes nothing.
 * @param ours names of the flags that an earlier change set; those that this one lacks go
 * @param previous values that such flags had before us, and get back
 * @throws Unusable as readManifest does, and when a volume or mount of somebody else is in the way
 */
export function applyChange(
  text: string,
  change: Change,
  ours: readonly string[] = [],
  previous: Flags = {},
): string {
  const server = serverIn(text);
  const wanted = new Set(change.flags.map(([name]) => name));
  const restored = { flags: ours.filter((name) => !wanted.has(name)), previous };
  const next = edited(text, [
    ...flagEdits(server, change.flags, restored),
    ...mountEdits(server, movesTo(foldersOf(change), mountedIn(server))),
    ...hashEdits(server, change.hash),
  ]);
  const { flags } = readManifest(next);
  const wrong = change.flags.find(([name, value]) => flags[name] !== value)?.[0];
  if (wrong !== undefined) throw new Error(`The manifest was edited, and --${wrong} is not as meant`);
  return next;
}

/**
 * Takes what is ours out of a manifest, whatever else was changed in it since.
 * @param restored names of the flags that we set, and the values that they had before
 * @returns the very text that `applyChange` was given, when nobody else changed it, and every flag that was replaced
 *   stood on one line, with its value, in the quotes that its new value has
 * @throws Unusable as readManifest does
 */
export function withoutChange(text: string, restored: Restored): string {
  const server = serverIn(text);
  return edited(text, [
    ...flagEdits(server, [], restored),
    ...mountEdits(server, { out: oursOf(mountedIn(server)), in: [] }),
    ...hashEdits(server, undefined),
  ]);
}

function hashEdits({ pod }: Server, hash: string | undefined): readonly Edit[] {
  const to = ['metadata', 'annotations'];
  const { annotations } = mapAt(pod['metadata'], ['metadata']);
  const present = mapAt(annotations, to)[hashAnnotation];
  if (present === hash) return [];
  const at = [...to, hashAnnotation];
  if (hash === undefined) return [{ do: 'remove', at }];
  return [
    present === undefined
      ? { do: 'add', to, these: { [hashAnnotation]: quoted(hash) } }
      : { do: 'set', at, value: hash },
  ];
}
