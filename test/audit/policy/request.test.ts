// What an API server takes an HTTP request for: the cases were decided by its own RequestInfoFactory.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventsIn } from '../../../src/audit/event/shapes.ts';
import { askedBy, attributesOf } from '../../../src/audit/policy/request.ts';
import type { Asked } from '../../../src/audit/policy/request.ts';

/** `verb resource[/subresource][.group] namespace/name`, or `verb path` of what is no resource. */
function words(asked: Asked | undefined): string {
  if (asked === undefined) return 'refused';
  const { verb, resourceRequest, apiGroup, namespace, resource, subresource, name, path } = asked;
  if (!resourceRequest) return `${verb} ${path}`;
  const what = [resource, ...(subresource === '' ? [] : ['/', subresource])].join('');
  return `${verb} ${what}${apiGroup === '' ? '' : `.${apiGroup}`} ${namespace}/${name}`;
}

const cases: readonly (readonly [string, string])[] = [
  ['GET /apis/apps/v1', 'get /apis/apps/v1'],
  ['GET /api/v1', 'get /api/v1'],
  ['GET /API/v1/pods', 'get /API/v1/pods'],
  ['HEAD /healthz', 'head /healthz'],
  ['OPTIONS /healthz?x=1', 'options /healthz'],
  ['GET /api/v1/pods', 'list pods /'],
  ['GET /api/v1/pods/', 'list pods /'],
  ['HEAD /api/v1/namespaces/d/pods/p', 'get pods d/p'],
  ['OPTIONS /api/v1/pods', ' pods /'],
  ['GET /api/v1/pods?watch', 'watch pods /'],
  ['GET /api/v1/pods?watch=False', 'list pods /'],
  ['GET /api/v1/pods?watch=0', 'list pods /'],
  ['GET /api/v1/namespaces/d/pods/p?watch=true', 'get pods d/p'],
  ['GET /api/v1/namespaces/d/pods?watch=1&fieldSelector=metadata.name%3Dp', 'watch pods d/p'],
  ['GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn,metadata.name%3D%3Dp', 'list pods /p'],
  ['GET /api/v1/pods?fieldSelector=metadata.name!%3Dp', 'list pods /'],
  ['DELETE /api/v1/namespaces/d/pods?fieldSelector=metadata.name%3Dp', 'deletecollection pods d/'],
  ['DELETE /api/v1/namespaces/d/pods/p', 'delete pods d/p'],
  ['POST /api/v1/namespaces/d/pods/p/exec?command=ls', 'create pods/exec d/p'],
  ['GET /api/v1/namespaces/d/pods/p/exec?command=ls', 'get pods/exec d/p'],
  ['POST /api/v1/namespaces', 'create namespaces /'],
  ['GET /api/v1/namespaces/foo', 'get namespaces foo/foo'],
  ['PUT /api/v1/namespaces/foo/finalize', 'update namespaces/finalize foo/foo'],
  ['PATCH /api/v1/namespaces/foo/status', 'patch namespaces/status foo/foo'],
  ['GET /api/v1/nodes/n1/proxy/stats/summary', 'get nodes/proxy /n1'],
  [
    'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/edit',
    'get clusterroles.rbac.authorization.k8s.io /edit',
  ],
  ['GET /api/v1/watch', 'refused'],
  ['GET /api/v1/watch/namespaces/d/pods/p', 'watch pods d/p'],
  ['GET /api/v1/watch/pods?fieldSelector=metadata.name%3Dp', 'watch pods /'],
  ['POST /api/v1/proxy/namespaces/d/services/s/a/b', 'proxy services d/s'],
  ['GET /api/v1/namespaces/d/services/http%3As%3A80/proxy/x', 'get services/proxy d/http:s:80'],
  ['GET /%', 'refused'],
  ['GET /api/v1/%C3%A9/%ff%E2%82', 'get é /\ufffd\ufffd\ufffd'],
  ['GET /api/v1/pods?fieldSelector=metadata.name%3Da%25b', 'list pods /'],
  ['GET /api/v1/pods?fieldSelector=metadata.name%3D..', 'list pods /'],
  ['GET /api/v1/pods?fieldSelector=metadata.name%3Da%5C%2Cb', 'list pods /a,b'],
  ['GET /api/v1/pods?fieldSelector=metadata.name%3Da%5Cb', 'list pods /'],
  ['GET /api/v1/pods?fieldSelector=metadata.name%3Da%3Db', 'list pods /'],
  ['GET /api/v1/pods?fieldSelector=metadata.name%3Dp,x', 'list pods /'],
  ['GET /api/v1/pods?fieldSelector=%20metadata.name%3Dp', 'list pods /'],
  ['GET /api/v1/pods?limit=x&watch=1&fieldSelector=metadata.name%3Dp', 'watch pods /'],
  ['GET /api/v1/pods?limit=5&fieldSelector=metadata.name%3Dp&x=%zz', 'list pods /p'],
  ['GET /api/v1/pods?x=1;watch=1', 'list pods /'],
];

describe('askedBy', () => {
  for (const [request, expected] of cases)
    it(request, () => {
      const [method = '', uri = ''] = request.split(' ');
      assert.equal(words(askedBy(method, uri)), expected);
    });
});

describe('attributesOf', () => {
  const recorded = (event: object): ReturnType<typeof attributesOf> => {
    const [read] = eventsIn({ auditID: 'a', stage: 'ResponseComplete', level: 'Metadata', ...event }) ?? [];
    assert.ok(read);
    return attributesOf(read);
  };
  const alice = { username: 'alice', groups: ['dev'] };

  it('leaves out the name that a created object has in its body', () => {
    const { name, verb } = recorded({
      requestURI: '/api/v1/namespaces/d/pods',
      verb: 'create',
      objectRef: { resource: 'pods', namespace: 'd', name: 'p' },
    });
    assert.deepEqual([verb, name], ['create', '']);
  });

  it('has the user who acted, not the one acted as, and none where authentication failed', () => {
    const request = { requestURI: '/version', verb: 'get', impersonatedUser: { username: 'bob' } };
    assert.deepEqual(recorded({ ...request, user: alice }).user, { name: 'alice', groups: ['dev'] });
    assert.equal('user' in recorded({ ...request, user: {} }), false);
  });

  it('looks for no name where the path says that it is a watch', () => {
    const requestURI = '/api/v1/watch/pods?fieldSelector=metadata.name%3Dp';
    assert.equal(words(recorded({ requestURI, verb: 'watch' })), 'watch pods /');
  });

  it('takes the object where the path was not kept', () => {
    const objectRef = { resource: 'pods', subresource: 'exec', namespace: 'd', name: 'p', apiGroup: 'g' };
    assert.equal(words(recorded({ verb: 'create', objectRef })), 'create pods/exec.g d/p');
    assert.equal(
      words(recorded({ verb: 'create', objectRef: { resource: 'pods', name: 'p' } })),
      'create pods /',
    );
  });

  it('agrees with what the API server itself noted of each request of a real log', () => {
    const log = readFileSync(new URL('../../golden/tail/audit.log', import.meta.url), 'utf8');
    const events = log.split('\n').filter((line) => line !== '');
    let seen = 0;
    for (const line of events) {
      const [event] = eventsIn(JSON.parse(line)) ?? [];
      // the end of a create names what was created
      if (event === undefined || (event.stage !== 'RequestReceived' && event.verb === 'create')) continue;
      seen++;
      const { resource, subresource, namespace, name, apiGroup, verb } = attributesOf(event);
      const noted = [
        event.resource,
        event.subresource,
        event.namespace,
        event.name,
        event.apiGroup,
        event.verb,
      ];
      assert.deepEqual([resource, subresource, namespace, name, apiGroup, verb], noted);
    }
    assert.ok(seen > 15, `only ${seen} requests`);
  });
});
