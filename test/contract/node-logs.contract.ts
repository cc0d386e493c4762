// Log files of a node through its kubelet: parts, ends, folders, what is not there and what may not be had. The same for
// the embedded API server and for real ones with a real kubelet.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nodeFolder } from '../../src/io/log/node-folder.ts';
import type { LogFolder } from '../../src/io/log/folder.ts';
import type { Answer, Cluster } from '../../src/io/world.ts';
import { failure } from '../support/failure.ts';

/** An API server and a node of it. */
export interface NodeLogsSubject {
  readonly node: string;
  /** The node's /var/log on this machine. */
  readonly logs: string;
  /** By an administrator, or by a user who may do nothing. */
  cluster(user?: 'nobody'): Promise<Cluster>;
  stop(): Promise<void>;
}

const text = 'hello world\n'.repeat(100);
const packed = gzipSync(text);
/** Every byte there is. */
const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256));

/** States it of the subject that `start` starts. */
export function nodeLogsContract(name: string, start: () => Promise<NodeLogsSubject>): void {
  describe(`${name}: log files of a node`, function () {
    this.timeout(60_000);
    let subject: NodeLogsSubject;
    before(async function () {
      this.timeout(180_000);
      subject = await start();
      const probe = join(subject.logs, 'probe');
      mkdirSync(join(probe, 'folder'), { recursive: true });
      const files = { 'a.log': text, 'empty.log': '', 'a.log.gz': packed, bytes, 'a b&c<d>%.log': 'odd' };
      for (const [file, content] of Object.entries(files)) writeFileSync(join(probe, file), content);
    });
    after(async () => {
      if (subject) rmSync(join(subject.logs, 'probe'), { recursive: true, force: true });
      await subject?.stop();
    });
    answers(() => subject);
    folders(() => subject);
  });
}

/** What the server itself answers. */
function answers(subject: () => NodeLogsSubject): void {
  const ask = async (path: string, range?: string, method: 'GET' | 'PUT' = 'GET'): Promise<Answer> => {
    const { cluster, node } = subject();
    const headers = { accept: '*/*', ...(range !== undefined && { range }) };
    return (await cluster()).request({ method, path: `/api/v1/nodes/${node}/proxy/logs${path}`, headers });
  };
  const seen = ({ status, headers, text }: Answer): unknown[] => [status, headers['content-range'], text];

  it('are answered in parts, and by 416 behind their end', async () => {
    const begin = await ask('/probe/a.log', 'bytes=0-9');
    assert.deepEqual(seen(begin), [206, 'bytes 0-9/1200', 'hello worl']);
    assert.equal(begin.headers['content-type'], 'text/x-log; charset=utf-8');
    assert.equal(begin.headers['accept-ranges'], 'bytes');
    assert.deepEqual(seen(await ask('/probe/a.log', 'bytes=1190-3000')), [
      206,
      'bytes 1190-1199/1200',
      'llo world\n',
    ]);
    for (const range of ['bytes=1200-1300', 'bytes=5000-5001'])
      assert.deepEqual(seen(await ask('/probe/a.log', range)), [
        416,
        'bytes */1200',
        'invalid range: failed to overlap\n',
      ]);
  });

  it('are answered by all of nothing where they are empty, whatever part is wanted', async () => {
    for (const range of ['bytes=0-9', 'bytes=5-9'])
      assert.deepEqual(seen(await ask('/probe/empty.log', range)), [200, undefined, '']);
  });

  it('are not unpacked', async () => {
    const { status, headers } = await ask('/probe/a.log.gz', 'bytes=0-19');
    const { 'content-type': type, 'content-encoding': encoding, 'content-range': range } = headers;
    assert.deepEqual(
      [status, type, encoding, range],
      [206, 'application/gzip', undefined, `bytes 0-19/${packed.length}`],
    );
  });

  it('end at /var/log, and are only to be read', async () => {
    for (const path of ['/probe/none.log', '/none/', '/%2e%2e/etc/hostname', '/..%2fetc%2fhostname'])
      assert.deepEqual(seen(await ask(path)), [404, undefined, '404 page not found\n'], path);
    assert.deepEqual(seen(await ask('/probe/a.log', undefined, 'PUT')), [
      405,
      undefined,
      '405: Method Not Allowed',
    ]);
  });

  it('are redirected to where a slash is missing or too many', async () => {
    const places = { '/probe': 'probe/', '/probe/a.log/': '../a.log' };
    for (const [path, location] of Object.entries(places)) {
      const { status, headers } = await ask(path);
      assert.deepEqual([status, headers['location']], [301, location], path);
    }
  });

  it('are listed as links of one page, whose addresses stay as the kubelet wrote them', async () => {
    const { status, headers, text } = await ask('/probe/');
    assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8']);
    assert.equal(
      text,
      '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n' +
        '<a href="a%20b&amp;c%3Cd%3E%25.log">a b&amp;c&lt;d&gt;%.log</a>\n<a href="a.log">a.log</a>\n' +
        '<a href="a.log.gz">a.log.gz</a>\n<a href="bytes">bytes</a>\n<a href="empty.log">empty.log</a>\n' +
        '<a href="folder/">folder/</a>\n</pre>\n',
    );
  });
}

/** What the tool makes of it. */
function folders(subject: () => NodeLogsSubject): void {
  const open = async (path = '/var/log/probe', user?: 'nobody'): Promise<LogFolder> =>
    nodeFolder(await subject().cluster(user), subject().node, path);

  it('are files by their names, as they are', async () => {
    const folder = await open();
    const names = [...(await folder.names())].sort();
    assert.deepEqual(names, ['a b&c<d>%.log', 'a.log', 'a.log.gz', 'bytes', 'empty.log']);
    assert.deepEqual(await folder.read('bytes', 100, 300), { bytes: bytes.subarray(100, 400), more: true });
    assert.deepEqual(await folder.read('bytes', 100, 412), { bytes: bytes.subarray(100), more: false });
    assert.deepEqual(await folder.read('a b&c<d>%.log', 0, 10), { bytes: Buffer.from('odd'), more: false });
    const nothing = { bytes: Buffer.alloc(0), more: false };
    for (const [name, from] of [
      ['bytes', 512],
      ['bytes', 9999],
      ['empty.log', 0],
      ['empty.log', 7],
    ] as const)
      assert.deepEqual(await folder.read(name, from, 10), nothing, `${name} from ${from}`);
    assert.equal(await folder.read('none.log', 0, 10), undefined);
    assert.deepEqual(await (await open('/var/log/none')).names(), []);
  });

  it('are of no node where there is none', async () => {
    const folder = nodeFolder(await subject().cluster(), 'nowhere', '/var/log');
    const thrown = await failure(() => folder.read('a.log', 0, 10));
    assert.equal(thrown.code, 'cluster-refused');
    assert.match(thrown.message, /nodes "nowhere" not found/);
  });

  it('need get on nodes/proxy', async () => {
    const folder = await open('/var/log/probe', 'nobody');
    for (const look of [() => folder.names(), () => folder.read('a.log', 0, 10)]) {
      const thrown = await failure(look);
      assert.equal(thrown.code, 'cluster-forbidden');
      assert.match(thrown.message, /get nodes\/proxy/);
    }
  });
}
