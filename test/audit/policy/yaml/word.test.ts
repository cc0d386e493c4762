// Bare words, as go-yaml 2 takes them (resolve.go).
import assert from 'node:assert/strict';
import { wordValue } from '../../../../src/audit/policy/yaml/word.ts';

const booleans: readonly (readonly [value: boolean, words: string])[] = [
  [true, 'y Y yes Yes YES true True TRUE on On ON'],
  [false, 'n N no No NO false False FALSE off Off OFF'],
];
const numbers: readonly (readonly [word: string, value: number])[] = [
  ['0', 0],
  ['-0', -0],
  ['12', 12],
  ['+12', 12],
  ['1_000', 1000],
  ['1_', 1],
  ['1.', 1],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['+.5', 0.5],
  ['1e3', 1000],
  ['1.5E-1', 0.15],
  ['010', 8],
  ['-010', -8],
  ['0o17', 15],
  ['089', 89],
  ['0x1F', 31],
  ['-0X1f', -31],
  ['0b11', 3],
  ['-0B11', -3],
];
const texts = [
  'yEs',
  'tRUE',
  'nUll',
  'Y ',
  'pods',
  '*',
  '/healthz*',
  '-',
  '.',
  '..',
  '_1',
  '12e',
  '0x',
  '0xg',
  '0b12',
  '1e999',
  '1:30',
  '2024-01-01',
  '2024-01-01T00:00:00Z',
  '._5',
  '<<',
  'é',
];

describe('a bare word', () => {
  for (const [value, words] of booleans)
    it(`${words}: ${value}`, () => {
      for (const word of words.split(' '))
        assert.deepEqual(wordValue(word), { kind: 'boolean', value }, word);
    });
  it('null in its forms', () => {
    for (const word of ['', '~', 'null', 'Null', 'NULL'])
      assert.deepEqual(wordValue(word), { kind: 'null' }, word);
  });
  it('numbers that JSON does not have', () => {
    for (const word of ['.nan', '.NaN', '.NAN', '.inf', '+.Inf', '-.INF'])
      assert.deepEqual(wordValue(word), { kind: 'number', value: NaN }, word);
  });
  for (const [word, value] of numbers)
    it(`${word} is ${value}`, () => assert.deepEqual(wordValue(word), { kind: 'number', value }));
  for (const word of texts)
    it(`${word} is a text`, () => assert.deepEqual(wordValue(word), { kind: 'string', value: word }));
});
