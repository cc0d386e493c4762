// A parsed jsonpath template and a value → text, as kubectl writes it (k8s.io/client-go/util/jsonpath/jsonpath.go).
// What is not there is nothing. So is an index beyond a list, where kubectl ends with an error: events differ.
import type { Part, Step } from './parse.ts';

type Fields = Readonly<Record<string, unknown>>;
type Values = readonly unknown[];

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const own = (value: unknown, name: string): Values =>
  isFields(value) && Object.hasOwn(value, name) ? [value[name]] : [];

function children(value: unknown): Values {
  if (Array.isArray(value)) return value;
  return isFields(value) ? Object.values(value) : [];
}

/** The value and all values within it that have children. */
function recursive(value: unknown): Values {
  const inner = children(value);
  return inner.length === 0 ? [] : [value, ...inner.flatMap(recursive)];
}

function slice(value: unknown, { from, to, by, one }: Step & { do: 'slice' }): Values {
  if (!Array.isArray(value)) return [];
  const place = (at: number): number => (at < 0 ? at + value.length : at);
  const first = place(from ?? 0);
  if (one && from !== undefined) return first in value ? [value[first]] : [];
  const some = value.slice(Math.max(0, first), to === undefined ? undefined : Math.max(0, place(to)));
  return some.filter((_, at) => at % Math.max(1, by) === 0);
}

const comparisons: Readonly<Record<string, (a: string | number, b: string | number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
const ordered = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

function holds(value: unknown, { left, operator, right }: Step & { do: 'filter' }): boolean {
  const [a, b] = [walk([value], left), walk([value], right)];
  if (operator === '' || a.length === 0) return a.length > 0;
  if (operator === '==') return a[0] === b[0];
  if (operator === '!=') return a[0] !== b[0];
  const [x, y] = [a[0], b[0]];
  return ordered(x) && ordered(y) && typeof x === typeof y && comparisons[operator]?.(x, y) === true;
}

function stepped(values: Values, step: Step): Values {
  switch (step.do) {
    case 'field':
      return step.name === '' ? values : values.flatMap((value) => own(value, step.name));
    case 'key':
      return values.flatMap((value) => {
        const found = own(value, step.name);
        return found.length > 0 ? found : walk([value], step.path);
      });
    case 'wildcard':
      return values.flatMap(children);
    case 'recursive':
      return values.flatMap(recursive);
    case 'slice':
      return values.flatMap((value) => slice(value, step));
    case 'union':
      return step.parts.flatMap((part) => walk(values, part));
    case 'filter':
      return values.flatMap((value) => (Array.isArray(value) ? value.filter((one) => holds(one, step)) : []));
    case 'constant':
      return values.map(() => step.value);
  }
}

const walk = (values: Values, steps: readonly Step[]): Values => steps.reduce(stepped, values);

/** With the keys in order, as Go writes maps. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

const written = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(sorted(value));

/**
 * The text of a template for a value; the results of one action are written side by side.
 * @param harmless makes a text that came out of the value harmless to who reads it; the template's own is as it is
 */
export function evaluate(parts: readonly Part[], value: unknown, harmless: (text: string) => string): string {
  const texts = parts.map((part) => {
    if (part.is === 'text') return part.text;
    const constant = part.steps.at(-1)?.do === 'constant';
    const results = walk([value], part.steps);
    if (part.is === 'range') return results.map((one) => evaluate(part.body, one, harmless)).join('');
    const text = results.map(written).join(' ');
    return constant ? text : harmless(text);
  });
  return texts.join('');
}
