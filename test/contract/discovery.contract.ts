// What an API server that does not audit tells of itself: version, discovery, health, flags, metrics.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { minor, parsed, refuses, type Subject } from './subject.ts';

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** One group of aggregated discovery. */
interface Discovered {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly freshness: string;
    readonly resources: readonly {
      readonly resource: string;
      readonly scope: string;
      readonly subresources: readonly { readonly subresource: string }[];
    }[];
  }[];
}

/** States it of a subject that runs. */
export function discoveryContract(subject: () => Subject): void {
  describe('what it tells of itself', () => {
    it('names its version', async () => {
      const document = parsed(await subject().request('GET', '/version'));
      const [major, minorVersion] = subject().version.split('.');
      assert.equal(document['gitVersion'], `v${subject().version}`);
      assert.deepEqual([document['major'], document['minor']], [major, minorVersion]);
      assert.equal(document['platform'], 'linux/amd64');
      assert.equal('emulationMajor' in document, minor(subject()) >= 33);
    });

    it('names the core versions and the groups', async () => {
      assert.deepEqual(parsed(await subject().request('GET', '/api'))['versions'], ['v1']);
      const list = parsed(await subject().request('GET', '/apis'));
      assert.deepEqual([list['kind'], list['apiVersion']], ['APIGroupList', 'v1']);
      const groups = list['groups'] as { name: string; versions: unknown; preferredVersion: unknown }[];
      const version = { groupVersion: 'apps/v1', version: 'v1' };
      const apps = groups.find(({ name }) => name === 'apps');
      assert.deepEqual(apps, { name: 'apps', versions: [version], preferredVersion: version });
      assert.ok(!groups.some(({ name }) => name === 'auditregistration.k8s.io'));
    });

    it('names the resources of a group version', async () => {
      const core = parsed(await subject().request('GET', '/api/v1'));
      assert.deepEqual([core['kind'], core['groupVersion']], ['APIResourceList', 'v1']);
      const found = (core['resources'] as Resource[]).find(({ name }) => name === 'configmaps');
      assert.deepEqual([found?.kind, found?.namespaced], ['ConfigMap', true]);
      const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
      assert.deepEqual(found?.verbs, verbs);
    });

    it('names subresources beside their resources', async () => {
      const core = parsed(await subject().request('GET', '/api/v1'));
      const names = (core['resources'] as Resource[]).map(({ name }) => name);
      // 1.18 gives no tokens unless it is told to
      for (const name of ['pods/log', 'pods/exec', 'namespaces/finalize'])
        assert.ok(names.includes(name), name);
    });

    it('says it all at once where that is asked for, from 1.27 on', async () => {
      const as = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
      for (const path of ['/api', '/apis']) {
        const reply = await subject().request('GET', path, { headers: { accept: `${as},application/json` } });
        const { kind, items } = parsed(reply);
        if (minor(subject()) < 27) {
          assert.equal(kind, path === '/api' ? 'APIVersions' : 'APIGroupList');
          continue;
        }
        assert.deepEqual([reply.headers['content-type'], kind], [as, 'APIGroupDiscoveryList']);
        const [group, resource] = path === '/api' ? [undefined, 'pods'] : ['apps', 'deployments'];
        const found = (items as Discovered[]).find(({ metadata: { name } }) => name === group);
        const [version] = found?.versions ?? [];
        const one = version?.resources.find((each) => each.resource === resource);
        assert.deepEqual([version?.version, version?.freshness], ['v1', 'Current']);
        assert.equal(one?.scope, 'Namespaced');
        assert.ok(one?.subresources.some(({ subresource }) => subresource === 'status'));
      }
    });

    for (const path of [
      '/apis/auditregistration.k8s.io',
      '/apis/auditregistration.k8s.io/v1alpha1/auditsinks',
    ])
      it(`answers a bare 404 to ${path}, which is not served`, async () => {
        const reply = await subject().request('GET', path);
        assert.deepEqual([reply.status, reply.text], [404, '404 page not found\n']);
        assert.match(String(reply.headers['content-type']), /^text\/plain/);
      });

    it('answers a Status 404 to an unknown resource of a known version', async () => {
      const reply = await subject().request('GET', '/api/v1/things');
      refuses(reply, 404, 'NotFound', 'the server could not find the requested resource');
    });

    it('answers 404 to an unknown path: in 1.18 with the paths it has', async () => {
      const reply = await subject().request('GET', '/nope');
      assert.equal(reply.status, 404);
      if (minor(subject()) < 19) assert.ok(Array.isArray(parsed(reply)['paths']));
      else assert.equal(reply.text, '404 page not found\n');
    });

    it('is healthy in one word', async () => {
      for (const path of ['/livez', '/readyz', '/healthz']) {
        const reply = await subject().request('GET', path);
        assert.deepEqual([reply.status, reply.text], [200, 'ok'], path);
      }
      const { text } = await subject().request('GET', '/readyz?verbose');
      assert.match(text, /^\[\+\]ping ok\n/);
      // 1.18 calls all three by the name of the first
      const checked = minor(subject()) < 19 ? 'healthz' : 'readyz';
      assert.ok(text.endsWith(`\n${checked} check passed\n`), text);
    });

    it('tells the Audit-ID of any request from 1.22 on, and of none before when it does not audit', async () => {
      const auditId = randomUUID();
      const reply = await subject().request('GET', '/version', { headers: { 'audit-id': auditId } });
      assert.equal(reply.headers['audit-id'], minor(subject()) >= 22 ? auditId : undefined);
    });

    it('counts no audited request', async () => {
      const { text } = await subject().request('GET', '/metrics');
      assert.match(text, /^# TYPE apiserver_audit_event_total counter\napiserver_audit_event_total 0$/m);
      assert.match(text, /^apiserver_audit_requests_rejected_total 0$/m);
      assert.doesNotMatch(text, /^apiserver_audit_level_total/m);
      assert.doesNotMatch(text, /^apiserver_audit_error_total/m);
      assert.match(text, /^process_start_time_seconds 1\.\d+e\+09$/m);
    });

    flagz(subject);
  });
}

function flagz(subject: () => Subject): void {
  it('shows its flags as text, from 1.36 on', async () => {
    const reply = await subject().request('GET', '/flagz', { headers: { accept: 'text/plain' } });
    if (minor(subject()) < 36) return assert.equal(reply.status, 404);
    assert.equal(reply.status, 200);
    const [blank, title, warning, ...lines] = reply.text.slice(0, -1).split('\n');
    assert.deepEqual([blank, title], ['', 'apiserver flagz']);
    assert.match(String(warning), /^Warning: /);
    for (const line of lines) assert.match(line, /^[a-z0-9-]+(?:: ?|=| )/);
    assert.ok(lines.some((line) => /^audit-log-maxage(?:: ?|=| )366$/.test(line)));
  });

  it('shows its flags as an object, from 1.36 on', async () => {
    const accept = 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz';
    const reply = await subject().request('GET', '/flagz', { headers: { accept } });
    if (minor(subject()) < 36) return assert.equal(reply.status, 404);
    const { kind, apiVersion, flags } = parsed(reply);
    assert.deepEqual([kind, apiVersion], ['Flagz', 'config.k8s.io/v1beta1']);
    const { 'audit-log-path': path, 'audit-webhook-config-file': webhook } = flags as Record<string, string>;
    assert.deepEqual([path, webhook], ['', '']);
  });

  it('shows its flags in no other form', async () => {
    const reply = await subject().request('GET', '/flagz', { headers: { accept: 'application/json' } });
    if (minor(subject()) < 36) return assert.equal(reply.status, 404);
    refuses(reply, 406, 'NotAcceptable');
  });
}
