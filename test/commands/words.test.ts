// The words that schemas list are those that the program knows: none missing, none left over.
import assert from 'node:assert/strict';
import { levels, stages } from '../../src/audit/backend/audit-sink.ts';
import { targetIds } from '../../src/audit/target/target.ts';
import { codes } from '../../src/errors.ts';
import { holds, schemas } from './documents.ts';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly additionalProperties?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const common = schemas['common.v1']?.$defs as Readonly<Record<string, Schema>>;

describe('the words of the schemas', () => {
  it('are the codes of failures', () => assert.deepEqual(common['code']?.enum, Object.keys(codes)));
  it('are the kinds of control planes', () => assert.deepEqual(common['target']?.enum, targetIds));
  it('are the levels and stages of an AuditSink', () => {
    const { level, stages: listed } =
      common['auditSink']?.properties?.['spec']?.properties?.['policy']?.properties ?? {};
    assert.deepEqual([level?.enum, listed?.items?.enum], [levels, stages]);
  });
});

/** Every schema inside a schema, with where it stands. */
function parts(schema: Schema, at: string): readonly (readonly [at: string, schema: Schema])[] {
  const inner = [
    ...Object.entries(schema.properties ?? {}),
    ...Object.entries(schema.$defs ?? {}),
    ...(schema.oneOf ?? []).map((one, i) => [`oneOf ${i}`, one] as const),
    ...(schema.items === undefined ? [] : [['items', schema.items] as const]),
  ];
  return [[at, schema], ...inner.flatMap(([name, one]) => parts(one, `${at} ${name}`))];
}

describe('every object in a schema', () => {
  for (const [name, schema] of Object.entries(schemas))
    it(`${name} is closed, or a map of texts, or says whose it is`, () => {
      const objects = parts(schema as Schema, name).filter(([, { type }]) => type === 'object');
      assert.ok(name === 'common.v1' || objects.length > 0);
      for (const [at, { additionalProperties, properties, description = '' }] of objects)
        if (!description.startsWith('open: as '))
          assert.deepEqual(additionalProperties, properties === undefined ? { type: 'string' } : false, at);
    });

  it('is refused with a word too many or too few', () => {
    const version = {
      schema: 'version.v1',
      client: { version: '1', node: 'v20.0.0', platform: 'linux/x64' },
    };
    holds(version);
    assert.throws(() => holds({ ...version, more: 1 } as never), /additional properties/);
    assert.throws(() => holds({ schema: 'version.v1' }), /required property 'client'/);
  });
});
