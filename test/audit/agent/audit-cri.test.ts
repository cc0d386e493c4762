import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  event,
  listening,
  stageFor,
  startReceiver,
  type Plugin,
  type Receiver,
  type Stage,
} from './plugin.ts';

/** Bytes after which containerd and CRI-O begin a new part. */
const limit = 16 * 1024;

/** A line as the container runtime writes it, in as many parts as it takes. */
function frames(line: string, stream = 'stdout'): string[] {
  const bytes = Buffer.from(line);
  const parts = [];
  for (let from = 0; from < bytes.length; from += limit) parts.push(bytes.subarray(from, from + limit));
  const time = '2026-03-04T05:06:07.123456789Z';
  return parts.map(
    (part, i) => `${time} ${stream} ${i < parts.length - 1 ? 'P' : 'F'} ${part.toString('latin1')}\n`,
  );
}

describe('the plugin that ships audit lines from stdout', () => {
  let receiver: Receiver;
  let stage: Stage;
  let pods: string;

  beforeEach(async () => {
    receiver = await startReceiver();
    stage = stageFor(receiver.url);
    pods = join(stage.folder, 'pods');
  });
  afterEach(() => receiver.close());

  const containers = (): string[] => [join(pods, 'kube-system_kube-apiserver-*/kube-apiserver')];
  const plugin = (): Promise<Plugin> => stage.plugin({ files: [], containers: containers() });
  const ship = (): Promise<number> => listening(stage.said, async () => (await plugin()).pass());
  function write(
    text: string,
    file = '0.log',
    pod = 'kube-system_kube-apiserver-node_u1/kube-apiserver',
  ): void {
    mkdirSync(join(pods, pod), { recursive: true });
    appendFileSync(join(pods, pod, file), text, 'latin1');
  }

  it('puts a line together that was split, each byte as it was, klog in between or not', async () => {
    const long = '日本語 \\n'.repeat(8000);
    const [first = '', ...others] = frames(event('long', { requestObject: long }));
    assert.ok(others.length > 2);
    const klog = frames('I0304 05:06:07 klog', 'stderr').join('');
    write([...frames(event('a')), klog, first, klog, ...others, klog, ...frames(event('b'))].join(''));
    await ship();
    assert.deepEqual(receiver.ids(), ['a', 'long', 'b']);
    assert.equal(receiver.taken[1]?.event['requestObject'], long);
  });

  it('waits for the last part, also over a restart, and longer lines than it reads at once', async () => {
    const parts = frames(event('long', { requestObject: 'x'.repeat(1500 * 1024) }));
    write(parts.slice(0, -1).join(''));
    await ship();
    assert.deepEqual(receiver.ids(), []);
    write(parts.slice(-1).join(''));
    await ship();
    assert.deepEqual(receiver.ids(), ['long']);
  });

  it('takes what a runtime adds to the tag for no part of the line', async () => {
    write(`2026-03-04T05:06:07Z stdout F:tag ${event('a')}\n`);
    await ship();
    assert.deepEqual(receiver.ids(), ['a']);
  });

  it('follows renamed files and new pods, and reads no other container', async () => {
    const running = await plugin();
    write(frames(event('a')).join(''));
    await running.pass();
    const folder = join(pods, 'kube-system_kube-apiserver-node_u1/kube-apiserver');
    write(frames(event('b')).join(''));
    renameSync(join(folder, '0.log'), join(folder, '0.log.20260304-050607'));
    write(frames(event('c')).join(''));
    write(frames(event('d')).join(''), '1.log');
    write(frames(event('e')).join(''), '0.log', 'kube-system_kube-apiserver-node_u2/kube-apiserver');
    for (const other of ['kube-system_kube-apiserver-node_u1/sidecar', 'default_web_u3/kube-apiserver'])
      write(frames(event(other)).join(''), '0.log', other);
    writeFileSync(join(folder, '0.log.20260303-050607.gz'), frames(event('packed')).join(''));
    await running.pass();
    assert.deepEqual(receiver.ids().sort(), ['a', 'b', 'c', 'd', 'e']);
    assert.equal(receiver.taken.length, 5);
  });
});
