// Making the pods of a run in a namespace that is new.
import assert from 'node:assert/strict';
import { Failure } from '../../src/errors.ts';
import { createPod, wouldTake } from '../../src/flows/nodes/pods.ts';
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
