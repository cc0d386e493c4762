// `-o jsonpath=`: a template as kubectl takes it, for each event. Loaded only when it is asked for.
import { evaluate } from './evaluate.ts';
import { parse } from './parse.ts';

/**
 * What writes values by a template.
 * @param harmless makes a text that came out of a value harmless to who reads it; the template's own is as it is
 * @throws Failure usage that names the place
 */
export function byJsonpath(template: string, harmless: (text: string) => string): (value: object) => string {
  const parts = parse(template);
  return (value) => evaluate(parts, value, harmless);
}
