// What a bare word of YAML means to go-yaml 2: YAML 1.1 without sexagesimals, and dates are texts.
// Source: go-yaml v2 resolve.go.

/** A scalar's value. A number that JSON does not know is NaN. */
export type Plain =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' };

const yes = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const no = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const nothing = /^(?:|~|null|Null|NULL)$/;
const endless = /^(?:\.nan|\.NaN|\.NAN|[-+]?\.(?:inf|Inf|INF))$/;
const integer = /^[-+]?(?:0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+)$/;
const decimal = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** The value of a word that stands there without quotes. */
export function wordValue(word: string): Plain {
  if (yes.test(word)) return { kind: 'boolean', value: true };
  if (no.test(word)) return { kind: 'boolean', value: false };
  if (nothing.test(word)) return { kind: 'null' };
  if (endless.test(word)) return { kind: 'number', value: NaN };
  const value = numberIn(word);
  return value === undefined ? { kind: 'string', value: word } : { kind: 'number', value };
}

function numberIn(word: string): number | undefined {
  if (!/^[-+.0-9]/.test(word)) return undefined;
  const digits = word.startsWith('.') ? word : word.replaceAll('_', '');
  if (integer.test(digits)) return integerIn(digits);
  // a number too big for a float64 is a text
  return decimal.test(digits) && Number.isFinite(Number(digits)) ? Number(digits) : undefined;
}

function integerIn(digits: string): number {
  const [, sign, unsigned = ''] = /^([-+]?)(.*)$/.exec(digits) ?? [];
  const value = Number(/^0[0-7]/.test(unsigned) ? `0o${unsigned}` : unsigned);
  return sign === '-' ? -value : value;
}
