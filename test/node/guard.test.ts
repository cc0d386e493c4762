// The guard on an imitated node: what it puts back and when, what it leaves alone, and that it goes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { ImitatedNode } from './support/imitated-node.ts';
import { hash, manifestPath, newManifest, oldManifest, run } from './support/imitated-node.ts';
import type { KubeletOptions } from './support/kubelet.ts';
import { assertOver, redirects } from './support/legal.ts';
import { armArgs, forgetRoads, roadTo, well, type Arm, type Place, type Road } from './support/road.ts';
import { usualShells } from './support/shells.ts';
import { eventually } from './support/eventually.ts';

const state = '/var/lib/sematext-audit';

for (const shell of usualShells)
  describe(`the guard in ${shell.name}`, function () {
    this.timeout(60_000);
    let road: Road;
    let node: ImitatedNode;
    const at = async (place: Place, options: KubeletOptions & { readonly arm?: Arm } = {}): Promise<void> => {
      road = await roadTo(place, shell, options);
      node = road.node;
    };
    const last = (): string | undefined => node.read(`${state}/last`)?.replace(`${run} `, '').trim();
    afterEach(() => road.stop());
    after(forgetRoads);

    it('puts the old manifest back at the deadline, and goes', async () => {
      await at('swapped');
      assert.equal(node.read(manifestPath), newManifest);
      node.pass(60);
      await road.kubelet.idle();
      assertOver(node, 'old');
      assert.equal(last(), 'restored not confirmed within 60 s');
    });

    it('does nothing before the deadline', async () => {
      await at('swapped');
      node.pass(40);
      await eventually(() => Number(node.read(`${state}/alive`)?.split(' ')[1]) > 45);
      assert.equal(node.read(manifestPath), newManifest);
      assert.ok(Number(node.read(`${state}/alive`)?.split(' ')[1]) < 60, 'the deadline has not passed');
      assert.deepEqual(redirects(node), ['table-ip', 'table-ip6']);
    });

    for (const place of ['armed', 'carried'] as const)
      it(`aborts at the deadline what was only ${place}`, async () => {
        await at(place);
        node.pass(60);
        await road.kubelet.idle();
        assertOver(node, 'old');
        assert.equal(last(), 'aborted not confirmed within 60 s');
      });

    it('puts the old manifest back early when the new API server ends again and again', async () => {
      await at('carried', { serves: (manifest) => manifest === oldManifest });
      node.podLog('old-uid', 7, 'the old one was started often, long ago');
      await well(node.phase('swap', {}));
      await road.kubelet.idle();
      assertOver(node, 'old');
      assert.equal(
        last(),
        'restored the API server ends again and again: Error: unknown flag: --audit-nonsense',
      );
    });

    it('counts only the starts since the swap, of the same pod too', async () => {
      await at('carried', { slow: 1e9 });
      const uid = 'uid';
      for (const restart of [3, 4]) node.podLog(uid, restart, 'earlier');
      await well(node.phase('swap', {}));
      for (const restart of [5, 6]) node.podLog(uid, restart, 'F'.repeat(400));
      const beats = Number(node.read(`${state}/alive`)?.split(' ')[1]);
      await eventually(() => Number(node.read(`${state}/alive`)?.split(' ')[1]) > beats + 3);
      assert.equal(node.read(manifestPath), newManifest, 'two starts are none too many');
      const token = '7c6b2ad0-1f0e-4a3b-9c2d-0123456789ab';
      node.podLog(uid, 6, `2026-01-01T00:00:00Z stderr F post https://r/${token}/: ${'x'.repeat(400)}`);
      node.podLog(uid, 7, '');
      await eventually(() => node.read(manifestPath) === oldManifest);
      const reason = node.read(`${state}/tx/reason`) ?? '';
      assert.match(reason, /^the API server ends again and again: post https:\/\/r\/<token>\/: x+\n$/);
      assert.ok(reason.length < 345, `${reason.length}`);
    });

    it('keeps the carry until the old server serves, not while the new one still listens', async () => {
      await at('swapped', { slow: 1e9 });
      // Where only an annotation differs, both have the same command line.
      node.serve({ port: 6443, pid: 6001, command: 'old' });
      await well(node.phase('restore', {}));
      const beats = (): number => Number(node.read(`${state}/alive`)?.split(' ')[1]);
      const stays = async (what: string): Promise<void> => {
        const from = beats();
        await eventually(() => beats() > from + 4);
        assert.deepEqual(redirects(node), ['table-ip', 'table-ip6'], what);
      };
      await stays('the new server has not gone yet');
      node.silence(6443);
      await stays('nobody listens');
      node.serve({ port: 6443, pid: 6002, command: 'new' });
      await stays('that is the new one once more, not the old');
      node.setShim('readyz', '500');
      node.serve({ port: 6443, pid: 6003, command: 'old' });
      await stays('the old one is not ready');
      node.setShim('readyz', '401');
      await eventually(() => last() !== undefined);
      assert.deepEqual(redirects(node), []);
      assert.equal(last(), 'restored');
    });

    it('takes no server for one that has to leave when a phase puts the manifest back before it', async () => {
      await at('swapped');
      // once it has decided it asks for the boot, to note it beside who serves: there it is held
      const script = `${state}/guard.sh`;
      const held = `
        cat() {
          case $*$(command cat "$tx/decision" 2> /dev/null) in
            *boot_idrestored) until [ -e "$SHIMS/go" ]; do echo >> "$SHIMS/held"; sleep 0.1; done ;;
          esac
          command cat "$@"
        }
      `;
      node.write(script, held + node.read(script)); // before the kubelet's first look
      node.pass(60);
      await eventually(() => node.readShim('held') !== '');
      await well(node.phase('restore', {}));
      await road.kubelet.settled();
      node.setShim('go', '');
      await road.kubelet.idle();
      assert.match(last() ?? '', /^restored not confirmed/);
      assertOver(node, 'old');
    });

    for (const beats of [2, 3])
      it(`${beats < 3 ? 'waits' : 'waits no longer'} when it cannot tell who serves for ${beats} s`, async () => {
        await at('swapped', { slow: 1e9 });
        node.serve({ port: 6443, pid: 6001, command: 'old' });
        await well(node.phase('restore', {}));
        // /proc does not show whose the socket is: from the first tick on, for so many beats
        const fd = '"$NODE/proc/6001/fd"';
        node.setShim(
          'tick',
          `echo >> "$SHIMS/ticks"
           case $(wc -l < "$SHIMS/ticks") in
             1) mv ${fd} "$SHIMS/fd" ;;
             ${1 + beats}) mv "$SHIMS/fd" ${fd} ;;
           esac`,
        );
        await eventually(() => node.readShim('ticks').length > 10 || last() !== undefined);
        assert.equal(last(), beats < 3 ? undefined : 'restored');
      });

    it('believes a server that has listened for 15 s where nothing can ask it', async () => {
      await at('swapped', { slow: 1e9 });
      node.setShim('no-curl', '');
      node.silence(6443);
      await well(node.phase('restore', {}));
      const beats = (): number => Number(node.read(`${state}/alive`)?.split(' ')[1]);
      node.serve({ port: 6443, pid: 6003, command: 'old' });
      const from = beats();
      await eventually(() => last() !== undefined);
      assert.ok(beats() - from >= 14, `after ${beats() - from} s`);
    });

    it('does not wait for ever for the old server, once the twin has gone too', async () => {
      await at('swapped', { slow: 1e9 });
      node.silence(6443);
      await well(node.phase('restore', {}));
      node.pass(300);
      const beats = (): number => Number(node.read(`${state}/alive`)?.split(' ')[1]);
      await eventually(() => beats() > 300);
      assert.deepEqual(redirects(node), ['table-ip', 'table-ip6'], 'the twin still carries');
      node.silence(7443);
      await road.kubelet.idle();
      assertOver(node, 'old');
    });

    it('takes the carry away when the twin has gone', async () => {
      await at('carried');
      node.silence(7443);
      await eventually(() => redirects(node).length === 0);
      const { answer } = await node.phase('swap', {});
      assert.ok(answer.outcome === 'refused' && answer.code === 'carry-lost');
      node.serve({ port: 7443, pid: 6010, command: 'new' });
      await well(node.phase('carry', {}));
      node.silence(7443);
      await eventually(() => redirects(node).length === 0);
    });

    it('ends a carry that a packet filter keeps from the twin, when its own phase was killed', async () => {
      await at('carried');
      node.setShim('reached', '3 2');
      await road.kubelet.idle();
      assertOver(node, 'old');
      assert.match(last() ?? '', /^aborted a packet filter of the node drops .* port 7443$/);
    });

    it('keeps such a carry after the swap, for there is no other server', async () => {
      await at('swapped', { slow: 1e9 });
      node.setShim('reached', '3 2');
      const beats = (): number => Number(node.read(`${state}/alive`)?.split(' ')[1]);
      const from = beats();
      await eventually(() => beats() > from + 5);
      assert.deepEqual(redirects(node), ['table-ip', 'table-ip6']);
    });

    it('leaves alone a manifest that somebody else has changed, and keeps its configuration', async () => {
      await at('swapped');
      node.write(manifestPath, `${newManifest}# edited\n`);
      node.pass(60);
      await road.kubelet.idle();
      assert.equal(node.read(manifestPath), `${newManifest}# edited\n`);
      assert.deepEqual(node.list('/etc/kubernetes/sematext-audit'), [hash]);
      assert.equal(last(), 'left manifest-changed');
      assert.deepEqual(redirects(node), []);
    });

    it('puts a manifest back that has gone', async () => {
      await at('swapped');
      node.remove(manifestPath);
      node.pass(60);
      await road.kubelet.idle();
      assertOver(node, 'old');
    });

    it('puts the old manifest back on a full disk', async () => {
      await at('swapped', { guard: () => ({ fullDisk: true }) });
      node.pass(60);
      await eventually(() => node.read(manifestPath) === oldManifest);
      assert.equal(node.read(`${state}/tx/decision`), 'restored\n');
      await eventually(() => redirects(node).length === 0);
      // an account of it cannot be written, so it is not over yet
      assert.deepEqual([last(), node.list(state).includes('tx')], [undefined, true]);
    });

    for (const place of ['armed', 'carried'] as const)
      it(`aborts after a reboot what was only ${place}`, async () => {
        await at(place, { noGuard: true });
        node.boot('second-boot');
        node.clearRedirects();
        road.restartKubelet();
        await road.kubelet.idle();
        assertOver(node, 'old');
        assert.equal(last(), 'aborted the node was rebooted before the swap');
      });

    it('goes on to its deadline after a reboot, counting only the time at work', async () => {
      await at('swapped', { noGuard: true });
      const spent = Number(node.read(`${state}/alive`)?.split(' ')[1]);
      node.boot('second-boot');
      node.write('/proc/uptime', '7 0\n');
      node.clearRedirects();
      road.restartKubelet();
      const alive = (): readonly string[] => node.read(`${state}/alive`)?.split(' ') ?? [];
      await eventually(() => alive()[3]?.trim() === 'second-boot');
      assert.ok(Math.abs(Number(alive()[1]) - spent) < 10, `${spent}, then ${alive()[1]}`);
      await well(node.phase('confirm', {}));
      await road.kubelet.idle();
      assertOver(node, 'new');
    });

    it('restores after a reboot what nobody confirms', async () => {
      await at('swapped', { noGuard: true });
      node.boot('second-boot');
      node.write('/proc/uptime', '7 0\n');
      node.clearRedirects();
      road.restartKubelet();
      await eventually(() => node.read(`${state}/alive`)?.includes('second-boot') === true);
      node.pass(60);
      await road.kubelet.idle();
      assertOver(node, 'old');
    });

    it('counts the time for which it was not running, since the API server was not confirmed then either', async () => {
      await at('swapped', { noGuard: true });
      node.pass(60);
      road.restartKubelet();
      await road.kubelet.idle();
      assertOver(node, 'old');
    });

    it('ends the process that has to leave, after its port is closed, where nothing carries the traffic', async () => {
      await at('armed', { slow: 1e9, arm: { ...armArgs, twin: undefined } });
      const old = spawn('sleep', ['1000']);
      const other = spawn('sleep', ['1000']);
      const ended = new Promise((done) => old.once('exit', (_, signal) => done(signal)));
      try {
        assert.ok(old.pid !== undefined && other.pid !== undefined);
        node.serve({ port: 6443, pid: old.pid, command: 'old' });
        await well(node.phase('swap', {}));
        const beats = (): number => Number(node.read(`${state}/alive`)?.split(' ')[1]);
        const from = beats();
        await eventually(() => beats() > from + 6);
        assert.equal(old.exitCode ?? old.signalCode, null, 'it still listens');
        node.silence(6443);
        assert.equal(await ended, 'SIGKILL');
        assert.equal(other.exitCode ?? other.signalCode, null);
        assert.match(
          road.kubelet.said() + node.guardSaid(),
          new RegExp(`process ${old.pid} has closed its port`),
        );
      } finally {
        old.kill();
        other.kill();
      }
    });

    for (const [what, change] of [
      [
        'that began later under the same id',
        (pid: number) => node.serve({ port: 1, pid, started: 7, command: 'old' }),
      ],
      ['of before a reboot', () => node.boot('second-boot')],
    ] as const)
      it(`ends no process ${what}`, async () => {
        await at('armed', { slow: 1e9, arm: { ...armArgs, twin: undefined } });
        const other = spawn('sleep', ['1000']);
        try {
          assert.ok(other.pid !== undefined);
          node.serve({ port: 6443, pid: other.pid, command: 'old' });
          await well(node.phase('swap', {}));
          node.silence(6443);
          change(other.pid);
          const beats = (): number => Number(node.read(`${state}/alive`)?.split(' ')[1]);
          await eventually(() => beats() > 10);
          assert.equal(other.exitCode ?? other.signalCode, null);
        } finally {
          other.kill();
        }
      });

    it('goes when its transaction is gone, and when another one is open', async () => {
      await at('armed');
      node.write(`${state}/tx/plan`, 'run=another\n');
      await eventually(() => /nothing to guard/.test(node.guardSaid()));
      assert.ok(node.list(`${state}`).includes('tx'), "another's is left alone");
      node.remove(`${state}/tx`);
      road.kubelet.killGuard();
      await road.kubelet.idle();
      assert.deepEqual(node.list(state), []);
    });

    it('either confirms or restores when both come at once', async () => {
      const ends = new Set<string | undefined>();
      let lateMs = 0; // the phase after the deadline; before it when negative
      for (let time = 0; time < 12 && ends.size < 2; time += 1) {
        await at('swapped');
        const deadline = pause(Math.max(0, -lateMs)).then(() => node.pass(60));
        await pause(Math.max(0, lateMs));
        const { answer } = await node.phase('confirm', {});
        await deadline;
        await road.kubelet.idle();
        const end = last()?.split(' ')[0];
        assert.equal(answer.outcome === 'ok', end === 'confirmed', `${answer.outcome} ${end}`);
        assertOver(node, end === 'confirmed' ? 'new' : 'old');
        ends.add(end);
        road.stop();
        lateMs = end === 'confirmed' ? Math.max(20, 2 * lateMs) : Math.min(-20, 2 * lateMs);
      }
      assert.deepEqual([...ends].sort(), ['confirmed', 'restored']);
    });
  });

it('the guard has no function of its own that the common part has too', () => {
  const functions = (part: string): readonly string[] =>
    [
      ...readFileSync(new URL(`../../src/node/${part}.sh`, import.meta.url), 'utf8').matchAll(
        /^(\w+)\(\) \{/gm,
      ),
    ].map(([, name]) => name ?? '');
  const all = ['base', 'redirect', 'server', 'outcome', 'look', 'stage', 'transaction', 'guard'].flatMap(
    functions,
  );
  assert.deepEqual(
    all.filter((name, index) => all.indexOf(name) !== index),
    [],
  );
});
