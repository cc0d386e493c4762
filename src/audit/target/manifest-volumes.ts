// The volumes of a static-pod manifest, as the API server's container mounts them.
import type { Server } from './manifest-server.ts';
import { takeOut } from './mounts.ts';
import type { Mounted, Moves } from './mounts.ts';
import { mapAt, mapsAt, textOf } from './plain-data.ts';
import type { Data } from './plain-data.ts';
import type { Edit } from './yaml-meaning.ts';
import type { Path } from './yaml-places.ts';

const volumesAt = ['spec', 'volumes'];
const mountsAt = ({ at }: Server): Path => [...at, 'volumeMounts'];

const volumesOf = ({ pod }: Server): readonly Data[] =>
  mapsAt(mapAt(pod['spec'], ['spec'])['volumes'], volumesAt);

const mountsOf = (server: Server): readonly Data[] =>
  mapsAt(server.container['volumeMounts'], mountsAt(server));

/** Each mount of the API server, and each volume that it does not mount. */
export function mountedIn(server: Server): readonly Mounted[] {
  const volumes = volumesOf(server);
  const mounts = mountsOf(server);
  const loose = volumes.filter(({ name }) => mounts.every((mount) => mount['name'] !== name));
  return [...mounts, ...loose.map(({ name }): Data => ({ name }))].map((mount) => {
    const volume = volumes.find(({ name }) => name === mount['name']);
    const { path, type } = mapAt(volume?.['hostPath'], volumesAt);
    return {
      name: String(mount['name']),
      hostPath: textOf(path),
      type: textOf(type),
      mountPath: textOf(mount['mountPath']),
      readOnly: mount['readOnly'] === true,
      partly: mount['subPath'] !== undefined || mount['subPathExpr'] !== undefined,
    };
  });
}

/** The edits that take mounts and their volumes out, and put others in. */
export function mountEdits(server: Server, moves: Moves): readonly Edit[] {
  const mounts = moves.in.map(({ name, path, readOnly }) => ({
    mountPath: path,
    name,
    ...(readOnly && { readOnly }),
  }));
  const volumes = moves.in.map(({ name, path, type }) => ({ hostPath: { path, type }, name }));
  return [
    ...takeOut(mountsOf(server), mountsAt(server), moves.out),
    ...takeOut(volumesOf(server), volumesAt, moves.out),
    { do: 'add', to: mountsAt(server), these: mounts },
    { do: 'add', to: volumesAt, these: volumes },
  ];
}
