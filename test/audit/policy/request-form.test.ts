// What a request is that a person says in the words of kubectl.
import assert from 'node:assert/strict';
import { requestOf } from '../../../src/audit/policy/request-form.ts';
import { NoRequest } from '../../../src/audit/policy/request-words.ts';
import type { RequestForm } from '../../../src/audit/policy/request-words.ts';
import { version } from '../../support/facts.ts';

const recent = version('v1.37.2');
const get = (resource: string, more: RequestForm = {}): RequestForm => ({
  ...{ as: 'ann', verb: 'get', resource, name: 'x' },
  ...more,
});

/** `verb resource[/subresource][.group] namespace/name`, or `verb path`. */
function words(form: RequestForm, server = recent): string {
  const { verb, resourceRequest, apiGroup, namespace, resource, subresource, name, path } = requestOf(
    form,
    server,
  ).attributes;
  if (!resourceRequest) return `${verb} ${path}`;
  return `${verb} ${resource}${subresource && `/${subresource}`}${apiGroup && `.${apiGroup}`} ${namespace}/${name}`;
}

const meant: readonly (readonly [what: string, form: RequestForm, expected: string])[] = [
  ['a resource', get('pods', { namespace: 'n' }), 'get pods n/x'],
  ['a subresource', get('pods/exec', { namespace: 'n' }), 'get pods/exec n/x'],
  ['a subresource apart', get('pods', { namespace: 'n', subresource: 'log' }), 'get pods/log n/x'],
  ['a resource with its group', get('widgets.example.com'), 'get widgets.example.com /x'],
  ['a group, then a subresource', get('deployments.apps/scale'), 'get deployments/scale.apps /x'],
  ['a subresource, then a group', get('deployments/scale.apps'), 'get deployments/scale.apps /x'],
  ['a version and a group', get('cronjobs.v1beta1.batch'), 'get cronjobs.batch /x'],
  ['a version of the core group', get('pods.v1.'), 'get pods /x'],
  ['a group apart', get('widgets', { apiGroup: 'example.com' }), 'get widgets.example.com /x'],
  ['the core group apart', get('deployments', { apiGroup: '' }), 'get deployments /x'],
  ['a resource that is known', get('deployments'), 'get deployments.apps /x'],
  ['a short name', get('deploy'), 'get deployments.apps /x'],
  ['one of a kind', get('Pod'), 'get pods /x'],
  ['a resource in capitals', get('Deployments'), 'get deployments.apps /x'],
  ['one of another kind', get('networkpolicy'), 'get networkpolicies.networking.k8s.io /x'],
  ['one of a third kind', get('ingress'), 'get ingresses.networking.k8s.io /x'],
  ['a resource of two groups', get('events'), 'get events /x'],
  ['a resource that nobody knows', get('widgets'), 'get widgets /x'],
  ['a namespace', get('ns', { name: 'foo' }), 'get namespaces foo/foo'],
  ['a list of one namespace', get('namespaces', { verb: 'list', name: 'foo' }), 'list namespaces /foo'],
  ['a node in a namespace', get('nodes', { namespace: 'n' }), 'get nodes /x'],
  ['a create', get('pods', { verb: 'create', namespace: 'n' }), 'create pods n/'],
  ['a create of a subresource', get('pods/eviction', { verb: 'create' }), 'create pods/eviction /x'],
  ['a deletecollection', get('pods', { verb: 'deletecollection' }), 'deletecollection pods /'],
  ['a path', { as: 'ann', url: '/healthz?verbose' }, 'get /healthz'],
  ['a path by a method', { as: 'ann', url: '/healthz', method: 'head' }, 'head /healthz'],
  ['a path by a verb', { as: 'ann', url: '/healthz', verb: 'HEAD' }, 'head /healthz'],
  ['a URL of a resource', { as: 'ann', url: '/api/v1/namespaces/d/pods?watch=1' }, 'watch pods d/'],
  ['a URL with its verb', { as: 'ann', url: '/api/v1/namespaces/d/pods', verb: 'create' }, 'create pods d/'],
  ['a URL with a method', { as: 'ann', url: '/apis/a.b/v1/c/d', method: 'PUT' }, 'update c.a.b /d'],
];

const refused: readonly (readonly [what: string, form: RequestForm, message: RegExp])[] = [
  ['nobody', { verb: 'get', resource: 'pods' }, /Nobody is named/],
  ['an empty user', { as: '', url: '/' }, /Nobody is named/],
  ['a user after a failed login', { as: 'a', unauthenticated: true, url: '/' }, /as are both said/],
  ['groups after a failed login', { asGroups: ['a'], unauthenticated: true, url: '/' }, /both said/],
  ['nothing', { as: 'a' }, /Nothing is named/],
  ['no verb', { as: 'a', resource: 'pods' }, /no verb/],
  ['a verb of no request', { as: 'a', resource: 'pods', verb: 'use' }, /use is the verb of no request/],
  ['a method and a resource', { as: 'a', resource: 'pods', method: 'GET' }, /method goes with url/],
  ['a URL and a resource', { as: 'a', url: '/', resource: 'pods' }, /resource and url are both said/],
  ['a URL and a name', { as: 'a', url: '/', name: 'p' }, /name and url are both said/],
  ['verb and method', { as: 'a', url: '/', verb: 'get', method: 'GET' }, /verb and method are both said/],
  ['a whole URL', { as: 'a', url: 'https://host/a' }, /begin with a slash/],
  ['a URL of an error', { as: 'a', url: '/api/v1/watch' }, /with an error/],
  [
    'a watch that is a list',
    { as: 'a', url: '/api/v1/pods', verb: 'watch' },
    /GET \/api\/v1\/pods for list, not for watch/,
  ],
  ['a slash without a subresource', get('pods/'), /pods\/ is no resource/],
  ['two slashes', get('pods/a/b'), /is no resource/],
  ['two groups', get('pods.a', { apiGroup: 'b' }), /Two different groups/],
  ['two subresources', get('pods/a', { subresource: 'b' }), /Two different subresources/],
];

const groups: readonly (readonly [as: string, said: readonly string[], added: readonly string[]])[] = [
  ['ann', [], ['system:authenticated']],
  ['ann', ['system:authenticated', 'a'], []],
  ['ann', ['system:unauthenticated'], []],
  ['system:anonymous', [], ['system:unauthenticated']],
  ['system:node:n', ['a'], ['system:nodes', 'system:authenticated']],
  [
    'system:serviceaccount:n:s',
    [],
    ['system:serviceaccounts', 'system:serviceaccounts:n', 'system:authenticated'],
  ],
  ['system:serviceaccount:n', [], ['system:authenticated']],
];

describe('requestOf', () => {
  for (const [what, form, expected] of meant) it(what, () => assert.equal(words(form), expected));
  for (const [what, form, message] of refused)
    it(`refuses ${what}`, () =>
      assert.throws(
        () => requestOf(form, recent),
        (error) => error instanceof NoRequest && message.test(error.message) && error.next !== '',
      ));

  for (const [as, said, added] of groups)
    it(`gives ${as} in ${said.join(', ') || 'no group'} what the API server gives`, () => {
      const { attributes, addedGroups } = requestOf({ as, asGroups: said, url: '/' }, recent);
      assert.deepEqual(addedGroups, added);
      assert.deepEqual(attributes.user, { name: as, groups: [...said, ...added] });
    });

  it('has no user after a failed login, nor where the timeout is refused before', () => {
    assert.equal(requestOf({ unauthenticated: true, url: '/' }, recent).attributes.user, undefined);
    const form = { as: 'a', url: '/api/v1/pods?timeout=soon' };
    const { attributes, notes, addedGroups } = requestOf(form, recent);
    assert.deepEqual([attributes.user, notes.length, addedGroups], [undefined, 1, []]);
    assert.equal(requestOf(form, version('v1.18.19')).attributes.user?.name, 'a');
  });

  it('says what it took for something else', () => {
    const notes = (form: RequestForm): readonly string[] => requestOf(form, recent).notes;
    assert.deepEqual(notes(get('pods', { namespace: 'n' })), []);
    assert.deepEqual(notes(get('deploy', { namespace: 'n' })), ['deploy is taken for deployments.apps.']);
    assert.deepEqual(notes(get('po', { namespace: 'n' })), ['po is taken for pods.']);
    assert.match(
      notes(get('widgets', { namespace: 'n' })).join(),
      /widgets is taken to be in the core group/,
    );
    assert.match(notes(get('pods')).join(), /No namespace was named/);
    assert.match(notes(get('nodes', { namespace: 'n' })).join(), /nodes are in no namespace/);
    assert.match(notes(get('nodes', { name: undefined })).join(), /takes a get for a list/);
    assert.match(
      notes(get('nodes', { name: '', verb: 'delete' })).join(),
      /takes a delete for a deletecollection/,
    );
    assert.match(notes(get('nodes', { verb: 'create' })).join(), /URL of a create has no name/);
    assert.match(notes(get('nodes', { verb: 'watch' })).join(), /metadata\.name=x/);
  });

  it('calls the fields what they are called where they were said', () => {
    assert.throws(
      () => requestOf({ as: 'a', url: '/', name: 'p' }, recent, (field) => `--${field}`),
      /--name and --url are both said/,
    );
  });
});
