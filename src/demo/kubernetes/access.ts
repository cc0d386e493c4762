// Who a request comes from and what it may do: bearer tokens, impersonation, and a decision in RBAC's words.
import type { Identity } from './audit-event.ts';
import type { RequestInfo } from './request-info.ts';
import { Refusal, unauthorized } from './status.ts';

/** What a user may do; `resource` is `resource/subresource`, or the path of what is no resource. */
export type May = (
  ...asked: [verb: string, group: string, resource: string, namespace: string, name: string]
) => boolean;

/**
 * A user of the embedded API server; without `may`, one who may do everything. As in any cluster, a member of
 * system:masters may do everything whatever `may` says, and everyone may see discovery, version and health.
 */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly may?: May;
}

const publicPaths = new Set(['/healthz', '/livez', '/readyz', '/version']);
const discovery = /^\/(?:api|apis|openapi)(?:\/.*)?$/;
const reviews = new Set(['selfsubjectaccessreviews', 'selfsubjectrulesreviews']);

/** The default ClusterRole by which everyone may do this, if there is one. */
function everyonesRole(
  { isResource, verb, path, resource }: RequestInfo,
  known: boolean,
): string | undefined {
  if (isResource)
    return known && verb === 'create' && reviews.has(resource) ? 'system:basic-user' : undefined;
  if (verb !== 'get') return undefined;
  const plain = path.replace(/(.)\/$/, '$1');
  if (publicPaths.has(plain)) return 'system:public-info-viewer';
  return known && discovery.test(plain) ? 'system:discovery' : undefined;
}

const anonymous: User = {
  name: 'system:anonymous',
  groups: ['system:unauthenticated'],
  may: () => false,
};

/** Finds the user of an Authorization header. @throws Refusal 401 */
export function authenticate(users: ReadonlyMap<string, User>, authorization: string | undefined): User {
  if (authorization === undefined) return anonymous;
  const user = users.get(/^bearer\s+(.+)$/i.exec(authorization)?.[1]?.trim() ?? '');
  if (!user) throw unauthorized();
  return { ...user, groups: [...user.groups, 'system:authenticated'] };
}

/** What an audit event says of a user. */
export function identityOf(user: User): Identity {
  return { username: user.name, groups: user.groups };
}

/** A decision and the words that RBAC gives for it. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Decides: masters may do everything, everyone what the default roles allow, and else the user's own rule. */
export function decide(user: User, info: RequestInfo): Decision {
  if (user.groups.includes('system:masters')) return { allowed: true, reason: '' };
  const known = !user.groups.includes('system:unauthenticated');
  const role = everyonesRole(info, known);
  if (role) {
    const group = known ? 'system:authenticated' : 'system:unauthenticated';
    return { allowed: true, reason: grant(role, `Group "${group}"`) };
  }
  const resource = info.subresource ? `${info.resource}/${info.subresource}` : info.resource;
  const what = info.isResource ? resource : info.path;
  const allowed = user.may?.(info.verb, info.group, what, info.namespace, info.name) ?? true;
  return { allowed, reason: allowed ? grant(user.name, `User "${user.name}"`) : '' };
}

function grant(role: string, subject: string): string {
  return `RBAC: allowed by ClusterRoleBinding "${role}" of ClusterRole "${role}" to ${subject}`;
}

/** 403 in the server's words. */
export function forbidden(user: User, info: RequestInfo): Refusal {
  const { verb, group, namespace, name } = info;
  if (!info.isResource) {
    const message = `forbidden: User "${user.name}" cannot ${verb} path "${info.path}"`;
    return new Refusal(403, 'Forbidden', message, {});
  }
  const resource = info.subresource ? `${info.resource}/${info.subresource}` : info.resource;
  const about = group ? `${info.resource}.${group}` : info.resource;
  const scope = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
  const message =
    `${about}${name && ` "${name}"`} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" ` +
    `in API group "${group}" ${scope}`;
  return new Refusal(403, 'Forbidden', message, {
    ...(name && { name }),
    ...(group && { group }),
    kind: info.resource,
  });
}

/** The user a request wants to act as, if any: a known one, or one who may do nothing unless a master. */
export function impersonated(
  users: ReadonlyMap<string, User>,
  headers: Readonly<Record<string, string>>,
): User | undefined {
  const name = headers['impersonate-user'];
  if (name === undefined) return undefined;
  const asked = (headers['impersonate-group'] ?? '').split(',').map((group) => group.trim());
  const groups = [...asked.filter(Boolean), 'system:authenticated'];
  if (groups.includes('system:masters')) return { name, groups };
  const known = [...users.values()].find((user) => user.name === name);
  return known ? { ...known, groups } : { name, groups, may: () => false };
}

/** The refusal of an impersonation; from 1.35 on the server names its narrowest form, which it tries last. */
export function impersonationForbidden(user: User, wanted: User, asked: RequestInfo, minor: number): Refusal {
  if (minor >= 35 && !asked.isResource) {
    const verb = `impersonate-on:user-info:${asked.verb}`;
    return forbidden(user, { ...asked, verb });
  }
  return forbidden(user, impersonation(wanted.name));
}

/** What impersonating somebody needs, as a request of its own. */
export function impersonation(name: string): RequestInfo {
  const at = { group: '', version: 'v1', namespace: '', resource: 'users', subresource: '' };
  return { isResource: true, verb: 'impersonate', path: '', ...at, name };
}
