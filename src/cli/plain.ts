// Keeps what came from elsewhere (a cluster's flags, names, answers) from steering the terminal that it is shown on.

/** Control characters that JSON leaves as they are, and those that turn the direction of a line. */
const beyondJson = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** JSON, or YAML whose texts are quoted, with escapes for what could steer a terminal; its values stay the same. */
export const escapedText = (json: string): string =>
  json.replace(beyondJson, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Whether a text holds what `escapedText` escapes. */
export const needsEscape = (text: string): boolean => text.search(beyondJson) !== -1;

/** The text in one line, with question marks for whatever steers a terminal. */
export const plainLine = (text: string): string => plainText(text).replace(/[\n\t]/g, '?');

/** The text with question marks for control characters; lines and tabs stay. */
export function plainText(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    '?',
  );
}

/** The same value with every text in it plain. */
export function plain<T>(value: T): T {
  if (typeof value === 'string') return plainText(value) as T;
  if (Array.isArray(value)) return value.map(plain) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain<unknown>(one)])) as T;
}
