// enable and disable end by Ctrl-C, by SIGKILL and by a broken connection at each of their writes, just before the API
// server sees it and just after it obeyed: nothing is left but what was there before, or what status names, enable
// finishes and disable takes back.
import assert from 'node:assert/strict';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { shown, type End } from './support/cli.ts';
import {
  assertAgree,
  assertNothing,
  grantAsDocumented,
  removeAll,
  showMirrorPod,
  stateOf,
} from './support/cluster-state.ts';
import { startEtcd } from './support/etcd.ts';
import { startGate, type Gate, type Hold } from './support/gate.ts';
import { operatorOf, type Operator } from './support/operator.ts';
import { startSematext, type Sematext } from './support/sematext.ts';

type Command = 'enable' | 'disable';
type Write = Pick<Hold, 'method' | 'path'>;

const record = '/configmaps/sematext-audit';
const sink = '/auditsinks/sematext-audit';
/** What each run writes, in order; `from` is what it begins with. */
const runs: readonly { command: Command; from: 'nothing' | 'enabled'; flags: string[]; writes: Write[] }[] = [
  {
    command: 'enable',
    from: 'nothing',
    flags: ['--dynamic', '--no-wait'],
    writes: [
      { method: 'POST', path: '/configmaps' },
      { method: 'POST', path: '/auditsinks' },
      { method: 'PUT', path: record },
    ],
  },
  {
    command: 'enable',
    from: 'enabled',
    flags: ['--dynamic', '--no-wait', '--level=Request'],
    writes: [
      { method: 'PUT', path: record },
      { method: 'PUT', path: sink },
    ],
  },
  {
    command: 'disable',
    from: 'enabled',
    flags: [],
    writes: [
      { method: 'DELETE', path: sink },
      { method: 'DELETE', path: record },
    ],
  },
];

describe('a run that ends in the middle', function () {
  this.timeout(120_000);
  const started: { stop: () => Promise<void> }[] = [];
  let sematext: Sematext;
  let api: ApiServer;
  let gate: Gate;
  let operator: Operator;

  before(async () => {
    const [stand, etcd] = await Promise.all([startSematext({ apiKey: secrets.apiKey }), startEtcd()]);
    sematext = stand;
    started.unshift(stand, etcd);
    api = await startApiServer({ version: '1.18.19', etcd, auditSink: true });
    started.unshift(api);
    await grantAsDocumented(api);
    await showMirrorPod(api);
    gate = await startGate(api);
    started.unshift(gate);
    operator = operatorOf(api, sematext);
  });
  beforeEach(() => removeAll(api));
  after(async () => {
    for (const part of started) await part.stop();
  });

  const done = async (command: Command, flags: readonly string[] = []): Promise<void> => {
    const end = await operator.plain(command, flags);
    assert.equal(end.code, 0, shown(end));
  };
  const finish = (): Promise<void> => done('enable', ['--dynamic', '--no-wait']);
  const begin = async (from: 'nothing' | 'enabled'): Promise<void> => {
    await removeAll(api);
    if (from === 'enabled') await finish();
  };
  /** Runs until the write is held, then ends it. */
  const endAt = async (
    one: (typeof runs)[number],
    hold: Hold,
    how: 'SIGINT' | 'SIGKILL' | 'cut',
  ): Promise<End> => {
    await begin(one.from);
    const held = gate.hold(hold);
    const run = await operator.start(one.command, [`--server=${gate.url}`, ...one.flags]);
    await Promise.race([held.reached, run.ended.then((end) => assert.fail(`it never wrote: ${shown(end)}`))]);
    if (how === 'cut') held.cut();
    else run.kill(how);
    return run.ended;
  };

  for (const one of runs)
    describe(`${one.command} ${one.flags.slice(2).join(' ')} from ${one.from}`, () => {
      for (const write of one.writes)
        for (const when of ['before', 'after'] as const) {
          const at = `${when} ${write.method} ${write.path}`;
          const hold = { ...write, when };

          it(`takes everything back when interrupted ${at}`, async () => {
            await begin(one.from);
            const { sink: was } = await stateOf(api);
            const end = await endAt(one, hold, 'SIGINT');
            assert.equal(end.code, 130, shown(end));
            const { sink: is } = await assertAgree(api);
            assert.deepEqual(is?.spec, was?.spec);
          });

          it(`takes everything back when the connection breaks ${at}`, async () => {
            await begin(one.from);
            const { sink: was } = await stateOf(api);
            const end = await endAt(one, hold, 'cut');
            assert.ok(end.code === 4 || end.code === 7, shown(end));
            const { sink: is } = await assertAgree(api);
            assert.deepEqual(is?.spec, was?.spec);
          });

          it(`leaves what status names when killed ${at}: enable finishes it, disable takes it back`, async () => {
            await endAt(one, hold, 'SIGKILL');
            await assertNamed(api, operator);
            await finish();
            assert.ok((await assertAgree(api)).sink, 'enable did not finish it');
            await endAt(one, hold, 'SIGKILL');
            await done('disable');
            await assertNothing(api);
          });
        }
    });

  for (const signal of ['SIGINT', 'SIGKILL'] as const)
    it(`leaves everything in force when ended by ${signal} while it waits for the proof`, async () => {
      const run = await operator.start('enable', ['--dynamic']);
      await run.says('Waiting');
      run.kill(signal);
      const end = await run.ended;
      assert.deepEqual([end.code, end.signal], signal === 'SIGINT' ? [130, null] : [null, 'SIGKILL']);
      assert.equal((await assertAgree(api)).record?.state, 'done');
      await done('disable');
      await assertNothing(api);
    });
});

/** What is there is nothing, or whole, or told by status. */
async function assertNamed(api: ApiServer, operator: Operator): Promise<void> {
  const { sink: is, record: kept } = await stateOf(api);
  const end = await operator.run('status');
  const check = end.result.checks.find(({ id }) => id === 'record');
  if (is === undefined && kept === undefined) return assert.equal(check?.result, 'skipped', shown(end));
  if (is !== undefined && kept?.state === 'done') return assert.equal(check?.result, 'ok', shown(end));
  assert.equal(check?.result, 'bad', shown(end));
  assert.match(check.evidence, /began and never ended|recorded and is gone/);
  assert.match(check.hint ?? '', /enable/);
}
