// Edits of YAML text: where each entry goes, what stays, and that taking it away leaves what was there.
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { edited, quoted } from '../../../src/audit/target/yaml-edit.ts';
import type { Edit, Entries } from '../../../src/audit/target/yaml-meaning.ts';
import type { Path } from '../../../src/audit/target/yaml-places.ts';
import { refusal } from './manifests.ts';

const add = (to: Path, these: Entries): Edit => ({ do: 'add', to, these });
const set = (at: Path, value: string): Edit => ({ do: 'set', at, value });
const remove = (...at: Path): Edit => ({ do: 'remove', at });

/** Text before and after `- x` or `x: y` is added to `a.b`; and it is taken away again, to the byte. */
const added: readonly (readonly [what: string, before: string, after: string])[] = [
  ['a list in lines', 'a:\n  b:\n  - c\n', 'a:\n  b:\n  - c\n  - x\n'],
  ['an indented list', 'a:\n  b:\n     -  c\nd: 1\n', 'a:\n  b:\n     -  c\n     - x\nd: 1\n'],
  ['a list before a comment', 'a:\n  b:\n  - c # d\n  # e\n', 'a:\n  b:\n  - c # d\n  - x\n  # e\n'],
  ['a list before blank lines', 'a:\n  b:\n  - c\n\n\nd: 1', 'a:\n  b:\n  - c\n  - x\n\n\nd: 1'],
  ['a list at the very end', 'a:\n  b:\n  - c', 'a:\n  b:\n  - c\n  - x'],
  ['a list with carriage returns', 'a:\r\n  b:\r\n  - c\r\n', 'a:\r\n  b:\r\n  - c\r\n  - x\r\n'],
  ['a list behind a block scalar', 'a:\n  b:\n  - |\n    c\n', 'a:\n  b:\n  - |\n    c\n  - x\n'],
  ['a list behind a kept block', 'a:\n  b:\n  - |+\n    c\n\n', 'a:\n  b:\n  - |+\n    c\n\n  - x\n'],
  ['a list behind a block at the end', 'a:\n  b:\n  - >-\n    c', 'a:\n  b:\n  - >-\n    c\n  - x'],
  ['a list behind words over lines', 'a:\n  b:\n  - "c\n    d"\n', 'a:\n  b:\n  - "c\n    d"\n  - x\n'],
  ['a list behind a map', 'a:\n  b:\n  - c: 1\n    d:\n', 'a:\n  b:\n  - c: 1\n    d:\n  - x\n'],
  ['a list in a list', 'a:\n  b:\n  - - c\n    - d\n', 'a:\n  b:\n  - - c\n    - d\n  - x\n'],
  ['a missing list', 'a:\n  c: 1\n', 'a:\n  c: 1\n  b:\n  - x\n'],
  ['a list in brackets', 'a:\n  b: [c]\n', 'a:\n  b: [c, "x"]\n'],
  ['a list in wide brackets', 'a:\n  b: [ c , d ]\n', 'a:\n  b: [ c , d, "x" ]\n'],
  ['a list with a last comma', 'a: {b: [c,]}\n', 'a: {b: [c, "x",]}\n'],
  [
    'brackets over lines',
    'a:\n  b: [\n    c,\n    d # e\n  ]\n',
    'a:\n  b: [\n    c,\n    d,\n    "x" # e\n  ]\n',
  ],
  ['empty brackets', 'a:\n  b: [] # c\n', 'a:\n  b: ["x"] # c\n'],
  ['wide empty brackets', 'a:\n  b: [ ]\n', 'a:\n  b: ["x" ]\n'],
  ['a null', 'a:\n  b:\n  c: 1\n', 'a:\n  b: [ "x" ]\n  c: 1\n'],
  [
    'a null before comments',
    'a:\n  b:   # c\n    # d\n  e: 1\n',
    'a:\n  b: [ "x" ]   # c\n    # d\n  e: 1\n',
  ],
  ['a missing list in brackets', '{"a":{"c":1}}', '{"a":{"c":1, "b": [ "x" ]}}'],
  ['a missing list in empty brackets', 'a: {}\nc: 1\n', 'a:\n  b:\n  - x\nc: 1\n'],
  ['a missing list in bare empty brackets', '{"a":{}}', '{"a":{"b": [ "x" ]}}'],
  ['a missing list in odd empty brackets', 'a:  {}\n', 'a:  {"b": [ "x" ]}\n'],
];

describe('edited', () => {
  for (const [what, before, after] of added)
    it(`adds to ${what}, and takes it away again`, () => {
      const next = edited(before, [add(['a', 'b'], ['x'])]);
      assert.equal(next, after);
      const at = parse(next).a.b.length - 1;
      assert.equal(edited(next, [remove('a', 'b', at)]), before);
    });

  const maps: readonly (readonly [what: string, before: string, after: string])[] = [
    ['a map in lines', 'a:\n  b: 1\n', 'a:\n  b: 1\n  x/y: "1"\n'],
    ['a missing map', 'c: 1\n', 'c: 1\na:\n  x/y: "1"\n'],
    ['a map in brackets', 'a: {b: 1, c}\n', 'a: {b: 1, c, "x/y": "1"}\n'],
    ['empty brackets', 'a: {}\n', 'a: {"x/y": "1"}\n'],
    ['a null', 'a:\nc: 1\n', 'a: { "x/y": "1" }\nc: 1\n'],
  ];
  for (const [what, before, after] of maps)
    it(`adds to ${what}, by a key, and takes it away again`, () => {
      const next = edited(before, [add(['a'], { 'x/y': quoted('1') })]);
      assert.equal(next, after);
      assert.equal(edited(next, [remove('a', 'x/y')]), before);
    });

  it('adds to a map that begins beside a dash', () => {
    const before = '-   a: 1\n    b: 2\n';
    assert.equal(edited(before, [add([0], { c: 'd' })]), '-   a: 1\n    b: 2\n    c: d\n');
  });

  it('adds several entries, nested ones too', () => {
    const these = [{ name: 'a', of: { b: true } }, { name: 'c' }];
    assert.equal(
      edited('l:\n  - z\n', [add(['l'], these)]),
      'l:\n  - z\n  - name: a\n    of:\n      b: true\n  - name: c\n',
    );
    assert.equal(
      edited('l: [z]\n', [add(['l'], these)]),
      'l: [z, { "name": "a", "of": { "b": true } }, { "name": "c" }]\n',
    );
  });

  it('keeps a long text on its line', () => {
    const long = 'a b '.repeat(60).trim();
    assert.equal(
      edited('l:\n- z\n', [add(['l'], [long, quoted(long)])]),
      `l:\n- z\n- ${long}\n- "${long}"\n`,
    );
  });

  it('makes every map on the way to what is missing', () => {
    assert.equal(edited('z: 1\n', [add(['a', 'b', 'c'], ['x'])]), 'z: 1\na:\n  b:\n    c:\n    - x\n');
  });

  it('adds nothing where there is nothing to add', () => {
    assert.equal(edited('z: 1\n', [add(['a'], []), add(['b'], {})]), 'z: 1\n');
  });

  it('writes no word that the kubelet would not read as text', () => {
    const words = [
      'yes',
      '0b1',
      '1e3',
      '1_0',
      '1:30',
      'null',
      '~',
      '2001-01-01',
      'a: b',
      '#',
      '- x',
      '',
      'on',
    ];
    const next = edited('l:\n- z\n', [add(['l'], words)]);
    assert.deepEqual(parse(next, { version: '1.1' }).l, ['z', ...words]);
    assert.deepEqual(parse(next).l, ['z', ...words]);
  });

  const sets: readonly (readonly [before: string, value: string, after: string])[] = [
    ['a: b # c\n', 'd', 'a: d # c\n'],
    ["a: 'b'\n", "d'e", "a: 'd''e'\n"],
    ["a: 'b'\n", 'd\ne', 'a: "d\\ne"\n'],
    ['a: "b"\n', 'd"e', 'a: "d\\"e"\n'],
    ['a: 4\n', '5', 'a: "5"\n'],
    ['a: b\n', 'yes', 'a: "yes"\n'],
    ['{a: b}\n', 'c,d', '{a: "c,d"}\n'],
    ['{a: b}\n', 'c=d', '{a: c=d}\n'],
    ['a: |\n  b\n  c\nd: 1\n', 'e', 'a: "e"\nd: 1\n'],
    ['a:\n  b\n  c\n', 'e', 'a:\n  e\n'],
  ];
  for (const [before, value, after] of sets)
    it(`sets ${JSON.stringify(before)} to ${JSON.stringify(value)}`, () =>
      assert.equal(edited(before, [set(['a'], value)]), after));

  const removals: readonly (readonly [before: string, at: Path, after: string])[] = [
    ['l:\n- a\n- b # c\n- d\n', ['l', 1], 'l:\n- a\n- d\n'],
    ['l:\n- a\n# b\n- c\n', ['l', 0], 'l:\n# b\n- c\n'],
    ['l:\n- a: 1\n  b: 2\n\n- c\n', ['l', 0], 'l:\n\n- c\n'],
    ['l:\n- |\n  a\n  b\n- c\n', ['l', 0], 'l:\n- c\n'],
    ['l: [a, b, c]\n', ['l', 0], 'l: [b, c]\n'],
    ['l: [a, b, c]\n', ['l', 1], 'l: [a, c]\n'],
    ['l: [a, b, c]\n', ['l', 2], 'l: [a, b]\n'],
    ['l: [\n  a,\n  b\n]\n', ['l', 1], 'l: [\n  a\n]\n'],
    ['k: 1\nl:\n- a\nm: 2\n', ['l', 0], 'k: 1\nm: 2\n'],
    ['k:\n  l:\n  - a\n', ['k', 'l', 0], 'k: {}\n'],
    ['k: {a: b, c: d}\n', ['k', 'a'], 'k: {c: d}\n'],
    ['k:\n  a:\n    b: 1\n    c: 2\n', ['k', 'a', 'c'], 'k:\n  a:\n    b: 1\n'],
  ];
  for (const [before, at, after] of removals)
    it(`takes ${at.join('.')} out of ${JSON.stringify(before)}`, () =>
      assert.equal(edited(before, [remove(...at)]), after));

  it('makes each edit in the text that the ones before it left', () => {
    const edits = [remove('l', 1), remove('l', 0), add(['l'], ['x']), add(['l'], ['z'])];
    assert.equal(edited('k: 1\nl:\n- a\n- b\n', edits), 'k: 1\nl:\n- x\n- z\n');
  });

  const refusals: readonly (readonly [what: string, text: string, edit: Edit, why: string])[] = [
    ['a list where a map is', 'a: {b: c}\n', add(['a'], ['x']), 'a is no list'],
    ['a map where a list is', 'a: [b]\n', add(['a'], { x: 'y' }), 'a is no map'],
    ['a list where a word is', 'a: b\n', add(['a'], ['x']), 'a is no list'],
    ['a list below a word', 'a: b\n', add(['a', 'c'], ['x']), 'a is no map'],
    ['a list where null is said', 'a: null\n', add(['a'], ['x']), 'a is no list'],
    ['a list where nothing is in brackets', '{a: , b: c}\n', add(['a'], ['x']), 'a is null'],
    ['to what has an anchor', 'a: &b [c]\nd: *b\n', add(['a'], ['x']), 'a is made with YAML anchors'],
    ['to an alias', 'a: &b [c]\nd: *b\n', add(['d'], ['x']), 'd is made with YAML anchors'],
    [
      'below a merge',
      'a: &b {c: []}\nd:\n  <<: *b\n',
      add(['d', 'c'], ['x']),
      'd.c is made with YAML anchors',
    ],
    ['another text for what is none', 'a: [b]\n', set(['a'], 'x'), 'a is no text'],
    ['another text for nothing', 'a:\n', set(['a'], 'x'), 'a is no text'],
    ['another text for an alias', 'a: &b c\nd: *b\n', set(['d'], 'x'), 'd is made with YAML anchors'],
    [
      'the removal of what shares its line',
      'l:\n- a: 1\n  b: 2\n',
      remove('l', 0, 'a'),
      'what is to be taken out shares a line with other things',
    ],
  ];
  for (const [what, text, edit, why] of refusals)
    it(`refuses ${what}`, () => assert.throws(() => edited(text, [edit]), refusal(why)));
});
