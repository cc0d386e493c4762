// JUnit's readers are strict: whatever a cluster says, what is written is XML, and counts what it holds.
import assert from 'node:assert/strict';
import type { Finding } from '../../src/audit/check/check.ts';
import { judged } from '../../src/flows/status.ts';
import type { StatusResult } from '../../src/flows/status.ts';
import { viewJunit } from '../../src/view/status.ts';
import { draws } from '../support/draws.ts';
import { euSink, facts } from '../support/facts.ts';

const allowed = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const entity = /&(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-f]+);/g;
const tag = /<(\/?)([a-z]+)((?:\s+[a-z]+="[^"<]*")*)\s*(\/?)>/y;

/** Names of all elements, in the order of their starts. @throws AssertionError where it is not well-formed */
function elements(xml: string): readonly string[] {
  assert.match(xml, allowed, 'a character that XML forbids');
  assert.ok(!xml.replace(entity, '').includes('&'), 'a bare &');
  assert.ok(!xml.includes(']]>'), 'the end of a CDATA section');
  const head = '<?xml version="1.0" encoding="UTF-8"?>';
  assert.ok(xml.startsWith(head));
  const open: string[] = [];
  const found: string[] = [];
  for (let at = xml.indexOf('<', head.length); at !== -1; at = xml.indexOf('<', at)) {
    tag.lastIndex = at;
    const [whole, end, name = '', attributes = '', empty] = tag.exec(xml) ?? [];
    assert.ok(whole !== undefined, `no tag: ${xml.slice(at, at + 80)}`);
    const names = [...attributes.matchAll(/\s([a-z]+)=/g)].map(([, one]) => one);
    assert.equal(new Set(names).size, names.length, `an attribute twice: ${whole}`);
    if (end === '/') assert.equal(open.pop(), name, `not the one that is open: ${whole}`);
    else found.push(name);
    if (end !== '/' && empty !== '/') open.push(name);
    at += whole.length;
  }
  assert.deepEqual(open, []);
  return found;
}

const finding = (result: Finding['result'], evidence: string): Finding => ({
  id: 'x',
  title: evidence,
  severity: 'error',
  code: 'unhealthy',
  result,
  evidence,
  ...((result === 'bad' || result === 'unknown') && { hint: evidence }),
  page: 'p',
});
const result = (checks: readonly Finding[]): StatusResult => ({ ...judged(facts(), euSink, []), checks });

const hostile: readonly (readonly [what: string, evidence: string])[] = [
  ['marks', `<a href="x">&amp;</a> 'x' ]]> <!-- --> <?php ?>`],
  ['control characters', '\u0000\u0001\u0008\u000b\u000c\u001b[31m\u001f\u007f'],
  ['characters that are none', '\ufffe\uffff'],
  ['halves of a pair', '\ud800 \udc00 \ud83d'],
  ['a whole pair', '\ud83d\ude00'],
  ['lines and tabs', 'a\tb\r\nc'],
  ['what a terminal obeys', '\u009b31m\u202e'],
  ['nothing', ''],
];

describe('viewJunit', () => {
  for (const [what, evidence] of hostile)
    it(`is well-formed with ${what} in it`, () => {
      const all = (['ok', 'bad', 'unknown', 'skipped'] as const).map((one) => finding(one, evidence));
      assert.deepEqual(elements(viewJunit(result(all))), [
        'testsuites',
        'testsuite',
        'testcase',
        'testcase',
        'failure',
        'testcase',
        'error',
        'testcase',
        'skipped',
      ]);
    });

  it('keeps what a terminal obeys, as a number', () => {
    const xml = viewJunit(result([finding('bad', 'a\u009b\u202eb')]));
    assert.match(xml, /<failure message="a&#155;&#8238;b">/);
  });

  it('is well-formed with anything in it', () => {
    const { below, pick } = draws(7);
    for (let i = 0; i < 300; i++) {
      const evidence = String.fromCharCode(
        ...Array.from({ length: 20 }, () => pick(below(128), below(65536))),
      );
      elements(viewJunit(result([finding(pick('ok', 'bad', 'unknown', 'skipped'), evidence)])));
    }
  });

  it('counts what it holds: what could not be looked at is an error, never a pass', () => {
    const xml = viewJunit(
      result(
        ['ok', 'bad', 'unknown', 'unknown', 'skipped'].map((one) => finding(one as Finding['result'], 'e')),
      ),
    );
    assert.match(xml, /tests="5" failures="1" errors="2" skipped="1"/);
    const counts = elements(xml).reduce<Record<string, number>>(
      (all, name) => ({ ...all, [name]: (all[name] ?? 0) + 1 }),
      {},
    );
    assert.deepEqual(counts, { testsuites: 1, testsuite: 1, testcase: 5, failure: 1, error: 2, skipped: 1 });
  });
});
