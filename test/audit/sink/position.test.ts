// Positions out of files that anybody may have written.
import assert from 'node:assert/strict';
import { readPosition, writePosition } from '../../../src/audit/sink/position.ts';
import { failure } from '../../support/failure.ts';

const app = '0123456789ab';
const position = {
  from: 1_795_000_000_000,
  head: 1_795_000_123_456,
  asked: 'fedcba987654',
  seen: [
    { bucket: 179_500_000, count: 3, events: ['0123456789abcd', 'fedcba98765432'] },
    { bucket: 179_500_001, count: 0, events: [] },
  ],
};
const kept = (): Record<string, unknown> =>
  JSON.parse(JSON.stringify(writePosition(app, position))) as Record<string, unknown>;

const broken: readonly (readonly [string, unknown])[] = [
  ['nothing', null],
  ['a text', 'position'],
  ['a list', [kept()]],
  ['no version', { ...kept(), version: undefined }],
  ['an old version', { ...kept(), version: 0 }],
  ['a version that is no number', { ...kept(), version: '1' }],
  ['no App', { ...kept(), app: undefined }],
  ['another kind of digest', { ...kept(), asked: '../../etc' }],
  ['no digest', { ...kept(), asked: undefined }],
  ['a time that is none', { ...kept(), from: 'yesterday' }],
  ['a time that is a number', { ...kept(), head: 1_795_000_123_456 }],
  ['a time that does not exist', { ...kept(), head: '2026-13-01T00:00:00Z' }],
  ['an end before its beginning', { ...kept(), head: '2020-01-01T00:00:00Z' }],
  ['nothing seen', { ...kept(), seen: undefined }],
  ['what was seen as an object', { ...kept(), seen: {} }],
  ['a bucket that is none', { ...kept(), seen: [null] }],
  ['a bucket without a number', { ...kept(), seen: [['1', 1, '']] }],
  ['a count below nothing', { ...kept(), seen: [[1, -1, '']] }],
  ['a count of a half', { ...kept(), seen: [[1, 0.5, '']] }],
  ['events that are cut off', { ...kept(), seen: [[1, 1, '0123456789abc']] }],
  ['events that are no digests', { ...kept(), seen: [[1, 1, '0123456789abcX']] }],
];

describe('a position in the search', () => {
  it('comes back as it was written', () => assert.deepEqual(readPosition(kept(), app), position));

  it('may be of a run that saw nothing', () => {
    const empty = { asked: 'ab', from: undefined, head: undefined, seen: [] };
    assert.deepEqual(readPosition(JSON.parse(JSON.stringify(writePosition(app, empty))), app), empty);
  });

  for (const [what, value] of broken)
    it(`with ${what} is refused`, async () => {
      const { code, message } = await failure(() => readPosition(value, app));
      assert.deepEqual([code, message], ['usage', "The position in Sematext's search cannot be read."]);
    });

  it('of another App, or of a later version, is refused with the reason', async () => {
    const other = await failure(() => readPosition(kept(), 'ffffffffffff'));
    assert.match(other.message, /belongs to another App/);
    const later = await failure(() => readPosition({ ...kept(), version: 2 }, app));
    assert.match(later.message, /newer version/);
    assert.deepEqual([other.code, later.code], ['usage', 'usage']);
  });
});
