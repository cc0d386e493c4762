// Which stages of a request come into the log: what kind of request it is decides which ones it goes through, and the
// policy which of them are left out.
// Source: apiserver pkg/endpoints/filters/{audit,authn_audit,request_deadline}.go, pkg/server/filters/longrunning.go;
// kubernetes pkg/controlplane/apiserver/config.go names the verbs and subresources.
import type { Stage } from '../backend/audit-sink.ts';
import type { ServerVersion } from '../facts.ts';
import type { Verdict } from './evaluate.ts';
import type { Attributes } from './policy.ts';
import type { Asked } from './request.ts';

const longVerbs = ['watch', 'proxy'];
const longSubresources = ['attach', 'exec', 'proxy', 'log', 'portforward'];

/** Whether a request may take as long as its client wishes, so that its answer's start is a stage, too. */
export function isLongRunning({ verb, resourceRequest, subresource, path }: Asked): boolean {
  if (longVerbs.includes(verb)) return true;
  return resourceRequest ? longSubresources.includes(subresource) : path.startsWith('/debug/pprof/');
}

/** The stages that a request goes through, in their order; Panic where its handler does comes in place of the last. */
export function stagesOf(request: Attributes): readonly Stage[] {
  // turned away before anybody asked what it wants
  if (request.user === undefined) return ['ResponseStarted'];
  return isLongRunning(request)
    ? ['RequestReceived', 'ResponseStarted', 'ResponseComplete']
    : ['RequestReceived', 'ResponseComplete'];
}

/** Those of them that are recorded under a verdict. */
export function recordedStages(
  request: Attributes,
  { level, omitStages }: Pick<Verdict, 'level' | 'omitStages'>,
): readonly Stage[] {
  return level === 'None' ? [] : stagesOf(request).filter((stage) => !omitStages.includes(stage));
}

/** Since when a request with a timeout that is none is refused before its user is known. */
const timeoutReadSince = 21;
// Go's time.ParseDuration
const duration = /^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/**
 * Whether a request is refused for its `?timeout=` before its user is known, and so recorded without one.
 * @param uri path and query, as the client sent it
 */
export function isTimeoutRefused(asked: Asked, uri: string, { minor }: ServerVersion): boolean {
  const at = uri.indexOf('?');
  if (minor < timeoutReadSince || at === -1 || isLongRunning(asked)) return false;
  const timeout = new URLSearchParams(uri.slice(at + 1)).get('timeout') ?? '';
  return timeout !== '' && !duration.test(timeout);
}
