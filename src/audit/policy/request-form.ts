// A request as a person says it, in the words of kubectl, and what the API server asks the policy about when it comes.
// Source: apiserver pkg/authentication/group/authenticated_group_adder.go, pkg/authentication/serviceaccount/util.go.
import type { ServerVersion } from '../facts.ts';
import type { Attributes } from './policy.ts';
import { askedBy } from './request.ts';
import type { Asked } from './request.ts';
import { NoRequest } from './request-words.ts';
import type { Meant, RequestForm, Word } from './request-words.ts';
import { methods, resourceIn } from './resource-form.ts';
import { isTimeoutRefused } from './stages.ts';

/**
 * What a request is that is said so.
 * @throws NoRequest
 */
export function requestOf(form: RequestForm, version: ServerVersion, word: Word = (field) => field): Meant {
  const { user, addedGroups } = userIn(form, word);
  const notes: string[] = [];
  if (form.url === undefined) {
    const asked = resourceIn(form, word, notes);
    return { attributes: { ...asked, ...(user && { user }) }, addedGroups, notes };
  }
  const asked = urlIn({ ...form, url: form.url }, word);
  if (user === undefined || !isTimeoutRefused(asked, form.url, version))
    return { attributes: { ...asked, ...(user && { user }) }, addedGroups, notes };
  const note = 'Its timeout is no duration: it is refused before anybody knows whose it is.';
  return { attributes: asked, addedGroups: [], notes: [note] };
}

type User = NonNullable<Attributes['user']>;

function userIn(
  { as, asGroups = [], unauthenticated = false }: RequestForm,
  word: Word,
): { user?: User; addedGroups: readonly string[] } {
  if (unauthenticated && (as !== undefined || asGroups.length > 0))
    throw new NoRequest(
      `${word('unauthenticated')} and ${word('as')} are both said.`,
      `A request whose login failed has no user: leave ${word('as')} and ${word('asGroups')} out.`,
    );
  if (unauthenticated) return { addedGroups: [] };
  if (as === undefined || as === '')
    throw new NoRequest(
      'Nobody is named who sends the request.',
      `Name the user with ${word('as')}; system:anonymous is who has no credentials, ${word('unauthenticated')} whose are refused.`,
    );
  const addedGroups = groupsOf(as, asGroups).filter((group) => !asGroups.includes(group));
  return { user: { name: as, groups: [...asGroups, ...addedGroups] }, addedGroups };
}

/** The groups that an API server gives to everybody, to service accounts, and that kubelets' certificates have. */
function groupsOf(name: string, groups: readonly string[]): readonly string[] {
  if (name === 'system:anonymous') return ['system:unauthenticated'];
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name) ?? [];
  return [
    ...(namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]),
    ...(name.startsWith('system:node:') ? ['system:nodes'] : []),
    ...(groups.includes('system:unauthenticated') ? [] : ['system:authenticated']),
  ];
}

const aboutResource = ['resource', 'subresource', 'apiGroup', 'namespace', 'name'] as const;

function urlIn(form: RequestForm & { url: string }, word: Word): Asked {
  const { url, verb, method } = form;
  const other = aboutResource.find((field) => form[field] !== undefined);
  if (other !== undefined) throw bothSaid(word(other), word('url'));
  if (verb !== undefined && method !== undefined) throw bothSaid(word('verb'), word('method'));
  if (!url.startsWith('/'))
    throw new NoRequest(
      `${word('url')} has to begin with a slash.`,
      'Give path and query, without the host.',
    );
  const by = (method ?? methods[verb ?? 'get'] ?? verb ?? '').toUpperCase();
  const asked = askedBy(by, url);
  if (asked === undefined)
    throw new NoRequest(
      `An API server answers ${url} with an error before anything is recorded.`,
      'Name a resource.',
    );
  return verb === undefined ? asked : withVerb(asked, verb, `${by} ${url}`, word);
}

function withVerb(asked: Asked, verb: string, request: string, word: Word): Asked {
  // of what is no resource the verb is the method
  if (!asked.resourceRequest) return { ...asked, verb: verb.toLowerCase() };
  if (asked.verb === verb) return asked;
  throw new NoRequest(
    `An API server takes ${request} for ${asked.verb || 'a request without a verb'}, not for ${verb}.`,
    `Leave ${word('verb')} out, or say ${word('method')} instead.`,
  );
}

const bothSaid = (one: string, other: string): NoRequest =>
  new NoRequest(`${one} and ${other} are both said.`, 'Leave one of them out.');
