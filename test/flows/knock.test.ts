// Connections of our own while the node watches: over which doors, how often, until when.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../src/errors.ts';
import { whileKnocking } from '../../src/flows/nodes/knock.ts';
import { patient, type Site } from '../../src/flows/nodes/site.ts';
import type { Answer, ApiRequest } from '../../src/io/world.ts';

const carry = { address: '192.0.2.2', service: undefined };
const answer: Answer = { status: 200, headers: {}, text: 'ok', ms: 1 };

describe('whoever knocks at an API server', () => {
  const asked: ApiRequest[] = [];
  const siteWith = (respond: () => Answer): Site => {
    asked.length = 0;
    const clock = { now: () => new Date(), sleep, rest: (ms: number) => sleep(Math.min(ms, 5)) };
    const request = async (one: ApiRequest): Promise<Answer> => {
      asked.push(one);
      return respond();
    };
    const cluster = patient({ host: 'api', request }, clock);
    // only what is asked of it
    return { world: { clock }, cluster, clock, tell: () => undefined } as unknown as Site;
  };

  it('does so over connections of its own, by both addresses, until the work is done', async () => {
    const site = siteWith(() => answer);
    const done = await whileKnocking(site, { carry, port: 6443 }, () => sleep(60, 'done'));
    assert.equal(done, 'done');
    const doors = new Set(asked.map(({ via }) => via));
    assert.deepEqual([...doors], [undefined, '192.0.2.2:6443']);
    assert.ok(asked.length >= 6, `${asked.length} times`);
    assert.ok(asked.every(({ fresh, path }) => fresh === true && path === '/readyz'));
    const { length } = asked;
    await sleep(30);
    assert.equal(asked.length, length);
  });

  it('puts an IPv6 address into brackets', async () => {
    const site = siteWith(() => answer);
    await whileKnocking(site, { carry: { ...carry, address: 'fd00::2' }, port: 6443 }, () => sleep(1));
    assert.ok(asked.some(({ via }) => via === '[fd00::2]:6443'));
  });

  it('does not mind that nobody answers, asks nothing twice, and goes on', async () => {
    const site = siteWith(() => {
      throw new Failure('cluster-unreachable', 'nobody answers');
    });
    await whileKnocking(site, { carry, port: 6443 }, () => sleep(60));
    assert.ok(asked.length >= 6, `${asked.length} times`); // one that were asked again would take half a second
  });

  it('lets the failure of the work through, and ends with it', async () => {
    const failure = new Failure('target-unsupported', 'no');
    const site = siteWith(() => answer);
    const work = async (): Promise<void> => {
      await sleep(20);
      throw failure;
    };
    await assert.rejects(whileKnocking(site, { carry, port: 6443 }, work), failure);
    await sleep(20);
    const { length } = asked;
    await sleep(30);
    assert.equal(asked.length, length);
  });

  it('does not hide a fault of ours', async () => {
    const site = siteWith(() => {
      throw new TypeError('a bug');
    });
    await assert.rejects(
      whileKnocking(site, { carry, port: 6443 }, () => sleep(20)),
      /a bug/,
    );
  });
});
