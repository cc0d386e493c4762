// An HTTP answer that is taken as it comes, for as long as it comes: the log of a pod that is followed.
import { addAbortSignal } from 'node:stream';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { interrupted } from './clock.ts';
import {
  bounded,
  collect,
  flat,
  httpError,
  HttpError,
  placed,
  requestOptions,
  type Exchange,
} from './http.ts';
import type { Answer, Streamed } from './world.ts';

/** A stream that says nothing for so long ends, as if there were no more: a dead connection says nothing either. */
const silenceMs = 60_000;

/**
 * Sends one request and has its answer as soon as that begins; the deadline is for the beginning alone. What is no 200
 * is had whole, as `exchange` has it.
 * @throws HttpError; Failure interrupted when the signal is aborted; both also out of `chunks`
 */
export function streamed(one: Exchange): Promise<Streamed> {
  return bounded(one, (settle) => {
    const started = performance.now();
    const send = one.url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(requestOptions(one));
    request.on('error', (error) => settle(httpError(error, one.url.host)));
    request.on('close', () => setImmediate(settle, new HttpError('reset', one.url.host)));
    request.on('response', (response) => {
      const whole = (outcome: Answer | HttpError): void =>
        settle(outcome instanceof HttpError ? outcome : { ...outcome, chunks: none() });
      if (response.statusCode !== 200) return collect(response, { maxBytes: one.maxBytes, started }, whole);
      const ms = Math.round(performance.now() - started);
      settle({ status: 200, headers: flat(response.headers), text: '', ms, chunks: chunksOf(response, one) });
    });
    request.end(one.body);
    return () => request.destroy();
  });
}

async function* none(): AsyncGenerator<Buffer> {}

async function* chunksOf(response: IncomingMessage, one: Exchange): AsyncGenerator<Buffer> {
  addAbortSignal(one.signal, response);
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    response.destroy();
  }, silenceMs);
  try {
    for await (const chunk of response) {
      timer.refresh();
      yield chunk as Buffer;
    }
  } catch (error) {
    if (one.signal.aborted) throw interrupted();
    if (silent) return;
    // its answer had begun, whatever a stream says that was destroyed
    throw placed(new HttpError('truncated', one.url.host, httpError(error, one.url.host).code), one);
  } finally {
    clearTimeout(timer);
    response.destroy(); // nobody reads on
  }
}
