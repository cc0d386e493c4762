// What an HTTP request asks of the API, as the API server itself derives it before authorization and auditing
// (apiserver pkg/endpoints/request/requestinfo.go).

/** Attributes of one request. */
export interface RequestInfo {
  /** Whether it is about a resource; only then are the fields after `path` filled. */
  readonly isResource: boolean;
  /** get, list, create …, or the lower-case method when it is not about a resource. */
  readonly verb: string;
  /** Path without query. */
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

function nameless(verb: string, query: URLSearchParams): string {
  if (verb === 'delete') return 'deletecollection';
  if (verb !== 'get') return verb;
  const watch = query.get('watch');
  return watch === null || watch === 'false' || watch === '0' ? 'list' : 'watch';
}

function selectedName(verb: string, query: URLSearchParams): string {
  if (verb !== 'list' && verb !== 'watch') return '';
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
}

/** Namespace and the parts after it; `/namespaces/x/status` is about the namespace itself. */
function inNamespace(parts: readonly string[]): { namespace: string; rest: readonly string[] } {
  const [first, namespace, third] = parts;
  if (first !== 'namespaces' || namespace === undefined) return { namespace: '', rest: parts };
  const own = third === undefined || third === 'status' || third === 'finalize';
  return { namespace, rest: own ? parts : parts.slice(2) };
}

const none = { group: '', version: '', namespace: '', resource: '', name: '', subresource: '' };

/** Derives the attributes; the path has no query. */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = path.split('/').filter(Boolean).map(decode);
  const grouped = parts[0] === 'apis';
  if (grouped ? parts.length < 4 : parts[0] !== 'api' || parts.length < 3)
    return { isResource: false, verb: method.toLowerCase(), path, ...none };
  const [group = '', version = ''] = grouped ? parts.slice(1) : ['', parts[1]];
  const { namespace, rest } = inNamespace(parts.slice(grouped ? 3 : 2));
  return { isResource: true, path, group, version, namespace, ...inResource(method, rest, query) };
}

function inResource(
  method: string,
  [resource = '', given = '', subresource = '']: readonly string[],
  query: URLSearchParams,
): Pick<RequestInfo, 'verb' | 'resource' | 'name' | 'subresource'> {
  const plain = verbs[method] ?? '';
  const verb = given ? plain : nameless(plain, query);
  return { verb, resource, name: given || selectedName(verb, query), subresource };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const longSubresources = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** Whether the answer stays open: these get a ResponseStarted event of their own. */
export function isLongRunning(info: RequestInfo): boolean {
  return info.verb === 'watch' || (info.isResource && longSubresources.has(info.subresource));
}
