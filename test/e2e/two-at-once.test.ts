// Two runs at once on one cluster. One is held at each of its writes while another one runs from its beginning to its
// end; and some race freely. Whoever wins, the AuditSink and the record agree afterwards, and who lost says so: exit 7.
import assert from 'node:assert/strict';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { shown, type End } from './support/cli.ts';
import { assertAgree, grantAsDocumented, removeAll } from './support/cluster-state.ts';
import { startEtcd } from './support/etcd.ts';
import { startFaultReceiver } from './support/fault-receiver.ts';
import { startGate, type Gate, type Hold } from './support/gate.ts';
import { operatorOf, type Operator } from './support/operator.ts';

type Run = readonly ['enable' | 'disable', ...string[]];
type Write = Pick<Hold, 'method' | 'path'>;

const record = '/configmaps/sematext-audit';
const sink = '/auditsinks/sematext-audit';
const plain = ['--dynamic', '--no-wait'];

const held: readonly { from: 'nothing' | 'enabled'; run: Run; writes: Write[] }[] = [
  {
    from: 'nothing',
    run: ['enable', ...plain],
    writes: [
      { method: 'POST', path: '/configmaps' },
      { method: 'POST', path: '/auditsinks' },
      { method: 'PUT', path: record },
    ],
  },
  {
    from: 'enabled',
    run: ['enable', ...plain, '--level=Request'],
    writes: [
      { method: 'PUT', path: record },
      { method: 'PUT', path: sink },
    ],
  },
  {
    from: 'enabled',
    run: ['disable'],
    writes: [
      { method: 'DELETE', path: sink },
      { method: 'DELETE', path: record },
    ],
  },
];
const meanwhile: readonly Run[] = [
  ['enable', ...plain],
  ['enable', ...plain, '--level=RequestResponse'],
  ['disable'],
];

describe('two runs at once', function () {
  this.timeout(120_000);
  const started: { stop: () => Promise<void> }[] = [];
  let api: ApiServer;
  let gate: Gate;
  let operator: Operator;

  before(async () => {
    const etcd = await startEtcd();
    const receiver = await startFaultReceiver({ upstream: 'http://127.0.0.1:9' });
    await receiver.set({ status: 200 });
    started.unshift(receiver, etcd);
    api = await startApiServer({ version: '1.18.19', etcd, auditSink: true });
    started.unshift(api);
    await grantAsDocumented(api);
    gate = await startGate(api);
    started.unshift(gate);
    operator = operatorOf(api, { receiverUrl: receiver.url });
  });
  beforeEach(() => removeAll(api));
  after(async () => {
    for (const part of started) await part.stop();
  });

  const begin = async (from: 'nothing' | 'enabled'): Promise<void> => {
    if (from === 'nothing') return;
    const end = await operator.plain('enable', plain);
    assert.equal(end.code, 0, shown(end));
  };
  const assertWonOrLost = (...ends: End[]): void => {
    for (const end of ends) assert.ok(end.code === 0 || end.code === 7, shown(end));
  };

  for (const { from, run, writes } of held)
    for (const write of writes)
      for (const when of ['before', 'after'] as const)
        for (const other of meanwhile)
          it(`${run.join(' ')}, held ${when} ${write.method} ${write.path}; meanwhile ${other.join(' ')}`, async () => {
            await begin(from);
            const hold = gate.hold({ ...write, when });
            const first = await operator.start(run[0], [`--server=${gate.url}`, ...run.slice(1)]);
            await Promise.race([hold.reached, first.ended]);
            const second = await operator.plain(other[0], other.slice(1));
            hold.release();
            const end = await first.ended;
            assertWonOrLost(end, second);
            await assertAgree(api).catch((error: unknown) => {
              throw new Error(`${String(error)}\nheld: ${shown(end)}\nmeanwhile: ${shown(second)}`);
            });
          });

  for (const [name, from, ...both] of [
    ['two enable', 'nothing', ['enable', ...plain], ['enable', ...plain]],
    [
      'two enable that differ',
      'enabled',
      ['enable', ...plain, '--level=Request'],
      ['enable', ...plain, '--qps=3'],
    ],
    ['enable and disable', 'enabled', ['enable', ...plain, '--level=Request'], ['disable']],
    ['two disable', 'enabled', ['disable'], ['disable']],
  ] as const)
    it(`${name} race freely`, async () => {
      for (let round = 0; round < 4; round += 1) {
        await removeAll(api);
        await begin(from);
        const ends = await Promise.all(both.map(([command, ...flags]) => operator.plain(command, flags)));
        assertWonOrLost(...ends);
        await assertAgree(api).catch((error: unknown) => {
          throw new Error(`round ${round}: ${String(error)}\n${ends.map(shown).join('\n')}`);
        });
      }
    });
});
