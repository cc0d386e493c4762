// What a person reads of an event: every part of the line, in every kind of terminal.
import assert from 'node:assert/strict';
import { eventOf } from '../../src/audit/event/event.ts';
import type { Event } from '../../src/audit/event/event.ts';
import { plainLine } from '../../src/cli/plain.ts';
import { columns } from '../../src/view/columns.ts';
import { eventLine, viewSummary } from '../../src/view/tail.ts';
import type { LineStyle } from '../../src/view/tail.ts';

const style: LineStyle = { wide: false, cut: false, colour: false, width: 80, plainLine };
const base = {
  auditID: 'id-1',
  stage: 'ResponseComplete',
  level: 'Metadata',
  verb: 'delete',
  requestURI: '/api/v1/x?token=hunter2',
  user: { username: 'alice' },
  sourceIPs: ['1.2.3.4', '10.0.0.9'],
  userAgent: 'kubectl/v1',
  objectRef: {
    resource: 'deployments',
    apiGroup: 'apps',
    subresource: 'scale',
    namespace: 'shop',
    name: 'web',
  },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: '2026-11-22T17:03:43.000000Z',
  stageTimestamp: '2026-11-22T17:03:43.315804Z',
};
const event = (values: object = {}): Event => eventOf({ ...base, ...values }, '{}');
const line = (values: object, changed: Partial<LineStyle> = {}): string =>
  eventLine(event(values), { ...style, ...changed }).replaceAll(/ {2,}/g, ' | ');

describe('the line of an event', () => {
  it('says when, who, did what, to what, from where, how long it took and how it ended', () => {
    assert.equal(
      line({}),
      '11-22 17:03:43.315 | alice | delete deployments/scale shop/web | 10.0.0.9 | 315ms | 200',
    );
    assert.equal(
      line({}, { wide: true }),
      '2026-11-22T17:03:43.315804Z | alice | delete deployments.apps/scale shop/web | 10.0.0.9 | 315ms | 200' +
        ' | ResponseComplete | Metadata | kubectl/v1 | id-1',
    );
  });

  it('shows impersonation, service accounts, and a user without a name', () => {
    const account = { username: 'system:serviceaccount:ci:deployer' };
    assert.match(
      line({ user: account, impersonatedUser: { username: 'bob' } }),
      /\| sa:ci\/deployer as bob \|/,
    );
    assert.match(line({ user: {} }), /\| - \| delete/);
  });

  it('says how a request ended, or that it did not', () => {
    const annotations = { 'authorization.k8s.io/decision': 'forbid' };
    const ends: readonly (readonly [object, RegExp])[] = [
      [{ responseStatus: { code: 403, message: 'no' }, annotations }, /403 forbid: no$/],
      [{ responseStatus: { code: 404, reason: 'NotFound' } }, /404: NotFound$/],
      [{ responseStatus: { code: 500 }, stage: 'Panic' }, /500 panic$/],
      [{ stage: 'RequestReceived', responseStatus: undefined }, /\| received$/],
      [{ stage: 'ResponseStarted' }, /\| 200 started$/],
      [{ stageTimestamp: '2026-11-22T17:03:45.500000Z' }, /\| 2\.5s \| 200$/],
      [{ stageTimestamp: '2026-11-22T17:10:43.000000Z' }, /\| 7m \| 200$/],
    ];
    for (const [values, end] of ends) assert.match(line(values), end);
  });

  it('shows the path of what is no resource, and its query only when wide, masked', () => {
    assert.match(line({ objectRef: undefined }), /\| delete \/api\/v1\/x \|/);
    assert.match(line({ objectRef: undefined }, { wide: true }), /\| delete \/api\/v1\/x\?token=\*\*\* \|/);
  });

  it('is cut at the width of a terminal, and whole when wide or piped', () => {
    const cut = eventLine(event(), { ...style, cut: true, width: 60 });
    assert.equal(cut.length, 60);
    assert.ok(cut.endsWith('…'));
    assert.ok(eventLine(event(), { ...style, width: 60 }).endsWith('200'));
    assert.ok(eventLine(event(), { ...style, cut: true, width: 60, wide: true }).endsWith('id-1'));
  });

  it('counts columns, not characters: wide ones, combining marks, and what was made plain', () => {
    const people = ['王小明', 'ユーザー名', 'Zoe\u0308', 'a\u200eb', '👩‍💻', 'x'];
    for (const username of people) {
      const line = eventLine(event({ user: { username } }), { ...style, cut: true, width: 200 });
      assert.equal(columns(line.slice(0, line.indexOf('delete'))), 20 + 24 + 2, username);
      for (let width = 30; width < 60; width++) {
        const cut = eventLine(event({ user: { username: username.repeat(9) } }), {
          ...style,
          cut: true,
          width,
        });
        assert.ok([width, width - 1].includes(columns(cut)), `${username} ${width}`);
      }
    }
    assert.deepEqual(
      ['', 'abc', '王', 'e\u0301', 'ｱ', '한', '\u1112\u1161\u11ab'].map(columns),
      [0, 3, 2, 1, 1, 2, 2],
    );
    const rows = [
      { name: '王'.repeat(40), count: 1 },
      { name: 'x', count: 1 },
    ];
    const text = viewSummary({ events: 2, who: rows, what: [], codes: [], minutes: [] }, style);
    const bars = text.split('\n').filter((one) => one.includes('█'));
    assert.equal(new Set(bars.map((one) => columns(one.slice(0, one.indexOf('█'))))).size, 1);
  });

  it('gives a user one colour, and errors another', () => {
    const coloured = (values: object): string => eventLine(event(values), { ...style, colour: true });
    const colours = (text: string): string[] =>
      [...text.matchAll(/\u001b\[(\d+)m/g)].map(([, code]) => code ?? '');
    const [dim, , alice] = colours(coloured({}));
    assert.equal(dim, '2');
    assert.equal(colours(coloured({ verb: 'get' }))[2], alice);
    assert.notEqual(colours(coloured({ user: { username: 'carol' } }))[2], alice);
    assert.equal(colours(coloured({ responseStatus: { code: 404 } })).at(-2), '33');
    assert.equal(colours(coloured({ responseStatus: { code: 503 } })).at(-2), '31');
    const bare = coloured({ responseStatus: { code: 404 } }).replaceAll(
      new RegExp('\u001b\\[\\d+m', 'g'),
      '',
    );
    assert.equal(bare, eventLine(event({ responseStatus: { code: 404 } }), style));
  });
});

describe('the summary', () => {
  const row = (name: string, count: number): { name: string; count: number } => ({ name, count });
  const summary = { events: 3, who: [row('alice', 3)], what: [], codes: [row('200', 2), row('404', 1)] };

  it('draws bars, leaves out what there is none of, and says how much more there is', () => {
    const who = Array.from({ length: 30 }, (_, i) => row(`user-${i}`, 100 - i));
    const text = viewSummary({ ...summary, who, minutes: [row('2026-11-22T17:03Z', 3)] }, style);
    assert.match(text, /^3 events\n/);
    assert.match(text, /user-0 +100 █{20}\n/);
    assert.match(text, /404 +1 █{10}\n/);
    assert.match(text, /and 6 more: 441\n/);
    assert.doesNotMatch(text, /What/);
    assert.match(text, /Per minute\n {2}2026-11-22T17:03Z +3 █/);
  });

  it('gathers many minutes in few rows and loses none', () => {
    const minutes = Array.from({ length: 100 }, (_, i) =>
      row(`${new Date(Date.UTC(2026, 10, 22, 10, i)).toISOString().slice(0, 16)}Z`, 2),
    );
    const [, times = ''] = viewSummary({ ...summary, minutes }, style).split('Per 5 minutes\n');
    const counts = times
      .trimEnd()
      .split('\n')
      .map((text) => Number(/Z +(\d+)/.exec(text)?.[1]));
    assert.equal(counts.length, 20);
    assert.equal(
      counts.reduce((a, b) => a + b),
      200,
    );
  });
});
