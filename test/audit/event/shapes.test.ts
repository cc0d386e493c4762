// Every shape that events come in, made from what a real API server wrote.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Event } from '../../../src/audit/event/event.ts';
import { Reader } from '../../../src/audit/event/shapes.ts';
import type { Unread } from '../../../src/audit/event/shapes.ts';

const lines = readFileSync('test/golden/tail/audit.log', 'utf8').trimEnd().split('\n').slice(0, 4);
const values = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
const ids = values.map(({ auditID, stage }) => `${String(auditID)} ${String(stage)}`);

function read(text: string): { ids: string[]; unread: Unread } {
  const reader = new Reader(false);
  const events = reader.read({ text: `${text}\n`, numbers: (index) => index + 1 });
  reader.end();
  return { ids: events.map(({ auditId, stage }) => `${auditId} ${stage}`), unread: reader.unread };
}

const time = '2026-11-22T17:03:43.315804123Z';
const half = (line: string): [string, string] => [line.slice(0, 300), line.slice(300)];
const halves = lines.map(half);
const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: values };
const answer = { hits: { total: 4, hits: values.map((_source) => ({ _index: 'x', _source })) } };

const shapes: Readonly<Record<string, string>> = {
  'one a line': lines.join('\n'),
  'with carriage returns': lines.join('\r\n'),
  'an EventList in one line': JSON.stringify(list),
  'an EventList over many lines': JSON.stringify(list, undefined, 2),
  'an array over many lines': JSON.stringify(values, undefined, 4),
  'CRI lines': lines.map((line) => `${time} stdout F ${line}`).join('\n'),
  'CRI lines in parts': halves.map(([a, b]) => `${time} stdout P ${a}\n${time} stdout F ${b}`).join('\n'),
  'Docker lines': lines
    .map((line) => JSON.stringify({ log: `${line}\n`, stream: 'stdout', time }))
    .join('\n'),
  'Docker lines in parts': halves
    .flatMap(([a, b]) => [a, `${b}\n`])
    .map((log) => JSON.stringify({ log, stream: 'stdout', time }))
    .join('\n'),
  'an answer of the search': JSON.stringify(answer),
  'hits, one a line': answer.hits.hits.map((hit) => JSON.stringify(hit)).join('\n'),
  'raw lines in the message of hits': lines
    .map((message) => JSON.stringify({ _source: { message } }))
    .join('\n'),
};

describe('the shapes of events', () => {
  for (const [name, text] of Object.entries(shapes))
    it(`reads ${name}`, () => assert.deepEqual(read(text), { ids, unread: { count: 0 } }));

  it("passes over the API server's own log, in its container's log and behind kubectl logs", () => {
    const klog = 'I1122 17:03:43.315804       1 controller.go:12] "x"';
    const text = [
      `${time} stderr F goroutine 1 [running]:`,
      klog,
      '{"ts":1.5,"msg":"x","v":0}',
      '',
      lines[0],
    ].join('\n');
    assert.deepEqual(read(text), { ids: ids.slice(0, 1), unread: { count: 0 } });
  });

  it('counts what is no event and names the first, and reads on', () => {
    const text = [lines[0], 'what is this', '{"torn":', lines[1], '{"kind":"Pod"}', 'null'].join('\n');
    const { ids: found, unread } = read(text);
    assert.deepEqual(found, ids.slice(0, 2));
    assert.deepEqual(unread, { count: 4, first: { line: 2, why: 'it is no JSON' } });
  });

  it('leaves out a first stage where the last one stands beside it and counts, and no other', () => {
    const all = readFileSync('test/golden/tail/audit.log', 'utf8').trimEnd().split('\n');
    const stages = (text: string, whole: boolean, counts?: (last: Event) => boolean): string[] =>
      new Reader(whole, { counts })
        .read({ text, numbers: (index) => index + 1 })
        .map(({ auditId, stage }) => `${auditId.slice(0, 3)} ${stage}`);
    const text = `${all.slice(14, 20).join('\n')}\n`;
    const everything = stages(text, false);
    const [open, ...ended] = ['1aa RequestReceived', '2ab RequestReceived', 'e35 RequestReceived'];
    assert.deepEqual(
      stages(text, false, () => true),
      everything.filter((one) => !ended.includes(one)),
    );
    assert.ok(everything.includes(open ?? ''));
    for (const [whole, counts] of [
      [true, true],
      [false, false],
    ] as const)
      assert.deepEqual(
        stages(text, whole, () => counts),
        everything,
      );
    const newestFirst = `${all.slice(14, 16).reverse().join('\n')}\n`;
    assert.deepEqual(
      stages(newestFirst, false, () => true),
      ['2ab ResponseComplete'],
    );
  });

  it('says of a value that is never closed where it began', () => {
    assert.deepEqual(read(`${lines[0]}\n{\n  "items": [`).unread, {
      count: 1,
      first: { line: 2, why: 'it was never closed' },
    });
  });

  it('reads a line of 10 MB', () => {
    const line = JSON.stringify({ ...values[0], userAgent: 'x'.repeat(10 * 1024 * 1024) });
    assert.deepEqual(read(line).ids, ids.slice(0, 1));
  });

  it('takes times and groups from where v1beta1, v1alpha1 and the receiver have them', () => {
    const old = { auditID: 'a', stage: 'ResponseComplete', timestamp: '2018-01-01T00:00:00Z' };
    const metadata = { creationTimestamp: '2018-01-01T00:00:01Z' };
    const objectRef = { resource: 'deployments', apiVersion: 'apps/v1' };
    const annotations = { 'authorization_k8s_io/decision': 'forbid' };
    const [event] = new Reader(false).read({
      text: `${JSON.stringify({ ...old, metadata, objectRef, annotations })}\n`,
      numbers: () => 1,
    });
    const { at, received, apiGroup, decision } = event ?? {};
    assert.deepEqual(
      [at, received, apiGroup, decision],
      [metadata.creationTimestamp, old.timestamp, 'apps', 'forbid'],
    );
  });
});
