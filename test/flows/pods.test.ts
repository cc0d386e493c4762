// Making the pods of a run in a namespace that is new.
import assert from 'node:assert/strict';
import { names } from '../../src/audit/names.ts';
import { Failure } from '../../src/errors.ts';
import { createPod, leaveNamespace, wouldTake } from '../../src/flows/nodes/pods.ts';
import type { Site } from '../../src/flows/nodes/site.ts';
import type { ApiRequest } from '../../src/io/world.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };

/** An API server that refuses pods for so many seconds. */
function refusing(seconds: number, why: string): { readonly site: Site; readonly asked: ApiRequest[] } {
  let ms = 0;
  const asked: ApiRequest[] = [];
  const status = { kind: 'Status', reason: 'Forbidden', message: `pods "p" is forbidden: ${why}` };
  const request = async (one: ApiRequest): Promise<object> => {
    asked.push(one);
    const refused = ms < seconds * 1000;
    const text = JSON.stringify(refused ? status : pod);
    return { status: refused ? 403 : 201, headers: {}, text };
  };
  const pass = async (wait: number): Promise<void> => void (ms += wait);
  const clock = { now: () => new Date(ms), sleep: pass, rest: pass };
  return { site: { cluster: { request }, clock } as unknown as Site, asked };
}

const noAccount =
  'error looking up service account sematext-audit/default: serviceaccount "default" not found';

describe('a pod in a new namespace', () => {
  it('is made once the namespace has its service account', async () => {
    const { site, asked } = refusing(30, noAccount);
    await createPod(site, pod);
    assert.ok(asked.length > 10, `${asked.length} requests`);
    assert.ok(asked.every(({ method, path }) => method === 'POST' && path.endsWith('/sematext-audit/pods')));
  });

  it('is not called forbidden before that', async () => {
    assert.equal(await wouldTake(refusing(30, noAccount).site, pod), true);
  });

  it('is given up when nobody makes the account', async () => {
    const given = createPod(refusing(600, noAccount).site, pod);
    await assert.rejects(given, (error) => error instanceof Failure && error.code === 'cluster-answer');
  });

  it('that admission refuses is refused at once, in its words', async () => {
    const { site, asked } = refusing(600, 'no second API server');
    assert.match(String(await wouldTake(site, pod)), /no second API server/);
    assert.equal(asked.length, 1);
  });
});

describe('the namespace of the pods', () => {
  /** Whether it is taken away with these in it. */
  const goes = async (daemonSets: readonly object[], pods: readonly object[]): Promise<boolean> => {
    const deleted: string[] = [];
    const labels = { [names.managedByLabel]: names.managedBy };
    const there: Readonly<Record<string, object>> = {
      [names.namespacePath]: { metadata: { name: names.namespace, labels } },
      [`/apis/apps/v1/namespaces/${names.namespace}/daemonsets`]: { items: daemonSets },
      [`${names.namespacePath}/pods`]: { items: pods },
    };
    const request = async ({ method = 'GET', path }: ApiRequest): Promise<object> => {
      if (method === 'DELETE') deleted.push(path);
      return { status: 200, headers: {}, text: JSON.stringify(there[path] ?? {}) };
    };
    await leaveNamespace({ cluster: { request } } as unknown as Site);
    return deleted.includes(names.namespacePath);
  };
  const going = { metadata: { deletionTimestamp: '2026-11-30T16:00:00Z' } };
  const ownedBy = (kind: string): object => ({ metadata: { ownerReferences: [{ kind, name: 'one' }] } });

  it('goes when nothing runs in it, or only what is going', async () => {
    assert.deepEqual([await goes([], []), await goes([], [going])], [true, true]);
  });

  it('goes with a pod whose DaemonSet is gone, though nobody has ended the pod yet', async () => {
    assert.equal(await goes([], [ownedBy('DaemonSet'), going]), true);
  });

  it('stays with a DaemonSet, and with the pods of others', async () => {
    assert.deepEqual(
      [
        await goes([{ metadata: { name: 'one' } }], [ownedBy('DaemonSet')]),
        await goes([], [ownedBy('ReplicaSet')]),
        await goes([], [{ metadata: {} }]),
      ],
      [false, false, false],
    );
  });
});
