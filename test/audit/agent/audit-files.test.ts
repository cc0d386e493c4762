import assert from 'node:assert/strict';
import { readFileSync, renameSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { transform } from 'esbuild';
import { agentScripts } from '../../../src/io/agent-scripts.ts';
import { event, listening, stageFor, startReceiver, type Receiver, type Stage } from './plugin.ts';

const [one, two, three] = ['2026-03-04T05-06-01.000', '2026-03-04T05-06-02.000', '2026-03-04T05-06-03.000'];
const megabyte = 1024 * 1024;

describe('the plugin that ships audit files', () => {
  let receiver: Receiver;
  let stage: Stage;

  beforeEach(async () => {
    receiver = await startReceiver();
    stage = stageFor(receiver.url);
  });
  afterEach(() => receiver.close());

  const quietly = <T>(work: () => Promise<T>): Promise<T> => listening(stage.said, work);

  it('is written for the Node 12 of the image', async () => {
    for (const [name, text] of Object.entries(await agentScripts())) {
      const [old, now] = await Promise.all(
        ['node12', 'esnext'].map((target) => transform(text, { target, loader: 'js' })),
      );
      assert.equal(old?.code, now?.code, name);
    }
  });

  it('ships what stands in the file before it begins, and each event once', async () => {
    stage.write(['a', 'b']);
    const plugin = await stage.plugin();
    await plugin.pass();
    stage.write(['c']);
    await plugin.pass();
    await plugin.pass();
    assert.deepEqual(
      receiver.taken.map(({ event: { auditID } }) => auditID),
      ['a', 'b', 'c'],
    );
  });

  it('waits for a file that is not there, and for the folder', async () => {
    const plugin = await stage.plugin({ files: [join(stage.folder, 'later', 'audit.log')] });
    assert.equal(await plugin.pass(), 0);
    assert.deepEqual(receiver.paths, []);
  });

  it('follows a file that is renamed with a part unread, once or several times between two looks', async () => {
    const plugin = await stage.plugin();
    stage.write(['a']);
    await plugin.pass();
    stage.write(['b']);
    stage.rotate(one);
    stage.write(['c']);
    stage.rotate(two);
    stage.write(['d']);
    stage.rotate(three);
    stage.write(['e']);
    await plugin.pass();
    assert.deepEqual(
      receiver.taken.map(({ event: { auditID } }) => auditID),
      ['a', 'b', 'c', 'd', 'e'],
    );
  });

  it("ships the twin's file under both of its names once", async () => {
    const plugin = await stage.plugin();
    stage.write(['real']);
    stage.write(['twin 1'], 'audit-twin.log');
    await plugin.pass();
    stage.write(['twin 2'], 'audit-twin.log');
    renameSync(join(stage.folder, 'audit-twin.log'), join(stage.folder, `audit-${one}.log`));
    await plugin.pass();
    await (await stage.plugin()).pass();
    assert.deepEqual(
      receiver.taken.map(({ event: { auditID } }) => auditID),
      ['real', 'twin 1', 'twin 2'],
    );
  });

  it('goes on after a kill where it was, also in a file that was renamed meanwhile', async () => {
    stage.write(['a', 'b']);
    await (await stage.plugin()).pass();
    stage.write(['c']);
    stage.rotate(one);
    stage.write(['d']);
    await (await stage.plugin()).pass();
    assert.deepEqual(
      receiver.taken.map(({ event: { auditID } }) => auditID),
      ['a', 'b', 'c', 'd'],
    );
  });

  it('sends what may have been taken again under the same id', async () => {
    stage.write(['a', 'b']);
    await (await stage.plugin()).pass();
    unlinkSync(join(stage.state, 'positions.json'));
    await (await stage.plugin()).pass();
    assert.equal(receiver.taken.length, 4);
    assert.deepEqual(receiver.ids(), ['a', 'b']);
  });

  it('gives different events with one audit ID ids of their own', async () => {
    stage.raw(`${event('same', { verb: 'get' })}\n${event('same', { verb: 'delete' })}\n`);
    await (await stage.plugin()).pass();
    assert.equal(new Set(receiver.taken.map(({ id }) => id)).size, 2);
  });

  it('begins anew in a file that only has the inode of an older one', async () => {
    stage.write(['a']);
    await (await stage.plugin()).pass();
    const path = join(stage.folder, 'audit.log');
    const { ino } = statSync(path);
    truncateSync(path);
    stage.write(['longer than the first', 'b']);
    assert.equal(statSync(path).ino, ino);
    await (await stage.plugin()).pass();
    assert.deepEqual(receiver.ids(), ['a', 'longer than the first', 'b']);
  });

  it('begins anew in a file that became shorter', async () => {
    const first = `${event('a', { requestObject: 'x'.repeat(2000) })}\n`; // more than tells files apart
    stage.raw(first);
    stage.write(['b', 'c']);
    await (await stage.plugin()).pass();
    truncateSync(join(stage.folder, 'audit.log'), first.length);
    stage.write(['d']);
    await (await stage.plugin()).pass();
    assert.deepEqual(receiver.ids(), ['a', 'b', 'c', 'd']);
  });

  it('remembers a file that is gone for two minutes, and not for ever', async () => {
    stage.write(['a']);
    const plugin = await stage.plugin();
    await plugin.pass();
    const path = join(stage.folder, 'audit.log');
    const known = (): number =>
      Object.keys(
        (JSON.parse(readFileSync(join(stage.state, 'positions.json'), 'utf8')) as { files: object }).files,
      ).length;
    unlinkSync(path);
    for (let i = 0; i < 119; i += 1) await plugin.pass();
    assert.equal(known(), 1);
    await plugin.pass();
    assert.equal(known(), 0);
  });

  it('sends all again when its positions are damaged, and says so', async () => {
    stage.write(['a']);
    await (await stage.plugin()).pass();
    writeFileSync(join(stage.state, 'positions.json'), '{"files":{"1');
    await quietly(async () => (await stage.plugin()).pass());
    assert.equal(receiver.taken.length, 2);
    assert.match(stage.said.join('\n'), /positions\.json is damaged/);
  });

  it('keeps its positions to itself', async () => {
    stage.write(['a']);
    await (await stage.plugin()).pass();
    assert.equal(statSync(join(stage.state, 'positions.json')).mode & 0o777, 0o600);
    assert.equal(statSync(stage.state).mode & 0o777, 0o700);
  });

  it('waits for the end of a line', async () => {
    const plugin = await stage.plugin();
    const [begin, end] = [event('a').slice(0, 50), event('a').slice(50)];
    stage.raw(begin);
    assert.equal(await plugin.pass(), 50);
    assert.deepEqual(receiver.paths, []);
    stage.raw(`${end}\n`);
    assert.equal(await plugin.pass(), 0);
    assert.deepEqual(receiver.ids(), ['a']);
  });

  it('reads lines longer than a chunk whole, each character of them', async () => {
    const text = '日本語'.repeat(megabyte / 4);
    stage.raw(`${event('a')}\n${event('long', { requestObject: text })}\n${event('b')}\n`);
    await (await stage.plugin()).pass();
    assert.deepEqual(receiver.ids(), ['a', 'long', 'b']);
    assert.equal(receiver.taken[1]?.event['requestObject'], text);
  });

  it('leaves a line out that no receiver takes, says so, and ships the next', async () => {
    stage.raw(`${event('a')}\n${event('x', { requestObject: 'x'.repeat(9 * megabyte) })}\n${event('b')}\n`);
    await quietly(async () => (await stage.plugin()).pass());
    assert.deepEqual(receiver.ids(), ['a', 'b']);
    assert.match(stage.said.join('\n'), /left out: its line has more than 8388608 bytes/);
  });

  it('ships audit events only, from the files of its own only', async () => {
    const other = JSON.stringify({ kind: 'Event', apiVersion: 'v1', auditID: 'core' });
    const list = JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [] });
    stage.raw(`I0304 klog\n\n${other}\nnull\n42\n{"kind":"Event"}\n${list}\n${event('a')}\n`);
    for (const file of ['other.log', 'audit-note.log', `audit-${one}.log.gz`, `xaudit-${one}.log`])
      stage.write([file], file);
    await (await stage.plugin()).pass();
    assert.deepEqual(receiver.ids(), ['a']);
  });

  it('leaves out what is older than it was told', async () => {
    stage.raw(`${event('old', { stageTimestamp: '2026-03-04T05:06:06.999999Z' })}\n${event('new')}\n`);
    await (await stage.plugin({ since: '2026-03-04T05:06:07Z' })).pass();
    assert.deepEqual(receiver.ids(), ['new']);
  });

  it('ends with the request under way when Logagent ends, and the next one goes on there', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `event ${i}`);
    for (const id of ids) stage.raw(`${event(id, { requestObject: 'x'.repeat(megabyte / 20) })}\n`);
    const plugin = await stage.plugin();
    await quietly(async () => {
      const ended = new Promise<void>((resolve) =>
        receiver.verdicts.push((sent) => {
          plugin.stop(resolve);
          return sent.map(() => 201);
        }),
      );
      plugin.start();
      await ended;
    });
    assert.equal(receiver.paths.length, 1);
    await (await stage.plugin()).pass();
    assert.deepEqual(
      receiver.taken.map(({ event: { auditID } }) => auditID),
      ids,
    );
  });

  it('tells how much it sent when Logagent ends', async () => {
    stage.write(['a']);
    stage.raw('no event\n');
    const plugin = await stage.plugin();
    await quietly(async () => {
      plugin.start();
      for (let i = 0; i < 500 && receiver.taken.length === 0; i += 1) await sleep(5);
      await new Promise<void>((resolve) => plugin.stop(resolve));
    });
    assert.match(stage.said.at(-1) ?? '', /1 events sent, 0 of them refused; 1 lines skipped/);
  });
});
