// A result as a document for scripts: JSON or YAML, with the name of its schema first.

/**
 * The document of a result.
 * @param schema the file under docs/schema/ without its ending, like `version.v1`
 */
export function document(schema: string, result: object): object {
  return { schema, ...result };
}

/** The text of a document; YAML's writer is loaded only when it is asked for. */
export async function write(value: object, format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return `${JSON.stringify(value, undefined, 2)}\n`;
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
