// Requests for resources: finds the kind, decodes the body, hands over to the registry, and writes lists and watches.
import type { Request } from '../http.ts';
import { decide, type User } from './access.ts';
import type { Trail } from './audit-trail.ts';
import { apiVersion, type Kind } from './kinds.ts';
import { isRecord, type KubeObject } from './object.ts';
import { json, pageNotFound, type Answer } from './plain-paths.ts';
import type { Process } from './process.ts';
import { Registry, decode, type Place } from './registry.ts';
import type { RequestInfo } from './request-info.ts';
import { page, selected } from './selectors.ts';
import { Refusal, badRequest, invalid, methodNotAllowed, noSuchResource, unsupported } from './status.ts';
import type { StoreChange } from './store.ts';

/** One request on its way through. */
export interface Handling {
  readonly run: Process;
  readonly request: Request;
  readonly info: RequestInfo;
  readonly user: User;
  readonly trail: Trail | undefined;
}

function parsed(request: Request): unknown {
  if (request.body.length === 0) return undefined;
  const type = request.headers['content-type'] ?? 'application/json';
  if (!/^application\/json\b/.test(type))
    throw new Refusal(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: application/json`,
      {},
    );
  try {
    return JSON.parse(request.body.toString('utf8')) as unknown;
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

function isDryRun(kind: Kind, query: URLSearchParams, body: unknown): boolean {
  const inBody = isRecord(body) && Array.isArray(body['dryRun']) ? (body['dryRun'] as unknown[]) : [];
  const asked = [...query.getAll('dryRun').filter(Boolean), ...inBody];
  const strange = asked.filter((value) => value !== 'All');
  if (strange.length > 0)
    throw invalid({ group: 'meta.k8s.io', resource: 'CreateOptions' }, '', [
      unsupported('dryRun', strange, ['All']),
    ]);
  return asked.length > 0 && kind.resource !== '';
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
    throw invalid({ group: 'authorization.k8s.io', resource: 'SelfSubjectAccessReview' }, '', [
      {
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(spec)}: exactly one of nonResourceAttributes or resourceAttributes must be specified`,
        field: 'spec.resourceAttributes',
      },
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
  const { run, info, trail } = handling;
  const namespaces = run.kinds.find(({ resource }) => resource === 'namespaces');
  const registry = new Registry(run.store, namespaces ?? place.kind);
  if (info.verb === 'get') return json(registry.get(place));
  if (info.verb === 'delete') return json(registry.delete(place, body));
  if (info.verb === 'update') {
    const { object, created } = registry.update(place, body);
    return json(object, created ? 201 : 200);
  }
  const object = registry.create(place, body);
  trail?.named({ name: object.metadata.name });
  return json(object, 201);
}

/** The kind that is asked for; undefined when its whole group version is not served. @throws Refusal 404, 405 */
function kindOf({ run, info }: Handling): Kind | undefined {
  const inVersion = run.kinds.filter(
    ({ group, version }) => group === info.group && version === info.version,
  );
  if (inVersion.length === 0) return undefined;
  const kind = inVersion.find(({ resource }) => resource === info.resource);
  if (!kind || info.subresource || (kind.namespaced && !info.namespace && info.name)) throw noSuchResource();
  const verbs = kind.resource === 'selfsubjectaccessreviews' ? ['create'] : servedVerbs;
  if (!verbs.includes(info.verb)) throw methodNotAllowed();
  return kind;
}

const servedVerbs = ['get', 'list', 'watch', 'create', 'update', 'delete'];

/** Answers a request for a resource; the user may make it. */
export function answerResource(handling: Handling): Answer {
  const { request, info, trail } = handling;
  const kind = kindOf(handling);
  if (!kind) return pageNotFound;
  if (info.verb === 'list') return list(kind, handling);
  if (info.verb === 'watch') return watch(kind, handling);
  const body = info.verb === 'get' ? undefined : parsed(request);
  trail?.sent(body === undefined || info.verb === 'delete' ? body : decode(kind, body));
  if (kind.resource === 'selfsubjectaccessreviews') return reviewed(handling, body);
  const { namespace, name } = info;
  return changed(handling, { kind, namespace, name, dryRun: isDryRun(kind, request.query, body) }, body);
}
