// Makes a case that fails small, so that it can be read: parts of it are left out as long as it goes on failing.

/** What a case is made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * The smallest case that is found.
 * @param failing one that fails
 * @param fails whether another one does, too
 */
export async function shrink<Case extends Json>(
  failing: Case,
  fails: (other: Case) => Promise<boolean> | boolean,
): Promise<Case> {
  let smallest = failing;
  let found = true;
  while (found) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (!(await fails(candidate as Case))) continue;
      smallest = candidate as Case;
      found = true;
      break;
    }
  }
  return smallest;
}

/** All that a value becomes when something of it is left out, the most first. */
function* smaller(value: Json): Generator<Json> {
  if (typeof value === 'string') yield* cut(value);
  else if (isList(value)) {
    for (const part of cuts(value.length)) yield value.toSpliced(...part);
    for (const [i, item] of value.entries()) for (const less of smaller(item)) yield value.with(i, less);
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) yield without(value, key);
    for (const [key, item] of Object.entries(value))
      for (const less of smaller(item)) yield { ...value, [key]: less };
  }
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function without(value: { readonly [key: string]: Json }, key: string): Json {
  const { [key]: _, ...rest } = value;
  return rest;
}

// whole lines first: what is left is more often something that can be read
function* cut(text: string): Generator<string> {
  const lines = text.split(/(?<=\n)/);
  if (lines.length > 1) for (const part of cuts(lines.length)) yield lines.toSpliced(...part).join('');
  for (const [start, count] of cuts(text.length)) yield text.slice(0, start) + text.slice(start + count);
}

/** Start and length of what is left out of something of that length: all, halves, quarters, … single ones. */
function* cuts(length: number): Generator<[start: number, count: number]> {
  for (let count = length; count > 0; count = count === 1 ? 0 : Math.ceil(count / 2))
    for (let start = 0; start < length; start += count) yield [start, count];
}
