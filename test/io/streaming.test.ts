// Answers that are taken as they come, over real connections.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { closeServers, cluster, httpServer } from './servers.ts';
import { failure } from '../support/failure.ts';

/** The text of a stream up to its end. */
async function read(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  return text;
}

describe('a stream of the cluster', () => {
  afterEach(closeServers);
  const answering = async (answer: (response: ServerResponse) => void, signal?: AbortSignal) => {
    const host = await httpServer((_request, response) => answer(response));
    return cluster({ server: `http://${host}` }, signal === undefined ? {} : { signal });
  };

  it('gives what comes before the answer has ended', async () => {
    let more = (): void => undefined;
    const open = await answering((response) => {
      response.write('one\n');
      more = () => void response.end('two\n');
    });
    const { status, chunks, text } = await open.stream({ path: '/log' });
    assert.deepEqual([status, text], [200, '']);
    const had: string[] = [];
    for await (const chunk of chunks) {
      had.push(Buffer.from(chunk).toString());
      more();
    }
    assert.deepEqual(had, ['one\n', 'two\n']);
  });

  it('gives an answer other than 200 whole', async () => {
    const open = await answering((response) => void response.writeHead(404).end('no such pod'));
    const { status, text, chunks } = await open.stream({ path: '/log' });
    assert.deepEqual([status, text, await read(chunks)], [404, 'no such pod', '']);
  });

  it('says that it broke off, after what had come', async () => {
    const open = await answering((response) => {
      response.write('one\n', () => setTimeout(() => response.destroy(), 50));
    });
    const { chunks } = await open.stream({ path: '/log' });
    const had: string[] = [];
    const { code, message } = await failure(async () => {
      for await (const chunk of chunks) had.push(Buffer.from(chunk).toString());
    });
    assert.deepEqual(had, ['one\n']);
    assert.equal(code, 'cluster-answer');
    assert.match(message, /The answer of the API server .* broke off\./);
  });

  it('says that nobody can be reached', async () => {
    const open = await cluster({ server: 'http://127.0.0.1:1' });
    assert.equal((await failure(() => open.stream({ path: '/log' }))).code, 'cluster-unreachable');
  });

  it('ends when the run is cancelled, before and after it began', async () => {
    for (const begun of [true, false]) {
      const controller = new AbortController();
      const open = await answering((response) => void (begun && response.write('one\n')), controller.signal);
      const { code } = await failure(async () => {
        setTimeout(() => controller.abort(), 60);
        const { chunks } = await open.stream({ path: '/log' });
        await read(chunks);
      });
      assert.equal(code, 'interrupted');
    }
  });
});
