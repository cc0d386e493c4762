// The paths that are no resources: version, discovery, health, metrics, flagz.
import type { Reply, Request } from '../http.ts';
import {
  aggregated,
  coreVersions,
  groupDocument,
  groupList,
  paths,
  resourceList,
  versionDocument,
} from './discovery.ts';
import { metricsText } from './metrics-text.ts';
import { minorOf, type Process } from './process.ts';
import { flagValues, flagzText } from './server-flags.ts';
import { Refusal, methodNotAllowed } from './status.ts';

/** An answer, with the object in it when it is one. */
export interface Answer extends Reply {
  readonly object?: unknown;
}

/** A JSON answer. */
export function json(object: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify(object)}\n`,
    object,
  };
}

function text(body: string, type = 'text/plain; charset=utf-8', status = 200): Answer {
  return { status, headers: { 'content-type': type }, body };
}

/** What is answered where nothing is served. */
export const pageNotFound: Answer = text('404 page not found\n', 'text/plain; charset=utf-8', 404);

const checks = ['ping', 'log', 'etcd', 'poststarthook/start-apiextensions-informers'];

function health({ settings }: Process, request: Request): Answer {
  if (!request.query.has('verbose')) return text('ok');
  const name = minorOf(settings.release) < 19 ? 'healthz' : request.path.slice(1);
  return text(`${checks.map((check) => `[+]${check} ok\n`).join('')}${name} check passed\n`);
}

const structured = /application\/json;.*g=config\.k8s\.io/;

function flagz(run: Process, accept: string): Answer {
  if (minorOf(run.settings.release) < 36) return nothingAt(run, '/flagz');
  const flags = flagValues(run.settings.flags);
  const apiVersion = `config.k8s.io/${/v=(v1\w+)/.exec(accept)?.[1]}`;
  if (structured.test(accept) && accept.includes('as=Flagz')) {
    const answer = json({ kind: 'Flagz', apiVersion, metadata: { name: 'apiserver' }, flags });
    const version = apiVersion.split('/')[1];
    return {
      ...answer,
      headers: { 'content-type': `application/json;g=config.k8s.io;v=${version};as=Flagz` },
    };
  }
  if (accept === '' || /text\/plain|\*\/\*|text\/\*/.test(accept))
    return text(flagzText(flags, run.separator));
  throw new Refusal(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, text/plain',
  );
}

function metrics({ settings, counters, startedAt }: Process): Answer {
  const type = 'text/plain; version=0.0.4; charset=utf-8';
  return text(metricsText(settings.release, counters, startedAt), type);
}

const wanted = /application\/json;g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList/;

/** Aggregated discovery, where it is asked for and there. */
function atOnce(
  { settings, kinds }: Process,
  headers: Request['headers'],
  core: boolean,
): Answer | undefined {
  const [type] = wanted.exec(headers['accept'] ?? '') ?? [];
  if (type === undefined || minorOf(settings.release) < 27) return undefined;
  return { ...json(aggregated(kinds, core)), headers: { 'content-type': type } };
}

const served: Readonly<Record<string, (run: Process, request: Request) => Answer>> = {
  '/': ({ kinds }) =>
    json(
      paths(
        kinds,
        Object.keys(served).filter((path) => path !== '/'),
      ),
    ),
  '/api': (run, { headers }) => atOnce(run, headers, true) ?? json(coreVersions(headers['host'] ?? '')),
  '/apis': (run, { headers }) => atOnce(run, headers, false) ?? json(groupList(run.kinds)),
  '/flagz': (run, { headers }) => flagz(run, headers['accept'] ?? ''),
  '/healthz': health,
  '/livez': health,
  '/metrics': metrics,
  '/readyz': health,
  // written past the usual encoder: the audit event of this request has no responseObject
  '/version': ({ settings }) => ({ ...json(versionDocument(settings.release)), object: undefined }),
};

function nothingAt(run: Process, path: string): Answer {
  const underApi = path.startsWith('/api/') || path.startsWith('/apis/');
  if (underApi || minorOf(run.settings.release) >= 19) return pageNotFound;
  return json(paths(run.kinds, Object.keys(served)), 404);
}

function discovered(run: Process, path: string): Answer {
  const [first, group = '', version, more] = path.split('/').filter(Boolean);
  if (more !== undefined || (first !== 'api' && first !== 'apis')) return nothingAt(run, path);
  const groupVersion = first === 'api' ? group : `${group}/${version}`;
  const document =
    first === 'apis' && version === undefined
      ? groupDocument(run.kinds, group)
      : resourceList(run.kinds, groupVersion);
  return document ? json(document) : pageNotFound;
}

/** Answers a request for a path that is no resource. */
export function answerPlain(run: Process, request: Request): Answer {
  const path = request.path.replace(/(.)\/+$/, '$1');
  const answer = served[path];
  const found = answer ? answer(run, request) : discovered(run, path);
  if (found.status !== 404 && request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed();
  return found;
}
