// The way of one request through the API server: who, audited how, allowed or not, answered; and the events of its
// stages, in the order of the real filter chain (apiserver pkg/server/config.go).
import { randomUUID } from 'node:crypto';
import type { Reply, Request } from '../http.ts';
import { authenticate, decide, forbidden, identityOf, impersonated, impersonation } from './access.ts';
import { impersonationForbidden } from './access.ts';
import type { User } from './access.ts';
import { microTime } from './audit-event.ts';
import { begin, type Asked, type Trail } from './audit-trail.ts';
import { answerPlain, json, type Answer } from './plain-paths.ts';
import { minorOf, type Process } from './process.ts';
import { isLongRunning, requestInfo, type RequestInfo } from './request-info.ts';
import { answerResource } from './resources.ts';
import { Refusal } from './status.ts';

/** What was asked, and what came of it: for a test to look at. */
export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly auditId: string;
  readonly user: string;
  readonly status: number;
}

function refused(error: unknown): Answer {
  if (error instanceof Refusal) return json(error.status, error.status.code);
  const refusal = new Refusal(500, 'InternalError', `Internal error occurred: ${String(error)}`);
  return json(refusal.status, 500);
}

interface Acting {
  readonly info: RequestInfo;
  readonly request: Request;
  readonly trail: Trail | undefined;
}

/** Acts as whom the request wants to act, if that is allowed. @throws Refusal 403 */
function actingAs(run: Process, user: User, { info, request, trail }: Acting): User {
  const wanted = impersonated(run.settings.users, request.headers);
  if (!wanted) return user;
  if (!decide(user, impersonation(wanted.name)).allowed)
    throw impersonationForbidden(user, wanted, info, minorOf(run.settings.release));
  trail?.impersonated(identityOf(wanted));
  return wanted;
}

function answered(run: Process, request: Request, asked: Asked, caller: User): Answer {
  const trail = begin(run.auditing, asked);
  trail?.received();
  const { info } = asked;
  let answer: Answer;
  try {
    const user = actingAs(run, caller, { info, request, trail });
    const { allowed, reason } = decide(user, info);
    trail?.annotate('authorization.k8s.io/decision', allowed ? 'allow' : 'forbid');
    trail?.annotate('authorization.k8s.io/reason', reason);
    if (!allowed) throw forbidden(user, info);
    const handling = { run, request, info, user, trail };
    answer = info.isResource ? answerResource(handling) : answerPlain(run, request);
  } catch (error) {
    answer = refused(error);
  }
  return concluded(answer, info, trail);
}

function concluded(answer: Answer, info: RequestInfo, trail: Trail | undefined): Answer {
  const outcome = { code: answer.status, responseObject: answer.object };
  if (isLongRunning(info)) trail?.stage('ResponseStarted', outcome);
  const complete = (): void => trail?.stage('ResponseComplete', outcome);
  const { stream, upgrade } = answer;
  if (upgrade) return { ...answer, upgrade: (...taken) => upgrade(...taken).finally(complete) };
  if (stream) return { ...answer, stream: (...given) => stream(...given).finally(complete) };
  complete();
  return answer;
}

/** Nobody could be authenticated: one event only, of nobody. */
function unknown(run: Process, asked: Asked, error: unknown): Answer {
  const answer = refused(error);
  begin(run.auditing, asked)?.stage('ResponseStarted', {
    code: answer.status,
    responseObject: answer.object,
  });
  return answer;
}

function counted(run: Process, info: RequestInfo, status: number): void {
  const { group, version, resource } = info;
  // what becomes something else has no code, and a verb of its own (apiserver pkg/endpoints/installer.go)
  const verb = info.subresource === 'portforward' ? 'CONNECT' : info.verb.toUpperCase();
  const labels = { code: status === 101 ? '0' : String(status), group, resource, verb, version };
  run.counters.add('apiserver_request_total', labels);
}

/**
 * Whether the answer tells the Audit-ID: from 1.22 on always, before only when the request was audited, and even
 * then not on a watch.
 */
function tellsAuditId({ settings, auditing }: Process, asked: Asked): boolean {
  if (minorOf(settings.release) >= 22) return true;
  const level = auditing.rule?.(asked).level ?? 'None';
  return level !== 'None' && asked.info.verb !== 'watch';
}

/** Answers one request of one run, and tells what it was. */
export function handle(run: Process, request: Request, tell: (seen: Seen) => void): Reply {
  const auditId = request.headers['audit-id'] || randomUUID();
  const info = requestInfo(request.method, request.path, request.query);
  const { target, headers, peer } = request;
  let asked: Asked = { auditId, info, requestURI: target, headers, peer, received: microTime() };
  let username = '';
  let answer: Answer;
  try {
    const user = authenticate(run.settings.users, headers['authorization']);
    username = user.name;
    asked = { ...asked, user: identityOf(user) };
    answer = answered(run, request, asked, user);
  } catch (error) {
    answer = unknown(run, asked, error);
  }
  counted(run, info, answer.status);
  const body = request.body.toString('utf8');
  const { method } = request;
  tell({ method, target, headers, body, auditId, user: username, status: answer.status });
  const more = tellsAuditId(run, asked) ? { 'audit-id': auditId } : {};
  const all = { 'cache-control': 'no-cache, private', ...answer.headers, ...more };
  return { ...answer, headers: all };
}
