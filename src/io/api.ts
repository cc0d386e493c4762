// Reading and writing Kubernetes objects in the tool's own terms: a look that knows why it saw nothing, a write
// that ends with the object or with the API server's own sentence.
import { Failure } from '../errors.ts';
import type { Look, Unseen } from '../audit/facts.ts';
import { HttpError } from './http.ts';
import { redact } from './redact.ts';
import type { Answer, ApiRequest, Cluster } from './world.ts';

/**
 * The API server said no to a write, or to the tunnel that a request was to go `through`; `status` and `reason` are
 * its own (409 "AlreadyExists", 422 "Invalid").
 */
export class Refused extends Failure {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(
      status === 403 ? 'cluster-forbidden' : 'cluster-refused',
      message,
      status === 403 ? forbiddenNext : [],
    );
    this.status = status;
    this.reason = reason;
  }
}

/** 409: it is there already, or somebody changed it since it was read (`reason` tells which). */
export class Conflict extends Refused {}

const forbiddenNext = [
  'Use a context or user with the right to do this, or ask a cluster administrator for it.',
];

/** What sentences need of a cluster. */
type Asked = Pick<Cluster, 'host' | 'known'>;

function unauthorized(cluster: Asked): Failure {
  return new Failure(
    'cluster-unauthorized',
    `The cluster at ${cluster.host} does not accept these credentials.`,
    ['Log in again, or choose another context with --context.'],
  );
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Status {
  readonly message: string;
  readonly reason: string;
}

/** The API's own error object. */
function statusOf(text: string): Status | undefined {
  const value = json(text) as { kind?: unknown; message?: unknown; reason?: unknown } | null | undefined;
  if (typeof value !== 'object' || value === null || value.kind !== 'Status') return undefined;
  const own = (field: unknown): string => (typeof field === 'string' ? field : '');
  // a reason is one word; anything else is not the API's
  const reason = /^[A-Za-z]{1,64}$/.exec(own(value.reason))?.[0] ?? '';
  return { message: own(value.message), reason };
}

/** What the answer itself says, short and without secrets. */
function sentence(answer: Answer, cluster: Asked): string {
  const text = statusOf(answer.text)?.message || answer.text;
  // a web page, or an object without a message, says nothing to a reader
  if (/^\s*[<{[]/.test(text)) return '';
  const line = text.trim().split('\n')[0] ?? '';
  return redact(line, cluster.known)
    .replace(/[\0-\x1f\x7f]/g, ' ')
    .slice(0, 500);
}

const called = ({ method = 'GET', path }: ApiRequest): string => `${method} ${path}`;

function unseen(kind: Unseen['unseen'], request: ApiRequest, answer: Answer, cluster: Cluster): Unseen {
  const said = sentence(answer, cluster);
  return { unseen: kind, why: `${called(request)}: ${answer.status}${said === '' ? '' : ` ${said}`}` };
}

/** A 404 of the API server itself, and not of something in between that knows nothing about the object. */
function isOwn404({ text }: Answer): boolean {
  return text.trim() === '' || text.startsWith('404 page not found') || statusOf(text) !== undefined;
}

/** Why a request without an answer leaves only this look blind; anything else ends the run. */
function blind(error: unknown, request: ApiRequest): Unseen {
  if (!(error instanceof Failure)) throw error;
  // reasons stand within sentences
  const why = `${called(request)}: ${error.message.replace(/\.$/, '')}`;
  // a request is refused before it is answered only where it goes through a tunnel
  if (error instanceof Refused) return { unseen: error.status === 403 ? 'forbidden' : 'failed', why };
  const late = error.cause instanceof HttpError && error.cause.reason === 'timeout';
  const one = request.via !== undefined || request.through !== undefined;
  const alone = error.code === 'cluster-answer' || (error.code === 'cluster-unreachable' && (late || one));
  if (!alone) throw error;
  return { unseen: 'failed', why };
}

/**
 * One reading of the API as text, such as /metrics.
 * @param what a path, or a whole GET request
 * @param parse text → value; what it throws becomes a `failed` look
 * @returns seen on 200, absent on 404, forbidden on 403, failed on everything that was not understood
 * @throws Failure cluster-unauthorized (401), cluster-unreachable (but one API server asked `via` or `through`
 *   is only a failed look, and so is a slow answer), kubeconfig-invalid, interrupted
 */
export async function lookText<T>(
  cluster: Cluster,
  what: string | ApiRequest,
  parse: (text: string) => T,
): Promise<Look<T>> {
  const request = typeof what === 'string' ? { path: what } : what;
  let answer: Answer;
  try {
    answer = await cluster.request(request);
  } catch (error) {
    return blind(error, request);
  }
  if (answer.status === 401) throw unauthorized(cluster);
  if (answer.status === 403) return unseen('forbidden', request, answer, cluster);
  if (answer.status === 404 && isOwn404(answer)) return unseen('absent', request, answer, cluster);
  // a review is created, so it is answered by 201
  if (answer.status !== 200 && answer.status !== 201) return unseen('failed', request, answer, cluster);
  try {
    return { seen: parse(answer.text) };
  } catch (error) {
    const said = redact(error instanceof Error ? error.message : String(error), cluster.known).slice(0, 200);
    return { unseen: 'failed', why: `${called(request)}: the answer was not understood: ${said}` };
  }
}

function parseJson(text: string): unknown {
  const value = json(text);
  if (value !== undefined) return value;
  // the parser's own message would quote the text
  throw new Error(/^\s*</.test(text) ? 'it is a web page, not JSON' : 'it is not JSON, or not all of it');
}

/** `lookText` for JSON: `parse` is given the parsed value and throws when it is not what it should be. */
export function look<T>(
  cluster: Cluster,
  what: string | ApiRequest,
  parse: (json: unknown) => T,
): Promise<Look<T>> {
  return lookText(cluster, what, (text) => parse(parseJson(text)));
}

/** What to throw for an answer that is a no: Conflict (409), Failure cluster-unauthorized (401), Refused. */
export function refusal(cluster: Asked, request: ApiRequest, answer: Answer): Failure {
  if (answer.status === 401) return unauthorized(cluster);
  const reason = statusOf(answer.text)?.reason ?? '';
  const said = sentence(answer, cluster) || `status ${answer.status}`;
  const Kind = answer.status === 409 ? Conflict : Refused;
  return new Kind(answer.status, reason, `The API server refused ${called(request)}: ${said}`);
}

/**
 * One writing request (or a read that must succeed); gives the object the API answered with.
 * @throws Conflict (409), Refused (any other no; 403 has code cluster-forbidden, the rest cluster-refused),
 *   Failure cluster-unauthorized (401), cluster-answer (a success that is no object), and those of Cluster.request
 */
export async function write(cluster: Cluster, request: ApiRequest): Promise<Record<string, unknown>> {
  const answer = await cluster.request(request);
  if (answer.status < 200 || answer.status > 299) throw refusal(cluster, request, answer);
  const value = json(answer.text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Failure('cluster-answer', `The answer to ${called(request)} was not a Kubernetes object.`, [
    `Check that ${cluster.host} is an API server and not a proxy or a login page.`,
  ]);
}

/**
 * One object, or undefined when there is none, nor the kind of it.
 * @throws as `write`, but for 404
 */
export async function found(cluster: Cluster, path: string): Promise<Record<string, unknown> | undefined> {
  try {
    return await write(cluster, { path });
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}
