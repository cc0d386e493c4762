// Who may ask an API server what, and how it refuses: authentication, the default roles, 403 in its own words.
import assert from 'node:assert/strict';
import { parsed, refuses, type Reply, type Subject, type Who } from './subject.ts';

/** States it of a subject that runs. */
export function accessContract(subject: () => Subject): void {
  describe('who may ask what', () => {
    it('answers 401 to a token that it does not know', async () => {
      refuses(
        await subject().request('GET', '/version', { user: 'unknown' }),
        401,
        'Unauthorized',
        'Unauthorized',
      );
    });

    it('lets nobody in particular see the version and the health, and nothing else', async () => {
      for (const path of ['/version', '/livez', '/readyz', '/healthz'])
        assert.equal((await subject().request('GET', path, { user: 'anonymous' })).status, 200, path);
      refuses(
        await subject().request('GET', '/metrics', { user: 'anonymous' }),
        403,
        'Forbidden',
        'forbidden: User "system:anonymous" cannot get path "/metrics"',
      );
    });

    it('lets everyone it knows see discovery, and review their own access', async () => {
      for (const path of ['/api', '/apis', '/api/v1'])
        assert.equal((await subject().request('GET', path, { user: 'limited' })).status, 200, path);
      assert.equal(await allowed(subject(), 'limited', { verb: 'get', resource: 'pods' }), false);
      assert.equal(await allowed(subject(), 'admin', { verb: 'get', resource: 'pods' }), true);
    });

    it('wants a review to be of one thing', async () => {
      const reply = await review(subject(), 'admin', {});
      refuses(
        reply,
        422,
        'Invalid',
        /exactly one of nonResourceAttributes or resourceAttributes must be specified/,
      );
    });

    const denied: [method: string, path: string, message: string, details: object][] = [
      [
        'GET',
        '/api/v1/namespaces/kube-system/configmaps/a',
        'configmaps "a" is forbidden: User "limited" cannot get resource "configmaps" in API group "" in the ' +
          'namespace "kube-system"',
        { name: 'a', kind: 'configmaps' },
      ],
      [
        'GET',
        '/api/v1/nodes',
        'nodes is forbidden: User "limited" cannot list resource "nodes" in API group "" at the cluster scope',
        { kind: 'nodes' },
      ],
      [
        'GET',
        '/api/v1/namespaces/default/pods/x/log',
        'pods "x" is forbidden: User "limited" cannot get resource "pods/log" in API group "" in the namespace ' +
          '"default"',
        { name: 'x', kind: 'pods' },
      ],
      [
        'GET',
        '/apis/apps/v1/namespaces/default/deployments',
        'deployments.apps is forbidden: User "limited" cannot list resource "deployments" in API group "apps" in ' +
          'the namespace "default"',
        { group: 'apps', kind: 'deployments' },
      ],
      ['GET', '/metrics', 'forbidden: User "limited" cannot get path "/metrics"', {}],
    ];
    for (const [method, path, message, details] of denied)
      it(`answers 403 to ${method} ${path} of a user without a role`, async () => {
        const reply = await subject().request(method, path, { user: 'limited' });
        refuses(reply, 403, 'Forbidden', message);
        assert.deepEqual(parsed(reply)['details'], details);
      });
  });
}

function review(subject: Subject, user: Who, spec: object): Promise<Reply> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
  return subject.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { user, body });
}

async function allowed(subject: Subject, user: Who, resourceAttributes: object): Promise<boolean> {
  const reply = await review(subject, user, { resourceAttributes });
  assert.equal(reply.status, 201);
  return (parsed(reply)['status'] as { allowed: boolean }).allowed;
}
