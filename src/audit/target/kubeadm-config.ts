// The ClusterConfiguration in ConfigMap kube-system/kubeadm-config, from which `kubeadm upgrade` and `join` render the
// API server's manifest: a change written into it, and taken out again. Every byte that is not ours stays.
// kubeadm's types: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ (and v1beta3, …).
import type { Change } from '../change.ts';
import type { Flags } from '../facts.ts';
import type { FlagValues, Restored } from './manifest-flags.ts';
import { foldersOf, movesTo, oursOf, takeOut } from './mounts.ts';
import type { Mounted, Moves } from './mounts.ts';
import { mapAt, mapsAt, textOf } from './plain-data.ts';
import type { Data } from './plain-data.ts';
import { Unusable } from './unusable.ts';
import { edited, quoted } from './yaml-edit.ts';
import type { Edit } from './yaml-meaning.ts';
import { openYaml } from './yaml-places.ts';
import type { Path } from './yaml-places.ts';

const argsAt = ['apiServer', 'extraArgs'];
const volumesAt = ['apiServer', 'extraVolumes'];

/**
 * The next ClusterConfiguration. Applied once more it changes nothing.
 * @param change undefined takes out what is ours
 * @param ours names of the flags that an earlier change wrote here; those that this one lacks go
 * @param previous values that such flags had here before us, and get back
 * @returns without a change, the very text that the change was written into, when nobody else changed it; an
 *   `apiServer` that was missing, as kubeadm never leaves it, stays as `{}`
 * @throws Unusable when it is no ClusterConfiguration of v1beta1 to v1beta4, or cannot be edited safely
 */
export function kubeadmConfig(
  text: string,
  change: Change | undefined,
  ours: readonly string[] = [],
  previous: Flags = {},
): string {
  const config = mapAt(openYaml(text).toJS(), []);
  const form = formOf(config);
  const { extraArgs, extraVolumes } = mapAt(config['apiServer'], ['apiServer']);
  const values = change?.flags ?? [];
  const kept = new Set(values.map(([name]) => name));
  const restored = { flags: ours.filter((name) => !kept.has(name)), previous };
  const args = form === 'map' ? argsInMap(mapAt(extraArgs, argsAt)) : argsInList(mapsAt(extraArgs, argsAt));
  const volumes = mapsAt(extraVolumes, volumesAt);
  const mounted = volumes.map(mountedFrom);
  const moves = change === undefined ? { out: oursOf(mounted), in: [] } : movesTo(foldersOf(change), mounted);
  return edited(text, [...argEdits({ args, form }, values, restored), ...volumeEdits(volumes, moves)]);
}

/** v1beta4 made `extraArgs` a list (kubernetes #125029). */
function formOf({ kind, apiVersion }: Data): 'map' | 'list' {
  if (kind === 'MasterConfiguration')
    throw new Unusable('it is a MasterConfiguration, of kubeadm 1.11 or older');
  if (kind !== 'ClusterConfiguration') throw new Unusable('it is no ClusterConfiguration');
  const [, version] = /^kubeadm\.k8s\.io\/(v1beta[1-4])$/.exec(String(apiVersion)) ?? [];
  if (version === undefined) throw new Unusable(`its apiVersion ${String(apiVersion)} is not known here`);
  return version === 'v1beta4' ? 'list' : 'map';
}

interface Arg {
  readonly name: string;
  readonly value: string;
  /** Path of the entry, and of its value. */
  readonly at: Path;
  readonly valueAt: Path;
}

function argsInMap(map: Data): readonly Arg[] {
  return Object.entries(map).map(([key, value]) => {
    const at = [...argsAt, key];
    return { name: flagName(key), value: String(value), at, valueAt: at };
  });
}

function argsInList(list: readonly Data[]): readonly Arg[] {
  return list.map(({ name, value }, i) => {
    const at = [...argsAt, i];
    return { name: flagName(String(name)), value: String(value), at, valueAt: [...at, 'value'] };
  });
}

const flagName = (key: string): string => key.replaceAll('_', '-');

interface Args {
  readonly args: readonly Arg[];
  readonly form: 'map' | 'list';
}

/** As flagEdits does it in a manifest: of a repeated flag only the last is changed, which counts. */
function argEdits({ args, form }: Args, values: FlagValues, { flags, previous }: Restored): readonly Edit[] {
  const earlier = flags.flatMap((name) =>
    previous[name] === undefined ? [] : [[name, previous[name]] as const],
  );
  const sets = [...values, ...earlier].flatMap(([name, value]): Edit[] => {
    const arg = args.findLast((one) => one.name === name);
    return arg === undefined || arg.value === value ? [] : [{ do: 'set', at: arg.valueAt, value }];
  });
  const gone = args.filter(({ name }) => flags.includes(name) && previous[name] === undefined);
  const missing = values.filter(([name]) => args.every((arg) => arg.name !== name));
  const these =
    form === 'map'
      ? Object.fromEntries(missing.map(([name, value]) => [name, quoted(value)]))
      : missing.map(([name, value]) => ({ name, value: quoted(value) }));
  return [
    ...sets,
    ...gone.toReversed().map(({ at }): Edit => ({ do: 'remove', at })),
    { do: 'add', to: argsAt, these },
  ];
}

function mountedFrom({ name, hostPath, mountPath, readOnly, pathType }: Data): Mounted {
  return {
    name: String(name),
    hostPath: textOf(hostPath),
    mountPath: textOf(mountPath),
    readOnly: readOnly === true,
    type: textOf(pathType),
    partly: false,
  };
}

function volumeEdits(volumes: readonly Data[], moves: Moves): readonly Edit[] {
  const these = moves.in.map(({ name, path, readOnly, type }) => ({
    name,
    hostPath: path,
    mountPath: path,
    ...(readOnly && { readOnly }),
    pathType: type,
  }));
  return [...takeOut(volumes, volumesAt, moves.out), { do: 'add', to: volumesAt, these }];
}
