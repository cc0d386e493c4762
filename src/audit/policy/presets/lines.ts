// What a preset is made of.
import type { ServerVersion } from '../../facts.ts';

/** Lines of a policy for a range of minor versions; both ends belong to it. */
export interface Lines {
  readonly from?: number;
  readonly to?: number;
  readonly text: string;
}

/** Whether they are for that version. */
export const areFor = ({ from = 0, to = Infinity }: Lines, { minor }: ServerVersion): boolean =>
  from <= minor && minor <= to;

/** The text of those that are for that version. */
export function textOf(lines: readonly Lines[], version: ServerVersion): string {
  const its = lines.filter((one) => areFor(one, version));
  return its.map(({ text }) => text.replace(/^\n/, '')).join('');
}
