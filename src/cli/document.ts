// A result as a document for scripts: JSON or YAML, with the name of its schema first.
import { escapedText, needsEscape } from './plain.ts';

/**
 * The document of a result.
 * @param schema the file under docs/schema/ without its ending, like `version.v1`
 */
export function document(schema: string, result: object): object {
  return { schema, ...result };
}

/** The text of a document, which steers no terminal; YAML's writer is loaded only when it is asked for. */
export async function write(value: object, format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return escapedText(`${JSON.stringify(value, undefined, 2)}\n`);
  const { Document, visit } = await import('yaml');
  const whole = new Document(value, { aliasDuplicateObjects: false });
  visit(whole, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && needsEscape(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return escapedText(whole.toString({ lineWidth: 0 }));
}

/** One object as JSON in one line, with its newline. */
export const writeLine = (value: object): string => `${escapedText(JSON.stringify(value))}\n`;
