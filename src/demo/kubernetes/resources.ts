// Requests for resources: finds the kind, decodes the body, hands over to the registry, and writes lists and watches.
import type { Request } from '../http.ts';
import { decide, type User } from './access.ts';
import type { Trail } from './audit-trail.ts';
import { apiVersion, type Kind } from './kinds.ts';
import { isRecord, type KubeObject } from './object.ts';
import { json, pageNotFound, type Answer } from './plain-paths.ts';
import { answerNodeLogs } from './node-logs.ts';
import { answerLog } from './pod-log.ts';
import { answerPortForward, portOf, refuseUpgrade } from './port-forward.ts';
import { minorOf, type Process } from './process.ts';
import { Registry, decode, type Place } from './registry.ts';
import type { RequestInfo } from './request-info.ts';
import { prepared } from './rules.ts';
import { page, selected } from './selectors.ts';
import {
  Refusal,
  badRequest,
  invalid,
  methodNotAllowed,
  noSuchResource,
  notFound,
  unsupported,
  wrong,
} from './status.ts';
import type { StoreChange } from './store.ts';

/** One request on its way through. */
export interface Handling {
  readonly run: Process;
  readonly request: Request;
  readonly info: RequestInfo;
  readonly user: User;
  readonly trail: Trail | undefined;
}

function parsed(kind: Kind, request: Request): unknown {
  if (request.body.length === 0) return undefined;
  const type = request.headers['content-type'] ?? 'application/json';
  if (!/^application\/json\b/.test(type))
    throw new Refusal(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json, ' +
        'application/yaml, application/vnd.kubernetes.protobuf',
    );
  try {
    return JSON.parse(request.body.toString('utf8')) as unknown;
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; ` +
        `json parse error: ${(error as Error).message}`,
    );
  }
}

/** The options of a delete may stand in its query instead. */
function bodyOrQuery(body: unknown, { method, query }: Request): unknown {
  const seconds = query.get('gracePeriodSeconds');
  return method === 'DELETE' && body === undefined && seconds !== null
    ? { gracePeriodSeconds: Number(seconds) }
    : body;
}

function goDryRun(strange: readonly unknown[]): string {
  const list = strange.map((value) => JSON.stringify(value)).join(', ');
  return `Unsupported value: []string{${list}}: supported values: "All"`;
}

function isDryRun({ settings }: Process, query: URLSearchParams, body: unknown): boolean {
  const inBody = isRecord(body) && Array.isArray(body['dryRun']) ? (body['dryRun'] as unknown[]) : [];
  const asked = [...query.getAll('dryRun').filter(Boolean), ...inBody];
  const strange = asked.filter((value) => value !== 'All');
  if (strange.length > 0)
    throw invalid({ group: 'meta.k8s.io', resource: 'CreateOptions' }, '', [
      minorOf(settings.release) >= 19
        ? unsupported('dryRun', strange, ['All'])
        : { ...unsupported('dryRun', '', ['All']), message: goDryRun(strange) },
    ]);
  return asked.length > 0;
}

function list(kind: Kind, { run, request, info }: Handling): Answer {
  const matches = selected(request.query);
  const found = run.store.list(kind, info.namespace).filter(matches);
  const { items, ...more } = page(found, request.query);
  const metadata = { resourceVersion: run.store.revision, ...more };
  const bare = items.map(({ apiVersion: _version, kind: _kind, ...rest }) => rest);
  return json({ kind: `${kind.kind}List`, apiVersion: apiVersion(kind), metadata, items: bare });
}

function watch(kind: Kind, { run, request, info }: Handling): Answer {
  const matches = selected(request.query);
  const own = (change: StoreChange): boolean =>
    change.kind.resource === kind.resource &&
    change.kind.group === kind.group &&
    (!info.namespace || change.object.metadata.namespace === info.namespace) &&
    matches(change.object);
  const line = (type: string, object: KubeObject): string => `${JSON.stringify({ type, object })}\n`;
  const seconds = Number(request.query.get('timeoutSeconds') ?? 1800);
  const stream: NonNullable<Answer['stream']> = async (write, closed) => {
    const forget = run.store.onChange((change) => own(change) && write(line(change.type, change.object)));
    if (['', '0', null].includes(request.query.get('resourceVersion')))
      for (const object of run.store.list(kind, info.namespace).filter(matches)) write(line('ADDED', object));
    const over = AbortSignal.any([closed, run.ended.signal, AbortSignal.timeout(seconds * 1000)]);
    await new Promise((resolve) => over.addEventListener('abort', resolve, { once: true }));
    forget();
  };
  return { status: 200, headers: { 'content-type': 'application/json' }, stream };
}

function reviewed(handling: Handling, body: unknown): Answer {
  const spec = isRecord(body) && isRecord(body['spec']) ? body['spec'] : {};
  const { resourceAttributes: asked, nonResourceAttributes: plain } = spec;
  if ((asked === undefined) === (plain === undefined))
    // the real one names no kind here either
    throw invalid({ group: 'authorization.k8s.io', resource: '' }, '', [
      wrong(
        minorOf(handling.run.settings.release) >= 19 ? 'spec' : 'spec.resourceAttributes',
        plain ?? null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ]);
  const fields = (isRecord(asked) ? asked : isRecord(plain) ? plain : {}) as Partial<RequestInfo>;
  const empty = { group: '', version: '', namespace: '', resource: '', name: '', subresource: '', path: '' };
  const info = { ...empty, verb: '', ...fields, isResource: isRecord(asked) };
  const { allowed, reason } = decide(handling.user, info);
  const status = { allowed, ...(reason && { reason }) };
  const type = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1' };
  return json({ ...type, metadata: {}, spec, status }, 201);
}

function changed(handling: Handling, place: Place, body: unknown): Answer {
  const { run, info } = handling;
  const { release, podSecurity = 'privileged', admit } = run.settings;
  const namespaces = run.kinds.find(({ resource }) => resource === 'namespaces') ?? place.kind;
  const registry = new Registry(run.store, { namespaces, minor: minorOf(release), podSecurity, admit });
  if (info.verb === 'get') return json(registry.get(place));
  if (info.verb === 'delete') return json(registry.delete(place, body));
  if (info.verb === 'update') {
    const { object, created } = registry.update(place, body);
    return json(object, created ? 201 : 200);
  }
  return json(registry.create(place, body), 201);
}

function podOf(kind: Kind, { run, info }: Handling): KubeObject {
  const pod = run.store.get(kind, info.namespace, info.name);
  if (!pod) throw notFound(kind, info.name);
  return pod;
}

function portforward(kind: Kind, handling: Handling): Answer {
  const { run, request, info, user } = handling;
  if (info.verb !== 'get' && info.verb !== 'create') throw methodNotAllowed();
  const port = portOf(request.query);
  refuseUpgrade(user, info, minorOf(run.settings.release));
  return answerPortForward(podOf(kind, handling), request, port, run.settings.kubelets);
}

function log(kind: Kind, handling: Handling): Answer {
  const { run, request, info } = handling;
  if (info.verb !== 'get') throw methodNotAllowed();
  const pod = podOf(kind, handling);
  return answerLog(pod, request.query, run.settings.kubelets, run.ended.signal);
}

function proxy(kind: Kind, { run, request, info }: Handling): Answer {
  if (!run.store.get(kind, '', info.name)) throw notFound(kind, info.name);
  const { path, headers, method } = request;
  const asked = {
    path: path.slice(path.indexOf('/proxy') + '/proxy'.length),
    range: headers['range'] ?? '',
    method,
  };
  return answerNodeLogs(info.name, asked, run.settings.kubelets);
}

/** The kind that is asked for; undefined when its whole group version is not served. @throws Refusal 404, 405 */
function kindOf({ run, request, info }: Handling): Kind | undefined {
  const inVersion = run.kinds.filter(
    ({ group, version }) => group === info.group && version === info.version,
  );
  if (inVersion.length === 0) return undefined;
  const kind = inVersion.find(({ resource }) => resource === info.resource);
  if (!kind || (kind.namespaced && !info.namespace && info.name)) throw noSuchResource();
  if (info.subresource) return refuseSubresource(kind, run, info);
  refuseMethod(kind, request.method, info);
  return kind;
}

function refuseSubresource(kind: Kind, run: Process, { namespace, name, subresource }: RequestInfo): Kind {
  if (kind.resource === 'pods' && Object.hasOwn(ofPods, subresource)) return kind;
  if (kind.resource === 'nodes' && subresource === 'proxy') return kind;
  throw run.store.get(kind, namespace, name) ? noSuchResource() : notFound(kind, name);
}

const onCollection = ['GET', 'POST'];
const onObject = ['GET', 'PUT', 'DELETE'];

function refuseMethod({ resource }: Kind, method: string, { name, verb }: RequestInfo): void {
  if (method === 'PATCH') throw new Refusal(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  const one = name !== '' && verb !== 'list' && verb !== 'watch';
  const methods = resource === 'selfsubjectaccessreviews' ? ['POST'] : one ? onObject : onCollection;
  if (!methods.includes(method)) throw methodNotAllowed();
}

const ofPods = { log, portforward };
const specials: Readonly<Record<string, (kind: Kind, handling: Handling) => Answer>> = {
  list,
  watch,
  ...ofPods,
  proxy,
};

/** Answers a request for a resource; the user may make it. */
export function answerResource(handling: Handling): Answer {
  const { run, request, info, trail } = handling;
  const kind = kindOf(handling);
  if (!kind) return pageNotFound;
  const special = specials[info.subresource || info.verb];
  if (special) return special(kind, handling);
  const body = info.verb === 'get' ? undefined : bodyOrQuery(parsed(kind, request), request);
  const dryRun = isDryRun(run, request.query, body);
  if (info.verb === 'create' || info.verb === 'update') {
    const object = decode(kind, body);
    trail?.sent(prepared(kind, object, minorOf(run.settings.release)));
    if (object.metadata.name) trail?.named({ name: object.metadata.name });
  } else trail?.sent(body);
  if (kind.resource === 'selfsubjectaccessreviews') return reviewed(handling, body);
  const { namespace, name } = info;
  return changed(handling, { kind, namespace, name, dryRun }, body);
}
