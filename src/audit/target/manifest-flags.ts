// Edits of the flags in a static-pod manifest.
import { flagWords } from '../flags.ts';
import type { Flags } from '../facts.ts';
import { serverIn } from './manifest-server.ts';
import type { Server } from './manifest-server.ts';
import { edited } from './yaml-edit.ts';
import type { Edit } from './yaml-meaning.ts';

/** Flags that are to have a value, in the order in which missing ones are written. */
export type FlagValues = readonly (readonly [name: string, value: string])[];

/** Flags that are to be as they were: gone, or with their earlier value. */
export interface Restored {
  readonly flags: readonly string[];
  /** Earlier values, of those that had one. */
  readonly previous: Flags;
}

/**
 * The edits that give flags their values. Of a repeated flag only the last is changed: it is the one that counts, and
 * earlier ones of `feature-gates` and `runtime-config` add to it (component-base cli/flag, MapStringBool.Set). What is
 * missing goes to the end of the list that the flags end in.
 */
export function flagEdits(
  server: Server,
  values: FlagValues,
  { flags, previous }: Restored,
): readonly Edit[] {
  const { words, first } = server;
  const present = flagWords(words.slice(first).map(({ text }) => text));
  const earlier = flags.flatMap((name) =>
    previous[name] === undefined ? [] : [[name, previous[name]] as const],
  );
  const sets = [...values, ...earlier].flatMap(([name, value]): Edit[] => {
    const flag = present.findLast((one) => one.name === name);
    if (flag === undefined || flag.value === value) return [];
    const word = words[first + flag.at + flag.words - 1];
    if (word === undefined) return [];
    const [spelt = ''] = flag.words === 1 ? (/^--[^=]+/.exec(word.text) ?? []) : [];
    return [{ do: 'set', at: word.at, value: spelt === '' ? value : `${spelt}=${value}` }];
  });
  const gone = present.filter(({ name }) => flags.includes(name) && previous[name] === undefined);
  const places = gone.flatMap(({ at, words: taken }) => words.slice(first + at, first + at + taken));
  const list = words.at(-1)?.at.slice(0, -1) ?? [];
  const missing = values.filter(([name]) => present.every((flag) => flag.name !== name));
  const these = missing.map(([name, value]) => `--${name}=${value}`);
  return [
    ...sets,
    ...places.reverse().map(({ at }): Edit => ({ do: 'remove', at })),
    { do: 'add', to: list, these },
  ];
}

/** A manifest with these values of flags. @throws Unusable as readManifest does */
export function withFlags(text: string, values: FlagValues): string {
  return edited(text, flagEdits(serverIn(text), values, { flags: [], previous: {} }));
}
