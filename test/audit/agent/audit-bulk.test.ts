import assert from 'node:assert/strict';
import { secrets } from '../../support/secrets.ts';
import { event, listening, stageFor, startReceiver, type Receiver, type Stage } from './plugin.ts';

describe('what the plugin does with the receiver', () => {
  let receiver: Receiver;
  let stage: Stage;

  beforeEach(async () => {
    receiver = await startReceiver();
    stage = stageFor(receiver.url);
  });
  afterEach(() => receiver.close());

  const ship = (): Promise<number> => listening(stage.said, async () => (await stage.plugin()).pass());

  it("posts to the bulk API of the token's index", async () => {
    stage.write(['a']);
    await ship();
    assert.deepEqual(receiver.paths, [`/${secrets.token}/_bulk`]);
  });

  it("makes documents like those of the audit receiver, with the event's own time", async () => {
    const annotations = { 'authorization.k8s.io/decision': 'allow' };
    stage.raw(`${event('a', { annotations, user: { extra: { '_a.b': ['x.y', { 'c.d': null }] } } })}\n`);
    await ship();
    const [{ event: sent } = assert.fail('nothing came')] = receiver.taken;
    assert.deepEqual(sent, {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: 'a',
      stage: 'ResponseComplete',
      requestURI: '/api/v1/pods',
      stageTimestamp: '2026-03-04T05:06:07.123456Z',
      annotations: { 'authorization_k8s_io/decision': 'allow' },
      user: { extra: { a_b: ['x.y', { c_d: null }] } },
      '@timestamp': '2026-03-04T05:06:07.123456Z',
      severity: 'Metadata',
      os: sent['os'],
    });
    assert.ok((sent['os'] as { host: string }).host.length > 0);
  });

  const waits = { '503': 503, '429': 429, 'a limit': 403, 'a token that is not known': 400 };
  for (const [name, status] of Object.entries(waits))
    it(`waits, longer each time, while the receiver answers ${name}`, async () => {
      stage.write(['a', 'b']);
      const text = status === 400 ? "Application not found for token 'x'" : '';
      for (let i = 0; i < 8; i += 1) receiver.verdicts.push(() => ({ status, text }));
      await ship();
      assert.deepEqual(receiver.ids(), ['a', 'b']);
      assert.equal(receiver.taken.length, 2);
      assert.deepEqual(stage.waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
      assert.match(
        stage.said[0] ?? '',
        new RegExp(`2 events wait: 127.0.0.1:\\d+: status ${status}; next try in 1 s`),
      );
    });

  it('waits while nobody listens, and then sends each event once', async () => {
    stage.write(['a']);
    const { url } = receiver;
    await receiver.close();
    const plugin = await stage.plugin();
    const { wait } = plugin;
    plugin.wait = async (ms) => {
      await wait(ms);
      if (stage.waits.length === 3) receiver = await startReceiver(Number(new URL(url).port));
    };
    await listening(stage.said, () => plugin.pass());
    assert.deepEqual(receiver.ids(), ['a']);
    assert.match(stage.said[0] ?? '', /ECONNREFUSED/);
  });

  it('sends on from where it was when Logagent ends in the middle of a wait', async () => {
    stage.write(['a']);
    receiver.verdicts.push(() => ({ status: 503 }));
    const plugin = await stage.plugin();
    plugin.wait = () => Promise.reject(new Error('stopped'));
    await listening(stage.said, () => assert.rejects(plugin.pass(), /stopped/));
    assert.deepEqual(receiver.ids(), []);
    await ship();
    assert.deepEqual(receiver.ids(), ['a']);
  });

  it('sends only those again that were not taken', async () => {
    stage.write(['a', 'b', 'c']);
    receiver.verdicts.push(() => [201, 429, 503]);
    await ship();
    assert.deepEqual(
      receiver.taken.map(({ event: { auditID } }) => auditID),
      ['a', 'b', 'c'],
    );
  });

  it('leaves an event out that is refused for what it is, and never quotes it', async () => {
    stage.write(['a', 'bad', 'c']);
    receiver.verdicts.push(() => [201, 400, 201]);
    await ship();
    assert.deepEqual(receiver.ids(), ['a', 'c']);
    assert.deepEqual(stage.waits, []);
    assert.match(stage.said[0] ?? '', /an event is left out: status 400 mapper_parsing_exception$/);
  });

  for (const status of [413, 400])
    it(`halves what is answered ${status}, until the one at fault is left out`, async () => {
      stage.write(['a', 'b', 'bad', 'd', 'e']);
      const judge = (): void => {
        receiver.verdicts.push((sent) => {
          judge();
          return sent.some(({ event: { auditID } }) => auditID === 'bad') ? { status } : sent.map(() => 201);
        });
      };
      judge();
      await ship();
      assert.deepEqual(receiver.ids(), ['a', 'b', 'd', 'e']);
      assert.equal(receiver.taken.length, 4);
    });

  it('takes any other 2xx answer for a yes', async () => {
    stage.write(['a']);
    receiver.verdicts.push(() => ({ status: 200, text: 'OK\n' }));
    await ship();
    await ship();
    assert.equal(receiver.paths.length, 1);
  });

  it('says what Sematext says, without the token', async () => {
    stage.write(['a']);
    receiver.verdicts.push(() => ({ status: 403, error: `limits reached for ${secrets.token}` }));
    await ship();
    assert.match(stage.said[0] ?? '', /status 403, limits reached for \*\*\*; next/);
  });
});
