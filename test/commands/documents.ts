// The documents that the program prints, and the schemas that they are held against.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Ran } from './run.ts';

export interface Document extends Record<string, unknown> {
  readonly schema: string;
}

const folder = 'docs/schema';

/** Every schema, by the name of its file. */
export const schemas: Readonly<
  Record<string, { readonly $id: string; readonly $defs?: Readonly<Record<string, { enum?: unknown[] }>> }>
> = Object.fromEntries(
  readdirSync(folder).map((file) => [
    file.replace(/\.json$/, ''),
    JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as { $id: string },
  ]),
);
const ajv = new Ajv2020({ allErrors: true, schemas: Object.values(schemas) });

/** Fails when the value is not as the schema of its name says. */
export function holds(value: Document, told = ''): void {
  const schema = schemas[value.schema];
  assert.ok(schema !== undefined, `no schema ${value.schema}: ${told}`);
  assert.ok(ajv.validate(schema.$id, value), `${ajv.errorsText()}\n${JSON.stringify(value, undefined, 1)}`);
}

/** The document a run printed, held against the schema that it names. */
export function valid({ stdout, stderr }: Ran, name?: string): Document {
  const value = JSON.parse(stdout) as Document;
  if (name !== undefined) assert.equal(value.schema, name, stderr);
  holds(value, stderr);
  return value;
}
