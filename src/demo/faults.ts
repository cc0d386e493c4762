// The faults that an embedded server can be told to show, one at a time: what a real one looks like from outside
// when it is down, slow, overloaded, moved, or behind something that answers in its place.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply, Request } from './http.ts';

/** Which requests a fault touches; without it, all of them until healed. */
export interface Scope {
  /** The fault heals by itself after so many requests. */
  readonly times?: number;
  readonly when?: (request: Request) => boolean;
}

type Show = (answer: () => Reply | Promise<Reply>) => Promise<Reply | 'hang-up'>;

const bodies = {
  truncated: {
    type: 'application/json; charset=UTF-8',
    text: '{"kind":"Status","took":3,"hits":{"total":{"val',
  },
  html: {
    type: 'text/html',
    text: '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body>\r\n</html>\r\n',
  },
} as const;

/** The switch of one server. Setting a fault replaces the one before. */
export class Faults {
  #fault: { show: Show; scope: Scope; left: number } | undefined;

  /** The connection is closed without an answer. */
  down(scope: Scope = {}): void {
    this.#set(scope, () => Promise.resolve('hang-up'));
  }

  /** The request takes effect at once; the answer comes `ms` later. */
  slow(ms: number, scope: Scope = {}): void {
    this.#set(scope, async (answer) => {
      const reply = await answer();
      await sleep(ms);
      return reply;
    });
  }

  /** Answered by a status, with a Retry-After in seconds if given; the request takes no effect. */
  status(code: number, retryAfter?: number, scope: Scope = {}): void {
    const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    this.#answer(scope, { status: code, headers: { ...headers, 'content-type': 'text/plain' }, body: '' });
  }

  /** Answered by a redirect to `location`; the request takes no effect. */
  redirect(location: string, code = 301, scope: Scope = {}): void {
    this.#answer(scope, { status: code, headers: { location }, body: '' });
  }

  /** Answered 200 with a body that is no answer: JSON cut in the middle, or somebody's HTML. */
  garbage(kind: keyof typeof bodies, scope: Scope = {}): void {
    const { type, text } = bodies[kind];
    this.#answer(scope, { status: 200, headers: { 'content-type': type }, body: text });
  }

  /** Answered 200 with nothing in it. */
  empty(scope: Scope = {}): void {
    this.#answer(scope, { status: 200, body: '' });
  }

  /** No fault any more. */
  heal(): void {
    this.#fault = undefined;
  }

  /** What this request gets: the fault's answer if it is touched by one, the real answer otherwise. */
  async apply(request: Request, answer: () => Reply | Promise<Reply>): Promise<Reply | 'hang-up'> {
    const fault = this.#fault;
    if (!fault || fault.left <= 0 || fault.scope.when?.(request) === false) return answer();
    fault.left -= 1;
    return fault.show(answer);
  }

  #answer(scope: Scope, reply: Reply): void {
    this.#set(scope, () => Promise.resolve(reply));
  }

  #set(scope: Scope, show: Show): void {
    this.#fault = { show, scope, left: scope.times ?? Number.POSITIVE_INFINITY };
  }
}
