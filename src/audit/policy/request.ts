// What a policy is asked about, out of an HTTP request or of an event that was recorded of one.
// Source: apiserver pkg/endpoints/request/requestinfo.go, pkg/endpoints/filters/audit.go.
import type { Event } from '../event/event.ts';
import { isWatch, nameIn } from './list-options.ts';
import type { Attributes } from './policy.ts';

/** A request without who sent it. */
export type Asked = Omit<Attributes, 'user'>;

/** What a path says; `verb` where it says that, too. */
type PathInfo = Omit<Asked, 'verb'> & { readonly verb?: string };

/** Verbs that once stood before the rest of a path. */
const pathVerbs = ['proxy', 'watch'];
/** All else below a namespace is a resource in it. */
const namespaceSubresources = ['status', 'finalize'];

const methodVerbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * What an API server takes an HTTP request for.
 * @param method in capitals; any other is another one
 * @param uri path and query
 * @returns undefined where it answers with an error before anything is recorded: /api/v1/watch, /%
 */
export function askedBy(method: string, uri: string): Asked | undefined {
  const { path, query } = parted(uri);
  const info = unescapable.test(uri.slice(0, uri.length - query.length)) ? undefined : infoOf(path);
  if (info === undefined) return undefined;
  if (!info.resourceRequest) return { ...info, verb: method.toLowerCase() };
  const { verb = methodVerbs[method] ?? '', name } = info;
  if (name !== '') return { ...info, verb };
  if (verb === 'delete') return { ...info, verb: 'deletecollection' };
  if (verb !== 'get' || info.verb !== undefined) return { ...info, verb };
  return { ...info, verb: isWatch(query) ? 'watch' : 'list', name: nameIn(query) };
}

/** What the policy was asked about when an event was recorded: the user is the one who acted, not the one acted as. */
export function attributesOf(event: Event): Attributes {
  const user = event.user === '' ? {} : { user: { name: event.user, groups: event.groups } };
  return { ...askedIn(event), ...user };
}

function askedIn({ uri, verb, ...event }: Event): Asked {
  const { path, query } = parted(uri);
  const info = uri === '' ? undefined : infoOf(path);
  if (info !== undefined) {
    const lists = info.verb === undefined && (verb === 'list' || verb === 'watch');
    const listed = info.resourceRequest && info.name === '' && lists;
    return { ...info, verb, ...(listed && { name: nameIn(query) }) };
  }
  const { apiGroup, namespace, resource, subresource } = event;
  // the name of what is created is in the body, which the policy never sees
  const name = verb === 'create' && subresource === '' ? '' : event.name;
  return { verb, resourceRequest: resource !== '', apiGroup, namespace, resource, subresource, name, path };
}

function parted(uri: string): { path: string; query: string } {
  const at = uri.indexOf('?');
  const [path, query] = at === -1 ? [uri, ''] : [uri.slice(0, at), uri.slice(at + 1)];
  return { path: path.includes('%') ? decoded(path) : path, query };
}

const unescapable = /%(?![0-9a-f]{2})/i;

/** Escaped bytes; of those that are no UTF-8 an API server keeps each, and here a sign stands for it. */
function decoded(path: string): string {
  const sign = /%[cd].%[89ab].|%e.(?:%[89ab].){2}|%f.(?:%[89ab].){3}|%[0-9a-f]{2}/gi;
  return path.replace(sign, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return '\ufffd'.repeat(bytes.length / 3);
    }
  });
}

function infoOf(path: string): PathInfo | undefined {
  const [prefix, ...parts] = path.replace(/^\/+|\/+$/g, '').split('/');
  const grouped = prefix === 'apis';
  const [apiGroup = ''] = grouped ? parts.splice(0, 1) : [];
  const rest = parts.slice(1); // behind the version
  if ((prefix !== 'api' && !grouped) || rest.length === 0)
    return { ...nothing, resourceRequest: false, path };
  const verb = pathVerbs.find((one) => one === rest[0]);
  if (verb === undefined) return { ...objectIn(rest), resourceRequest: true, apiGroup, path };
  if (rest.length === 1) return undefined;
  const object = objectIn(rest.slice(1));
  const subresource = verb === 'proxy' ? '' : object.subresource;
  return { ...object, subresource, resourceRequest: true, apiGroup, path, verb };
}

function objectIn(parts: readonly string[]): Pick<Asked, 'namespace' | 'resource' | 'name' | 'subresource'> {
  const [first, namespace = '', third] = parts;
  const spaced = first === 'namespaces';
  const inside = spaced && third !== undefined && !namespaceSubresources.includes(third);
  const [resource = '', name = '', subresource = ''] = inside ? parts.slice(2) : parts;
  return { namespace: spaced ? namespace : '', resource, name, subresource };
}

const nothing = { apiGroup: '', namespace: '', resource: '', subresource: '', name: '' };
