// The quick reader against JSON.parse: the same events from what a real API server wrote, and none from other forms.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventOf } from '../../../src/audit/event/event.ts';
import { Scanner } from '../../../src/audit/event/scan.ts';

const lines = readFileSync('test/golden/tail/audit.log', 'utf8').trimEnd().split('\n');
const parsed = (line: string): object => eventOf(JSON.parse(line) as Record<string, unknown>, '');
const scanned = (line: string): object | undefined => new Scanner(`${line}\n`).event(0, line.length);

/** A line of an API server with other values of some keys. */
const changed = (values: object): string =>
  JSON.stringify({
    ...(JSON.parse(lines.find((one) => one.includes('responseStatus')) ?? '') as object),
    ...values,
  });

describe('scanning a line', () => {
  it('gives what JSON.parse gives, for every line of a real API server', () => {
    assert.ok(lines.length > 15);
    for (const line of lines) assert.deepEqual(scanned(line), parsed(line));
  });

  it('reads escapes, quotes and brackets inside of strings', () => {
    for (const userAgent of ['a"b', 'a\\', '\\"', 'ü \u2028 \n', '{"verb":"delete"}', '']) {
      const line = changed({ userAgent });
      assert.deepEqual(scanned(line), parsed(line), userAgent);
    }
  });

  it('passes over bodies of any form, and is not misled by keys inside of them', () => {
    const bodies = [
      { verb: 'x', stageTimestamp: 'y', list: [1, true, null, '}]"'] },
      [],
      {},
      'text',
      12,
      null,
    ];
    for (const requestObject of bodies) {
      const event = JSON.parse(changed({})) as Record<string, unknown>;
      const { requestReceivedTimestamp, stageTimestamp, annotations, ...before } = event;
      const line = JSON.stringify({
        ...before,
        requestObject,
        requestReceivedTimestamp,
        stageTimestamp,
        annotations,
      });
      assert.deepEqual(scanned(line), parsed(line), JSON.stringify(requestObject));
    }
  });

  it('leaves every other form alone', () => {
    const line = lines[0] ?? '';
    const others = [
      line.replace('v1"', 'v1beta1"'),
      line.replace('{', '{ '),
      line.slice(0, -1),
      `${line}}`,
      '',
      '{}',
    ];
    for (const other of others) assert.equal(scanned(other), undefined, other.slice(0, 60));
  });

  it('leaves what is no JSON alone, and takes strings of any length', () => {
    const agent = (text: string): string => changed({ userAgent: 'AGENT' }).replace('AGENT', () => text);
    for (const wrong of ['\\x', '\\u12', 'tab\t', 'open"'])
      assert.equal(scanned(agent(wrong)), undefined, wrong);
    for (const right of ['\\u0026a=\\u003c', '\\\\u0026', '\\\\\\"', 'x'.repeat(8_000_000)])
      assert.deepEqual(scanned(agent(right)), parsed(agent(right)));
  });

  it('knows the first stage of a request by its beginning and its end', () => {
    const begun = (line: string): string | undefined => new Scanner(`${line}\n`).begun(0, line.length);
    for (const line of lines) {
      const { stage, auditID } = JSON.parse(line) as { stage: string; auditID: string };
      assert.equal(begun(line), stage === 'RequestReceived' ? auditID : undefined);
      assert.equal(begun(line.slice(0, -20)), undefined);
    }
  });

  it('never reads past the end of its line', () => {
    const [first = '', second = ''] = lines;
    const torn = first.slice(0, first.indexOf('"userAgent":"') + 15);
    assert.equal(new Scanner(`${torn}\n${second}\n`).event(0, torn.length), undefined);
  });
});
