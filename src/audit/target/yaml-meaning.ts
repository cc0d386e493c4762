// What an edit of YAML text is meant to change, on plain data: what the text's own edit is held against.
import type { Scalar } from 'yaml';
import type { Path } from './yaml-places.ts';

/** Plain data; a Scalar where the quotes are chosen. */
export type Value = string | boolean | Scalar<string> | readonly Value[] | { readonly [key: string]: Value };

export type Entries = readonly Value[] | { readonly [key: string]: Value };

export type Edit =
  /** The entries of a list or map, at the end of another one, which is made when it is missing. */
  | { readonly do: 'add'; readonly to: Path; readonly these: Entries }
  /** Another text for a scalar, in its own quotes where they can hold it. */
  | { readonly do: 'set'; readonly at: Path; readonly value: string }
  /** Together with the list or map that held it, when that is empty then. */
  | { readonly do: 'remove'; readonly at: Path };

/** The list or map that an edit changes. */
export const placeOf = (edit: Edit): Path => ('to' in edit ? edit.to : edit.at.slice(0, -1));

/** A list or a map: a list is a map of numbers here. */
type Data = Record<string | number, unknown>;

/** Makes the edit in the data. */
export function carryOut(root: unknown, edit: Edit): void {
  const place = placeOf(edit);
  const data = dataAt(root, place) as Data | undefined | null;
  if (edit.do === 'add') {
    const { these } = edit;
    const step = String(place.at(-1));
    if (data === undefined || data === null)
      carryOut(root, { do: 'add', to: place.slice(0, -1), these: { [step]: these } });
    else if (Array.isArray(data)) data.push(...Object.values(plain(these)));
    else Object.assign(data, plain(these));
    return;
  }
  const step = edit.at.at(-1) as string;
  if (edit.do === 'set') (data as Data)[step] = edit.value;
  else if (Array.isArray(data)) data.splice(Number(step), 1);
  else delete (data as Data)[step];
}

/**
 * Data as one string, in which a list or map of one of these paths that holds nothing is as good as none.
 * @param root is changed
 */
export function comparable(root: unknown, paths: readonly Path[]): string {
  for (const path of paths)
    for (let depth = path.length; depth > 0; depth--) {
      const step = path[depth - 1] as string;
      const outer = dataAt(root, path.slice(0, depth - 1)) as Data | undefined;
      const inner = outer?.[step];
      const holds = typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0;
      if (outer !== undefined && !holds && typeof inner === 'object') delete outer[step];
    }
  return JSON.stringify(root);
}

const plain = (entries: Entries): Data => JSON.parse(JSON.stringify(entries)) as Data;

const dataAt = (root: unknown, path: Path): unknown =>
  path.reduce((data, step) => (data as Data | undefined | null)?.[step], root);
