// The three switches of the dynamic backend as a change of an API server; two of them are lists that others use too.
import type { Change } from '../change.ts';
import type { Flags, ServerVersion } from '../facts.ts';
import { hasAuditSinks, switches } from './dynamic.ts';

/**
 * The switches that an API server of 1.13 to 1.18 needs before it honours an AuditSink, put into what it has already;
 * a value that has the effect is left as it is. No files.
 * @throws Error for another version: its API server would not start with them
 */
export function dynamicSwitchesChange(currentFlags: Flags, version: ServerVersion): Change {
  if (!hasAuditSinks(version)) throw new Error(`no switches of the dynamic backend in ${version.gitVersion}`);
  const flags = switches.map(({ flag, isOn }): readonly [string, string] => {
    const [, name = '', wanted = ''] = /^--([^=]+)=(.*)$/.exec(flag) ?? [];
    const current = currentFlags[name];
    if (current !== undefined && isOn(currentFlags)) return [name, current];
    return [name, wanted.includes('=') ? mergedList(current, wanted) : wanted];
  });
  return { flags, files: [], hash: undefined, writes: undefined };
}

/** A list like `A=true,B=false` with an entry `KEY=VALUE` in place of what it says of that key. */
export function mergedList(list: string | undefined, entry: string): string {
  const keyOf = (text: string): string | undefined => text.split('=')[0]?.trim();
  const others = (list ?? '').split(',').filter((one) => one.trim() !== '' && keyOf(one) !== keyOf(entry));
  return [...others.map((one) => one.trim()), entry].join(',');
}
