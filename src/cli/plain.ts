// Keeps what came from elsewhere (a cluster's flags, names, answers) from steering the terminal that it is shown on.

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
