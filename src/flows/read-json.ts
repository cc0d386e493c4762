// Answers of an API are data from outside: these say what shape was expected and was not there, and the look that
// asked then knows that it could not see.

/** @throws Error when the value is no JSON object */
export function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('expected an object');
  return value as Record<string, unknown>;
}

/** @throws Error when the value is no JSON array */
export function arrayOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('expected a list');
  return value;
}

/** A map of strings; other values in it are left out. */
export function stringsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(value === undefined ? {} : objectOf(value));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
