// The shapes that parts of a YAML text must have. What is missing, or null, is an empty one.
import { Unusable } from './unusable.ts';
import { dotted } from './yaml-places.ts';
import type { Path } from './yaml-places.ts';

export type Data = Readonly<Record<string, unknown>>;

/** @throws Unusable when it is no map */
export function mapAt(value: unknown, at: Path): Data {
  const map = value ?? {};
  if (typeof map !== 'object' || Array.isArray(map)) throw new Unusable(`${dotted(at)} is no map`);
  return map as Data;
}

/** @throws Unusable when it is no list */
export function listAt(value: unknown, at: Path): readonly unknown[] {
  const list = value ?? [];
  if (!Array.isArray(list)) throw new Unusable(`${dotted(at)} is no list`);
  return list;
}

/** @throws Unusable when it is no list of maps */
export function mapsAt(value: unknown, at: Path): readonly Data[] {
  return listAt(value, at).map((one, i) => mapAt(one, [...at, i]));
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
