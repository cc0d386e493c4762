// What the query of a list says about it: whether it is a watch, and the one name that is asked for.
// Source: apimachinery pkg/apis/meta/v1 (ListOptions), pkg/fields/selector.go.

/** Whether changes are asked for, too; `watch` alone is enough to say so. */
export function isWatch(query: string): boolean {
  const watch = valueOf(query, 'watch')?.toLowerCase();
  return watch !== undefined && watch !== 'false' && watch !== '0';
}

/** The name of a list of one object, the way that clients watch a single one; empty where any will do. */
export function nameIn(query: string): string {
  if (!query.includes('fieldSelector') || !isReadable(query)) return '';
  const terms = termsOf(valueOf(query, 'fieldSelector') ?? '');
  const name = terms?.find(([field, operator]) => field === 'metadata.name' && operator !== '!=')?.[2] ?? '';
  return name === '.' || name === '..' || /[/%]/.test(name) ? '' : name;
}

// of what is there twice the first counts, and what cannot be decoded is as if it were not there
function valueOf(query: string, name: string): string | undefined {
  const pairs = query.split('&').filter((pair) => !/;|%(?![0-9a-f]{2})/i.test(pair));
  return new URLSearchParams(pairs.join('&')).get(name) ?? undefined;
}

/** An API server that cannot read one of the numbers looks for no name. */
function isReadable(query: string): boolean {
  return ['limit', 'timeoutSeconds'].every((name) => {
    const value = valueOf(query, name);
    return value === undefined || (/^[-+]?\d+$/.test(value) && Math.abs(Number(value)) < 2 ** 63);
  });
}

type Term = readonly [field: string, operator: string, value: string];

/** The terms of a field selector; undefined where it is none. */
function termsOf(selector: string): readonly Term[] | undefined {
  const terms: Term[] = [];
  for (const [text] of selector.matchAll(/(?:\\.|[^,\\]|\\$)+/gs)) {
    const [, field = '', operator, value = ''] = /^(.*?)(!=|==|=)(.*)$/s.exec(text) ?? [];
    // a backslash escapes itself, a comma, and an equals sign
    if (operator === undefined || !/^(?:[^\\,=]|\\[\\,=])*$/.test(value)) return undefined;
    terms.push([field, operator, value.replace(/\\(.)/g, '$1')]);
  }
  return terms;
}
