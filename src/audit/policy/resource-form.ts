// The part of a request that is about a resource, as a person says it: pods/exec, deployments.apps, deploy.
// Source: kubectl pkg/cmd/auth/cani.go, apimachinery pkg/runtime/schema/group_version.go.
import { builtIn } from './built-in.ts';
import type { BuiltIn } from './built-in.ts';
import type { Asked } from './request.ts';
import { NoRequest } from './request-words.ts';
import type { RequestForm, Word } from './request-words.ts';

/** Verbs of requests for resources, and the method of each. */
export const methods: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

/**
 * What a request asks for that names a resource.
 * @param notes what was taken for something else than was said is put there: sentences
 * @throws NoRequest
 */
export function resourceIn(form: RequestForm, word: Word, notes: string[]): Asked {
  const { resource, method } = form;
  if (resource === undefined || resource === '')
    throw new NoRequest(
      'Nothing is named that the request asks for.',
      `Name it with ${word('resource')}, or with ${word('url')}.`,
    );
  if (method !== undefined)
    throw new NoRequest(`${word('method')} goes with ${word('url')}.`, `Say ${word('verb')} instead.`);
  const verb = verbIn(form, word);
  const parts = partsOf({ ...form, resource }, word);
  const known = builtIn(parts.resource, parts.group);
  if (parts.group === undefined) notes.push(...groupNotes(parts.resource, known));
  const object = {
    verb,
    resource: known?.resource ?? parts.resource,
    subresource: parts.subresource,
    apiGroup: parts.group ?? known?.group ?? '',
  };
  const name = nameIn(form, object, word, notes);
  const namespace = namespaceIn(form, { ...object, name }, known, notes);
  return { ...object, name, namespace, resourceRequest: true, path: '' };
}

function verbIn({ verb }: RequestForm, word: Word): string {
  const verbs = Object.keys(methods);
  if (verb !== undefined && verbs.includes(verb)) return verb;
  const why =
    verb === undefined ? 'The request has no verb.' : `${verb} is the verb of no request for a resource.`;
  throw new NoRequest(why, `Say ${word('verb')} with one of ${verbs.join(', ')}.`);
}

function groupNotes(said: string, known: BuiltIn | undefined): readonly string[] {
  if (known === undefined) return [`${said} is taken to be in the core group, since no group was named.`];
  const { resource, group } = known;
  if (group === '' && resource === said) return [];
  return [`${said} is taken for ${group === '' ? resource : `${resource}.${group}`}.`];
}

interface Parts {
  readonly resource: string;
  readonly subresource: string;
  readonly group: string | undefined;
}

/** RESOURCE[.GROUP][/SUBRESOURCE], RESOURCE/SUBRESOURCE.GROUP; a version before the group is left out. */
function partsOf(
  { resource: said, subresource, apiGroup }: RequestForm & { resource: string },
  word: Word,
): Parts {
  const [, resource = '', before, slash, sub = '', behind] =
    /^([^./]+)(?:\.([^/]*))?(?:(\/)([^./]*)(?:\.(.*))?)?$/.exec(said) ?? [];
  if (resource === '' || (slash !== undefined && sub === ''))
    throw new NoRequest(
      `${said} is no resource.`,
      `Write ${word('resource')} like pods, pods/exec, deployments.apps.`,
    );
  const groups = [before, behind].map((group) => group?.replace(/^v\d+(?:(?:alpha|beta)\d+)?\./, ''));
  const all = new Set([...groups, apiGroup].filter((group) => group !== undefined));
  const subs = new Set([sub, subresource ?? ''].filter((one) => one !== ''));
  if (all.size > 1 || subs.size > 1) {
    const [what, field] =
      all.size > 1 ? (['group', 'apiGroup'] as const) : (['subresource', 'subresource'] as const);
    throw new NoRequest(
      `Two different ${what}s are named.`,
      `Leave one out of ${word('resource')}, or ${word(field)}.`,
    );
  }
  const [group] = all;
  const [one = ''] = subs;
  return { resource, subresource: one, group };
}

type Object = Pick<Asked, 'verb' | 'resource' | 'subresource' | 'apiGroup'>;

function nameIn(
  { name = '' }: RequestForm,
  { verb, subresource }: Object,
  word: Word,
  notes: string[],
): string {
  if (name === '') {
    const taken = { get: 'list', delete: 'deletecollection' }[verb];
    if (taken !== undefined)
      notes.push(`Without a name (${word('name')}) an API server takes a ${verb} for a ${taken}.`);
    return '';
  }
  const nameless = (verb === 'create' && subresource === '') || verb === 'deletecollection';
  if (nameless) notes.push(`The URL of a ${verb} has no name, so the policy sees none.`);
  if (verb === 'list' || verb === 'watch')
    notes.push(`A ${verb} has a name where its fieldSelector is metadata.name=${name}.`);
  return nameless ? '' : name;
}

function namespaceIn(
  { namespace }: RequestForm,
  { verb, resource, apiGroup, name }: Object & { name: string },
  known: BuiltIn | undefined,
  notes: string[],
): string {
  const ofAll = ['list', 'watch', 'deletecollection'].includes(verb);
  // the API server sees it so: /api/v1/namespaces/NAME
  if (resource === 'namespaces' && apiGroup === '') return ofAll ? '' : name;
  if (known?.namespaced === false) {
    if (namespace !== undefined && namespace !== '') notes.push(`${resource} are in no namespace.`);
    return '';
  }
  if (namespace === undefined && known !== undefined && !ofAll)
    notes.push('No namespace was named: it is taken for none.');
  return namespace ?? '';
}
