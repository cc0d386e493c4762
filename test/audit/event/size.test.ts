// How long a line and its bodies are: against JSON.parse and Buffer, which know nothing of this code.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Event } from '../../../src/audit/event/event.ts';
import { Reader } from '../../../src/audit/event/shapes.ts';
import { bytesOf, sizeOf } from '../../../src/audit/event/size.ts';
import type { Size } from '../../../src/audit/event/size.ts';

const lines = readFileSync('test/golden/tail/audit.log', 'utf8').trimEnd().split('\n');
const ended = JSON.parse(lines.find((one) => one.includes('responseStatus')) ?? '') as Record<
  string,
  unknown
>;

/** The line of an API server with these bodies. */
function lineWith(bodies: object): string {
  const { requestReceivedTimestamp, stageTimestamp, annotations, ...before } = ended;
  return JSON.stringify({ ...before, ...bodies, requestReceivedTimestamp, stageTimestamp, annotations });
}

function measured(line: string, ascii: boolean): Size | undefined {
  const reader = new Reader(false, { measured: true });
  const [event] = reader.read({ text: `${line}\n`, ascii, numbers: (index) => index });
  assert.equal(event?.json, '', 'it was read the quick way');
  return event.size;
}

/** What leaving something out of an event saves. */
const saved = (line: string, without: (event: Record<string, unknown>) => void): number => {
  const event = JSON.parse(line) as Record<string, unknown>;
  without(event);
  return Buffer.byteLength(line) - Buffer.byteLength(JSON.stringify(event));
};

const managed = [{ manager: 'kubectl "x"', fieldsV1: { 'f:a': [{ b: ']}' }] } }];
const pod = { metadata: { name: 'p', managedFields: managed, uid: 'u' }, spec: { list: [1, { a: '\\' }] } };
const list = { items: [pod, { metadata: { name: 'q' } }, pod] };
const bodies: readonly (readonly [string, object])[] = [
  ['none', {}],
  ['a request', { requestObject: pod }],
  ['a response', { responseObject: list }],
  ['both', { requestObject: pod, responseObject: list }],
  ['both, of plain values', { requestObject: 12, responseObject: null }],
  ['text in them', { requestObject: 'a,"responseObject":b', responseObject: '"managedFields":[]' }],
  ['the keys within them', { requestObject: { a: 1, responseObject: { b: 2 } } }],
  [
    'the keys in both',
    { requestObject: { a: 1, responseObject: '}' }, responseObject: { requestObject: 3 } },
  ],
  [
    'other characters',
    { requestObject: { a: 'äöü€😀' }, responseObject: { metadata: { a: '漢', managedFields: ['ß'] } } },
  ],
];

function withoutManaged(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const one of Object.values(value)) withoutManaged(one);
  delete (value as Record<string, unknown>)['managedFields'];
}

describe('the size of an event', () => {
  for (const [what, values] of bodies)
    it(`is that of its line and of its bodies: ${what}`, () => {
      const line = lineWith(values);
      const isAscii = !/[^ -~]/.test(line);
      const expected = {
        line: Buffer.byteLength(line) + 1,
        request: saved(line, (event) => delete event['requestObject']),
        response: saved(line, (event) => delete event['responseObject']),
        requestManaged: saved(line, (event) => withoutManaged(event['requestObject'])),
        responseManaged: saved(line, (event) => withoutManaged(event['responseObject'])),
      };
      assert.deepEqual(measured(line, false), expected);
      if (isAscii) assert.deepEqual(measured(line, true), expected);
      assert.deepEqual(sizeOf(line), expected);
      assert.equal(sizeOf(JSON.stringify(JSON.parse(line), undefined, 2)).line, expected.line);
    });

  it('is what UTF-8 takes, also of half a pair', () => {
    for (const text of ['', 'a', 'ä', '€', '😀', 'a😀ß', '\ud83d', 'x\udc00y', '\u07ff\u0800\uffff'])
      assert.equal(bytesOf(text), Buffer.byteLength(text), JSON.stringify(text));
  });

  it('comes with all that a policy is asked about', () => {
    const all = [...lines, ...bodies.map(([, values]) => lineWith(values))]
      .map((line) => `${line}\n`)
      .join('');
    const read = (isMeasured: boolean): readonly Event[] =>
      new Reader(false, { measured: isMeasured }).read({ text: all, numbers: (index) => index });
    const told = ({ size: _size, ...event }: Event): object => ({
      ...event,
      ...{ auditId: '', received: '', agent: '', reason: '', message: '', decision: '', sourceIps: [] },
    });
    const [quick, whole] = [read(true), read(false)];
    assert.equal(quick.length, lines.length + bodies.length);
    assert.deepEqual(quick.map(told), whole.map(told));
    assert.ok(quick.every(({ json, size }) => json === '' && (size?.line ?? 0) > 0));
  });

  it('is not taken where nobody asks for it', () => {
    const events = new Reader(false).read({ text: `${lines[0] ?? ''}\n`, numbers: (index) => index });
    assert.deepEqual(
      events.map(({ size }) => size),
      [undefined],
    );
  });
});
