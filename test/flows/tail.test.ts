// `tail` as a flow: which sources it reads, what it gives, where it ends, and what it keeps for the next run.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../src/audit/event/event.ts';
import { Failure } from '../../src/errors.ts';
import { summarise, tail } from '../../src/flows/tail.ts';
import type { TailRequest } from '../../src/flows/tail.ts';
import { openWorld } from '../../src/io/world.ts';
import type { World } from '../../src/io/world.ts';
import { options } from '../io/servers.ts';
import { failure } from '../support/failure.ts';
import { secrets, temporary } from '../support/secrets.ts';
import { FakeLog, worldOf } from './sources/logs.ts';

const request: TailRequest = {
  from: { files: [], sink: { token: {}, apiKey: {} } },
  ...{ follow: false, filters: [], failed: false, writes: false, byPeople: false },
  ...{ allStages: false, whole: false },
};
const ofFiles = (...files: string[]): TailRequest => ({ ...request, from: { ...request.from, files } });

const line = (id: string, stage = 'ResponseComplete', at = '2026-11-22T17:00:00.000000Z'): string =>
  `${JSON.stringify({ kind: 'Event', auditID: id, stage, verb: 'get', stageTimestamp: at })}\n`;

interface Had {
  readonly ids: string[];
  readonly notes: string[];
}

/** All that comes; `shown` is told of each batch as whoever shows it would be. */
async function all(
  world: World,
  one: TailRequest,
  had: Had = { ids: [], notes: [] },
  shown: (events: readonly Event[]) => void = () => undefined,
): Promise<Had> {
  for await (const events of tail(world, one, (note) => had.notes.push(note))) {
    shown(events);
    had.ids.push(
      ...events.map(({ auditId, stage }) => (stage === 'ResponseComplete' ? auditId : `${auditId} ${stage}`)),
    );
  }
  return had;
}

describe('tail', () => {
  const world = (env: Record<string, string> = {}, signal?: AbortSignal): World =>
    openWorld(options({ env, ...(signal && { signal }) }));

  describe('with --resume-from', () => {
    it('goes on where the run before ended, through a rotation, and shows nothing twice', async () => {
      const folder = temporary().path;
      const [log, resumeFrom] = [join(folder, 'audit.log'), join(folder, 'position')];
      const run = (): Promise<Had> => all(world(), { ...ofFiles(log), resumeFrom });
      writeFileSync(log, line('a') + line('b'));
      assert.deepEqual((await run()).ids, ['a', 'b']);
      assert.deepEqual((await run()).ids, []);
      appendFileSync(log, line('c'));
      renameSync(log, join(folder, 'audit-2026-11-22T17-00-01.000.log'));
      writeFileSync(log, line('d'));
      assert.deepEqual(await run(), { ids: ['c', 'd'], notes: [] });
      const kept = JSON.parse(readFileSync(resumeFrom, 'utf8')) as { schema: string; positions: object };
      assert.deepEqual([kept.schema, Object.keys(kept.positions)], ['tail-position.v1', [log]]);
    });

    it('shows again what was not shown to its end', async () => {
      const folder = temporary().path;
      const [log, resumeFrom] = [join(folder, 'audit.log'), join(folder, 'position')];
      writeFileSync(log, line('a'));
      const full = new Error('the reader has gone');
      await assert.rejects(
        all(world(), { ...ofFiles(log), resumeFrom }, undefined, (events) => {
          if (events.length > 0) throw full;
        }),
        full,
      );
      assert.deepEqual((await all(world(), { ...ofFiles(log), resumeFrom })).ids, ['a']);
    });

    it('says at once that the file cannot be written, or is another one', async () => {
      const folder = temporary().path;
      const [log, notes] = [join(folder, 'audit.log'), join(folder, 'notes')];
      writeFileSync(log, line('a'));
      writeFileSync(notes, 'my notes');
      const had: Had = { ids: [], notes: [] };
      for (const resumeFrom of [join(folder, 'none', 'position'), notes])
        assert.equal((await failure(() => all(world(), { ...ofFiles(log), resumeFrom }, had))).code, 'usage');
      // a source that has events at once
      const pod = new FakeLog();
      pod.write(line('a').trimEnd(), Date.parse('2026-11-22T17:59:00Z'));
      const { positions } = world();
      const own = { ...worldOf({ one: pod }), positions, signal: new AbortController().signal };
      const from = { ...request.from, source: 'api-server' } as const;
      const resumeFrom = join(folder, 'none', 'position');
      await failure(() => all(own, { ...request, from, resumeFrom, since: { agoMs: 1e9 } }, had));
      assert.deepEqual(had.ids, []);
      assert.equal(readFileSync(notes, 'utf8'), 'my notes');
    });
  });

  it('follows files until it is interrupted, then shows what has not ended and keeps the place', async () => {
    const folder = temporary().path;
    const [one, two, resumeFrom] = ['one.log', 'two.log', 'position'].map((name) => join(folder, name));
    assert.ok(one && two && resumeFrom);
    const controller = new AbortController();
    const [now, later] = [new Date().toISOString(), new Date(Date.now() + 1).toISOString()];
    writeFileSync(one, line('a', 'ResponseComplete', now));
    writeFileSync(two, line('begun', 'RequestReceived', now));
    const following: TailRequest = { ...ofFiles(one, two), follow: true, resumeFrom };
    const had: Had = { ids: [], notes: [] };
    let appended = false;
    const ended = failure(() =>
      all(world({}, controller.signal), following, had, () => {
        if (had.ids.includes('a') && !appended) appendFileSync(one, line('b', 'ResponseComplete', later));
        appended ||= had.ids.includes('a');
        if (had.ids.includes('b')) controller.abort();
      }),
    );
    assert.equal((await ended).code, 'interrupted');
    assert.deepEqual(had.ids, ['a', 'b', 'begun RequestReceived']);
    assert.deepEqual(had.notes, []);
    appendFileSync(one, line('c', 'ResponseComplete', later));
    const { ids } = await all(world(), { ...ofFiles(one, two), resumeFrom });
    assert.ok(ids.includes('c') && !ids.includes('a') && !ids.includes('begun RequestReceived'), ids.join());
  });

  it('begins a minute ago where it follows and nobody says since when', async () => {
    const log = join(temporary().path, 'audit.log');
    const controller = new AbortController();
    const old = new Date(Date.now() - 90_000).toISOString();
    writeFileSync(
      log,
      line('old', 'ResponseComplete', old) + line('new', 'ResponseComplete', new Date().toISOString()),
    );
    const had: Had = { ids: [], notes: [] };
    await failure(() =>
      all(world({}, controller.signal), { ...ofFiles(log), follow: true }, had, (events) => {
        if (events.length > 0) controller.abort();
      }),
    );
    assert.deepEqual(had.ids, ['new']);
    assert.deepEqual(
      (await all(world(), ofFiles(log))).ids,
      ['old', 'new'],
      'a file that is read once is read whole',
    );
  });

  it('shows no request when it began that has ended already, however long ago', async () => {
    const log = join(temporary().path, 'audit.log');
    const at = new Date(Date.now() - 3_000_000).toISOString();
    const requests = 8_000;
    // each ends after the next has begun, so that one stands across every cut
    const text = Array.from(
      { length: requests + 1 },
      (_, i) =>
        (i < requests ? line(`${'x'.repeat(200)}${i}`, 'RequestReceived', at) : '') +
        (i > 0 ? line(`${'x'.repeat(200)}${i - 1}`, 'ResponseComplete', at) : ''),
    );
    writeFileSync(log, text.join(''));
    const controller = new AbortController();
    const had: Had = { ids: [], notes: [] };
    const following = { ...ofFiles(log), follow: true, since: { agoMs: 3_600_000 } };
    await failure(() =>
      all(world({}, controller.signal), following, had, () => {
        if (had.ids.length >= requests) controller.abort();
      }),
    );
    assert.deepEqual(
      [had.ids.length, had.ids.filter((id) => id.endsWith('RequestReceived'))],
      [requests, []],
    );
  });

  describe('without a file', () => {
    const chosen = async (apis: Parameters<typeof worldOf>[0], apiKey?: string): Promise<Failure | Had> => {
      const secret = { value: secrets.apiKey, from: 'here', notes: [] };
      const own = {
        ...worldOf(apis),
        secrets: {
          apiKey: async () => (apiKey === undefined ? undefined : secret),
          logsToken: async () => {
            throw new Failure('token-missing', 'The search was chosen.');
          },
        },
        signal: new AbortController().signal,
      };
      // only what is asked of it
      return all(own as unknown as World, request).catch((error: unknown) => {
        assert.ok(error instanceof Failure, String(error));
        return error;
      });
    };

    it('reads the search where there is a key', async () => {
      const end = await chosen({ one: new FakeLog() }, secrets.apiKey);
      assert.ok(end instanceof Failure);
      assert.equal(end.message, 'The search was chosen.');
    });

    it('reads the logs of API servers that write there', async () => {
      const log = new FakeLog();
      const at = '2026-11-22T17:59:00.000000Z';
      log.write(line('a', 'ResponseComplete', at).trimEnd(), Date.parse(at));
      const end = await chosen({ one: log, other: '/var/log/kubernetes/audit.log' });
      assert.ok(!(end instanceof Failure), String(end));
      assert.deepEqual(end.ids, ['a']);
    });

    it('reads the files of nodes whose API servers write there', async () => {
      const end = await chosen({ one: '/srv/audit.log' });
      assert.ok(end instanceof Failure);
      // the pod of this test shows no mounts
      assert.deepEqual([end.code, /static pod whose files/.test(end.message)], ['target-unsupported', true]);
    });

    it('says what there is to read from where there is nothing', async () => {
      const end = await chosen({});
      assert.ok(end instanceof Failure);
      assert.equal(end.code, 'usage');
      assert.match(end.message, /no file was named, there is no API key, and no API server/);
      assert.match(end.suggestions.join(' '), /SEMATEXT_API_KEY/);
    });
  });

  it('says what else there is where no cluster can be asked', async () => {
    const { code, message, suggestions } = await failure(() => all(world(), request));
    assert.equal(code, 'kubeconfig-invalid');
    assert.match(
      message,
      /no file was named, there is no API key, and no cluster can be asked\. There is no kubeconfig/,
    );
    assert.match(suggestions.join(' '), /SEMATEXT_API_KEY.*--kubeconfig/);
  });

  it('is refused an end where it goes on for ever', async () => {
    const until = { at: '2026-11-22T17:00:00Z' };
    const { code, message } = await failure(() => all(world(), { ...ofFiles('a'), follow: true, until }));
    assert.deepEqual([code, message], ['usage', '-f goes on for ever, and --until names an end.']);
  });

  it('takes --every and --late for the search alone', async () => {
    const one = ofFiles('audit.log');
    const { code, message } = await failure(() => all(world(), { ...one, from: { ...one.from, lateMs: 1 } }));
    assert.deepEqual([code, /--late/.test(message)], ['usage', true]);
  });

  it('counts each request once, however long it took', async () => {
    const log = join(temporary().path, 'audit.log');
    const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete'];
    writeFileSync(log, stages.map((stage, i) => line('w', stage, `2026-11-22T1${i}:00:00.000000Z`)).join(''));
    assert.equal((await summarise(world(), ofFiles(log), () => undefined)).events, 1);
    assert.deepEqual((await all(world(), ofFiles(log))).ids, ['w']);
  });
});
