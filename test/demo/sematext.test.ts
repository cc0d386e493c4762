// The embedded Sematext where the contract cannot go: faults on either side, the delay between them, Apps.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSematext, type Sematext, type SematextOptions } from '../../src/demo/sematext.ts';
import { secrets } from '../support/secrets.ts';

const list = (auditID: string): string => JSON.stringify({ items: [{ auditID, level: 'Metadata' }] });

describe('the embedded Sematext', () => {
  let sematext: Sematext;
  const start = async (options: SematextOptions = {}): Promise<void> => {
    sematext = await startSematext({ apiKey: secrets.apiKey, delayMs: 0, ...options });
  };
  const post = (body: string, token: string = secrets.token): Promise<Response> =>
    fetch(`${sematext.receiverUrl}/${token}/`, { method: 'POST', body, redirect: 'manual' });
  const search = (token: string = secrets.token): Promise<Response> =>
    fetch(`${sematext.searchUrl}/${token}/_search`, {
      headers: { authorization: `apiKey ${sematext.apiKey}` },
      redirect: 'manual',
    });
  afterEach(() => sematext.stop());

  it('finds a document only after the delay, and has it from the start', async () => {
    await start({ delayMs: 150 });
    await post(list('a'));
    assert.equal(sematext.documents(secrets.token).length, 1);
    assert.equal((await search()).status, 404);
    await sleep(160);
    assert.equal((await search()).status, 200);
  });

  it('takes events for a token that belongs to nobody, and finds none of them', async () => {
    await start({ tokens: [secrets.token] });
    assert.equal((await post(list('a'), secrets.otherToken)).status, 200);
    assert.equal((await search(secrets.otherToken)).status, 404);
    assert.equal((await post(list('a'))).status, 200);
    assert.equal((await search()).status, 200);
  });

  it('lets an item name its own document and index', async () => {
    await start();
    const item = { auditID: 'a', _id: 'mine', _index: secrets.otherToken };
    for (let i = 0; i < 2; i += 1) await post(JSON.stringify({ items: [item] }));
    assert.deepEqual(sematext.documents(secrets.token), []);
    assert.deepEqual(
      sematext.documents(secrets.otherToken).map(({ id }) => id),
      ['mine'],
    );
  });

  it('keeps what came before the item that could not be taken', async () => {
    await start();
    assert.equal((await post('{"items":[{"auditID":"a"},null]}')).status, 500);
    assert.equal(sematext.documents(secrets.token).length, 1);
  });

  for (const side of ['receiver', 'search'] as const) {
    const call = (): Promise<Response> => (side === 'receiver' ? post(list('a')) : search());

    it(`shows faults at the ${side}, and heals`, async () => {
      await start();
      const faults = sematext.faults[side];
      await post(list('first'));
      faults.status(429, 7);
      const busy = await call();
      assert.deepEqual([busy.status, busy.headers.get('retry-after')], [429, '7']);
      faults.redirect('https://elsewhere.invalid/', 302);
      const moved = await call();
      assert.deepEqual([moved.status, moved.headers.get('location')], [302, 'https://elsewhere.invalid/']);
      faults.garbage('truncated');
      await assert.rejects((await call()).json());
      faults.garbage('html');
      assert.match(await (await call()).text(), /^<html>/);
      faults.empty();
      assert.equal(await (await call()).text(), '');
      faults.down();
      await assert.rejects(call());
      faults.heal();
      assert.equal((await call()).status, 200);
    });
  }

  it('takes an event at once even when its answer is slow', async () => {
    await start();
    sematext.faults.receiver.slow(100);
    const slow = post(list('a'));
    await sleep(50);
    assert.equal(sematext.documents(secrets.token).length, 1);
    const before = Date.now();
    assert.equal((await slow).status, 200);
    assert.ok(Date.now() - before >= 20);
  });

  it('does not take what a fault answered', async () => {
    await start();
    sematext.faults.receiver.status(503);
    await post(list('a'));
    sematext.faults.receiver.redirect('/x');
    await post(list('a'));
    assert.deepEqual(sematext.documents(secrets.token), []);
  });
});
