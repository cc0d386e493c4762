// Questions and waits: what a person at a terminal meets, and what a script meets instead.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { failure } from '../support/failure.ts';
import { openClock } from '../../src/io/clock.ts';
import { ask, askHidden, askText } from '../../src/io/prompt.ts';
import { console, options } from './servers.ts';

describe('prompt', () => {
  const answered = async (typed: string): Promise<[boolean, string]> => {
    const terminal = console(true);
    const asked = ask('Go on?', options({ terminal }));
    terminal.stdin.write(typed);
    return [await asked, terminal.said()];
  };

  it('takes y and yes for yes, and all else for no', async () => {
    for (const typed of ['y\r', 'Y\r', 'yes\r', ' YES \r'])
      assert.equal((await answered(typed))[0], true, typed);
    for (const typed of ['\r', 'n\r', 'no\r', 'yep\r', 'y y\r', '\u0004'])
      assert.equal((await answered(typed))[0], false);
    assert.match((await answered('y\r'))[1], /Go on\? \[y\/N\] /);
  });

  it('is interrupted by Ctrl-C and by a cancelled run', async () => {
    const error = await failure(() => answered('\u0003'));
    assert.deepEqual([error.code, error.exitCode], ['interrupted', 130]);
    const abort = new AbortController();
    const asked = ask('Go on?', options({ terminal: console(true), signal: abort.signal }));
    abort.abort();
    assert.equal((await failure(() => asked)).code, 'interrupted');
    assert.equal(
      (await failure(() => ask('?', options({ terminal: console(true), signal: abort.signal })))).code,
      'interrupted',
    );
  });

  it('asks nobody where nobody is, and names --yes', async () => {
    const nobody = [
      options({ terminal: console(false) }),
      options({ terminal: console(true), noInput: true }),
      options({ terminal: { stdin: console(true).stdin, stderr: console(false).stderr } }),
      options({ terminal: { stdin: console(false).stdin, stderr: console(true).stderr } }),
    ];
    for (const one of nobody) {
      const error = await failure(() => ask('Go on?', one));
      assert.deepEqual([error.code, error.exitCode], ['confirmation-needed', 2]);
      assert.match(error.suggestions.join(' '), /--yes/);
    }
  });

  it('takes a line as it is, and the usual answer for an empty one', async () => {
    for (const [typed, usual, expected] of [
      ['people\r', 'all', 'people'],
      ['  people \r', 'all', 'people'],
      ['\r', 'all', 'all'],
      ['\u0004', 'all', 'all'],
      ['\r', '', ''],
    ] as const) {
      const terminal = console(true);
      const asked = askText('Whose reads', usual, options({ terminal }));
      terminal.stdin.write(typed);
      assert.equal(await asked, expected);
      assert.ok(terminal.said().includes(usual === '' ? 'Whose reads: ' : 'Whose reads [all]: '));
    }
    const terminal = console(true);
    const asked = askText('?', 'all', options({ terminal }));
    terminal.stdin.write('peo\u0003');
    assert.equal((await failure(() => asked)).code, 'interrupted');
  });

  it('takes the usual answer where nobody is, and asks nothing', async () => {
    const terminals = [{ terminal: console(false) }, { terminal: console(true), noInput: true }];
    for (const one of terminals) {
      assert.equal(await askText('Whose reads', 'all', options(one)), 'all');
      assert.equal(one.terminal.said(), '');
    }
  });

  it('does not show what is hidden, and is interrupted there too', async () => {
    const terminal = console(true);
    const asked = askHidden('Word: ', options({ terminal }));
    terminal.stdin.write('swordfish\r');
    assert.equal(await asked, 'swordfish');
    assert.equal(terminal.said(), 'Word: \n');
    const other = console(true);
    const cancelled = askHidden('Word: ', options({ terminal: other }));
    other.stdin.write('sword\u0003');
    assert.equal((await failure(() => cancelled)).code, 'interrupted');
    assert.ok(!other.said().includes('sword'));
  });
});

describe('clock', () => {
  it('waits about as long as told', async () => {
    const clock = openClock(new AbortController().signal);
    const before = clock.now().getTime();
    await clock.sleep(20);
    assert.ok(clock.now().getTime() - before >= 15);
  });

  it('ends a wait at once when the run is cancelled, and keeps nothing alive', async () => {
    const abort = new AbortController();
    const clock = openClock(abort.signal);
    const waits = [clock.sleep(60_000), clock.sleep(60_000)];
    abort.abort();
    for (const wait of waits) assert.equal((await failure(() => wait)).code, 'interrupted');
    assert.equal((await failure(() => clock.sleep(60_000))).code, 'interrupted');
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
    assert.ok(timers.length < 3, timers.join());
  });

  it('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 3; i++) await openClock(signal).sleep(1);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});
