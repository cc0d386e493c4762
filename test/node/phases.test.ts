// What each phase does, answers and refuses, on an imitated node in every shell.
import assert from 'node:assert/strict';
import { chmodSync, renameSync, statSync, symlinkSync } from 'node:fs';
import type { Phase, PhaseArguments } from '../../src/node/protocol.ts';
import type { ImitatedNode } from './support/imitated-node.ts';
import {
  newManifest,
  oldManifest,
  hash,
  manifestPath,
  manifests,
  run,
  sha256,
} from './support/imitated-node.ts';
import { assertOver, disk, redirects } from './support/legal.ts';
import {
  armArgs,
  forgetRoads,
  policy,
  roadTo,
  stageArgs,
  well,
  type Place,
  type Road,
} from './support/road.ts';
import { shells } from './support/shells.ts';

const state = '/var/lib/sematext-audit';
const config = '/etc/kubernetes/sematext-audit';

/** What a phase is called with when only its place matters. */
const usual: { readonly [P in Phase]: PhaseArguments[P] } = {
  look: { folder: manifests, log: '/var/log' },
  stage: stageArgs,
  arm: armArgs,
  carry: {},
  swap: {},
  uncarry: {},
  confirm: {},
  restore: {},
  settle: {},
  abort: {},
  'twin-log': { log: '/var/log/kubernetes/audit/audit.log', drop: undefined },
  remove: { folder: manifests },
  tidy: { folder: manifests },
  find: { log: '/var/log/kubernetes/audit/audit.log', id: 'x' },
};

for (const shell of shells)
  describe(`the node script in ${shell.name}`, function () {
    this.timeout(60_000);
    let road: Road;
    let node: ImitatedNode;
    const at = async (place: Place, options = {}): Promise<void> => {
      road = await roadTo(place, shell, options);
      node = road.node;
    };
    const refused = async (phase: Phase, code: string, options: { run?: string } = {}): Promise<void> => {
      const was = disk(node);
      const { answer, code: exit, text, stderr } = await node.phase(phase, usual[phase] as never, options);
      assert.ok(answer.outcome === 'refused', `${phase}: ${text}${stderr}`);
      assert.deepEqual([answer.code, exit], [code, 3], `${phase}: ${answer.text}`);
      assert.deepEqual(disk(node), was, `${phase} was refused and changed nothing`);
    };
    afterEach(() => road.stop());
    after(forgetRoads);

    it('goes to the new manifest, each phase done twice', async () => {
      await at('start');
      for (const phase of ['stage', 'arm', 'carry', 'swap', 'confirm'] as const)
        for (const time of ['first', 'second']) {
          await well(node.phase(phase, usual[phase] as never));
          if (phase === 'carry') assert.deepEqual(redirects(node), ['table-ip', 'table-ip6'], time);
        }
      assertOver(node, 'new');
      assert.equal(node.read(`${state}/last`), `${run} confirmed\n`);
      assert.equal(node.read(`${state}/applied`), `${sha256(newManifest)}\n`);
      await road.kubelet.idle();
      assertOver(node, 'new');
    });

    it('goes back to the old manifest, each phase done twice', async () => {
      await at('swapped', { slow: 1e9 });
      node.send({ reason: 'delivery was not proved\nmore' });
      for (const phase of ['restore', 'restore', 'settle', 'settle'] as const) {
        await well(node.phase(phase, usual[phase] as never));
        assert.equal(node.read(manifestPath), oldManifest);
      }
      assertOver(node, 'old');
      assert.equal(node.read(`${state}/last`), `${run} restored delivery was not proved\n`);
    });

    for (const place of ['staged', 'armed', 'carried'] as const)
      it(`aborts when ${place}, twice`, async () => {
        await at(place);
        await well(node.phase('abort', {}));
        await well(node.phase('abort', {}));
        assertOver(node, 'old');
        assert.equal(node.read(`${state}/last`), `${run} aborted\n`);
      });

    const none: Partial<Record<Phase, string>> = {
      arm: 'no-transaction',
      carry: 'no-transaction',
      swap: 'no-transaction',
      confirm: 'no-transaction',
      restore: 'no-transaction',
      settle: 'no-transaction',
    };
    const outOfOrder: readonly (readonly [Place, Partial<Record<Phase, string>>])[] = [
      ['start', none],
      [
        'staged',
        {
          carry: 'wrong-phase',
          swap: 'wrong-phase',
          confirm: 'wrong-phase',
          restore: 'wrong-phase',
          settle: 'wrong-phase',
          remove: 'open-transaction',
          tidy: 'open-transaction',
        },
      ],
      [
        'armed',
        {
          confirm: 'wrong-phase',
          restore: 'wrong-phase',
          settle: 'wrong-phase',
          remove: 'open-transaction',
          tidy: 'open-transaction',
        },
      ],
      [
        'carried',
        {
          confirm: 'wrong-phase',
          restore: 'wrong-phase',
          settle: 'wrong-phase',
          remove: 'open-transaction',
          tidy: 'open-transaction',
        },
      ],
      [
        'swapped',
        {
          carry: 'wrong-phase',
          settle: 'wrong-phase',
          abort: 'wrong-phase',
          remove: 'open-transaction',
          tidy: 'open-transaction',
        },
      ],
    ];
    for (const [place, expected] of outOfOrder)
      it(`refuses what does not come next at ${place}, and what is another run's`, async () => {
        await at(place);
        for (const [phase, code] of Object.entries(expected)) await refused(phase as Phase, code);
        if (place === 'start') return;
        const phases: readonly Phase[] = [
          'stage',
          'arm',
          'carry',
          'swap',
          'uncarry',
          'confirm',
          'restore',
          'settle',
          'abort',
        ];
        for (const phase of phases) await refused(phase, 'open-transaction', { run: 'another-run' });
      });

    it('says of an ended transaction how it ended', async () => {
      await at('swapped');
      await well(node.phase('confirm', {}));
      await road.kubelet.idle();
      for (const phase of ['arm', 'carry', 'swap', 'restore', 'settle', 'abort'] as const)
        await refused(phase, 'decided');
      const { answer } = await node.phase('restore', {});
      assert.ok(answer.outcome === 'refused' && /confirmed/.test(answer.text));
    });

    it('stages private files and keeps owner and mode of the manifest', async () => {
      await at('start');
      chmodSync(node.path(manifestPath), 0o640);
      await well(node.phase('stage', stageArgs));
      const mode = (path: string): number => statSync(node.path(path)).mode & 0o777;
      assert.deepEqual([config, `${config}/${hash}`, state].map(mode), [0o700, 0o700, 0o700]);
      assert.equal(mode(`${config}/${hash}/policy.yaml`), 0o600);
      await well(node.phase('arm', armArgs));
      await well(node.phase('swap', {}));
      assert.equal(mode(manifestPath), 0o640);
      assert.equal(node.read(manifestPath), newManifest);
    });

    for (const [what, code, spoil] of [
      [
        'a manifest that has changed',
        'manifest-changed',
        () => node.write(manifestPath, `${oldManifest}# edited\n`),
      ],
      ['a manifest that has gone', 'not-found', () => node.remove(manifestPath)],
      [
        'a manifest that is a link',
        'other-manifest',
        () => {
          renameSync(node.path(manifestPath), node.path('/etc/real.yaml'));
          symlinkSync('../../real.yaml', node.path(manifestPath));
        },
      ],
      [
        'a copy beside it',
        'other-manifest',
        () => node.write(`${manifests}/kube-apiserver.yaml.bak`, oldManifest),
      ],
      [
        'another one in JSON',
        'other-manifest',
        () => node.write(`${manifests}/a.json`, '{"metadata":{"name":"kube-apiserver"}}'),
      ],
      [
        'a manifest that is not what was said',
        'wrong-files',
        () => node.send({ manifest: `${newManifest}#` }),
      ],
    ] as const)
      it(`does not stage over ${what}`, async () => {
        await at('start');
        spoil();
        await refused('stage', code);
        assert.deepEqual(node.list(state), []);
      });

    it('takes no other manifest for that of an API server', async () => {
      await at('start');
      node.write(
        `${manifests}/etcd.yaml`,
        'metadata: {name: etcd, labels: {of: kube-apiserver}}\n# name: kube-apiserver\n',
      );
      node.write(
        `${manifests}/proxy.yaml`,
        'metadata:\n  name: kube-apiserver-proxy\n  labels:\n    app.kubernetes.io/name: kube-apiserver\n',
      );
      node.write(`${manifests}/.kube-apiserver.yaml.swp`, oldManifest);
      await well(node.phase('stage', stageArgs));
    });

    it('does not begin what the disk has no room for', async () => {
      await at('start');
      const { answer } = await node.phase('stage', { ...stageArgs, need: 1e12 });
      assert.ok(answer.outcome === 'refused' && answer.code === 'disk-full');
      assert.deepEqual([node.list(state), node.list(config)], [[], []]);
    });

    it('refuses arguments that it does not know or that are not what they should be', async () => {
      await at('start');
      for (const [phase, args] of [
        ['stage', { ...stageArgs, old: '../x' }],
        ['stage', { ...stageArgs, config: '../../x' }],
        ['stage', { ...stageArgs, new: stageArgs.old }],
        ['look', { ...usual.look, nonsense: 1 }],
      ] as const) {
        const { answer } = await node.phase(phase, args as never);
        assert.ok(answer.outcome === 'refused', JSON.stringify(args));
        assert.match(answer.code, /^wrong-(arguments|files)$/);
      }
      const { answer } = await node.phase('abort', {}, { run: '../../etc' });
      assert.ok(answer.outcome === 'refused' && answer.code === 'wrong-arguments');
      await well(node.phase('stage', stageArgs));
      for (const wrong of [
        { port: '6443;' },
        { address: '$(x)' },
        { service: '10.96.0.1' },
        { deadline: '' },
      ]) {
        const armed = await node.phase('arm', { ...armArgs, ...wrong } as never);
        assert.ok(
          armed.answer.outcome === 'refused' && armed.answer.code === 'wrong-arguments',
          JSON.stringify(wrong),
        );
      }
    });

    it('does not go on without a guard', async () => {
      await at('armed', { slow: 1e9 });
      road.kubelet.stop();
      await new Promise((done) => setTimeout(done, 200));
      node.pass(10);
      await refused('carry', 'guard-silent');
      await refused('swap', 'guard-silent');
      await refused('arm', 'guard-silent');
    });

    it('sends nothing to the twin where a packet filter of the node keeps connections from it', async () => {
      await at('armed', { slow: 1e9 });
      node.setShim('reached', '3 2');
      await refused('carry', 'carry-blocked');
      assert.deepEqual(redirects(node), []);
      node.setShim('reached', '3 3');
      const { answer } = await node.phase('carry', {});
      assert.deepEqual(answer, { outcome: 'ok', lines: [['arrived', '6']] }, 'of both families');
      road.kubelet.stop(); // the guard would see to it too
      await new Promise((done) => setTimeout(done, 200));
      node.setShim('reached', '4 3');
      await refused('swap', 'carry-blocked');
      await well(node.phase('abort', {}));
      assertOver(node, 'old');
    });

    it('says that nobody came to the twin, which is not a no', async () => {
      await at('armed');
      node.setShim('reached', '0 0');
      const { answer } = await node.phase('carry', {});
      assert.deepEqual(answer, { outcome: 'ok', lines: [['arrived', '0']] });
    });

    it('takes the guard away again that the kubelet does not start', async () => {
      await at('staged');
      road.kubelet.stop();
      const was = disk(node);
      const { answer } = await node.phase('arm', armArgs, { env: { NAP: '0' } });
      assert.ok(answer.outcome === 'refused' && answer.code === 'guard-silent');
      assert.deepEqual(disk(node), was);
    });

    it('does not swap when the manifest changed since, or another one came', async () => {
      await at('armed');
      node.write(`${manifests}/copy`, oldManifest);
      await refused('swap', 'other-manifest');
      node.remove(`${manifests}/copy`);
      node.write(manifestPath, `${oldManifest}# edited\n`);
      await refused('swap', 'manifest-changed');
      await well(node.phase('abort', {}));
      assert.equal(node.read(manifestPath), `${oldManifest}# edited\n`);
    });

    it('does not confirm a manifest that is not the new one', async () => {
      await at('swapped');
      node.write(manifestPath, `${newManifest}# edited\n`);
      await refused('confirm', 'manifest-changed');
    });

    it('leaves alone what somebody else made of the manifest', async () => {
      await at('swapped', { slow: 1e9 });
      node.write(manifestPath, `${newManifest}# edited\n`);
      const { answer } = await node.phase('restore', {});
      assert.ok(answer.outcome === 'failed' && answer.code === 'manifest-changed');
      assert.equal(node.read(manifestPath), `${newManifest}# edited\n`);
      await well(node.phase('settle', {}));
      assert.equal(node.read(`${state}/last`), `${run} left manifest-changed\n`);
      assert.equal(node.read(`${config}/${hash}/policy.yaml`), policy, 'it names that configuration');
      assert.equal(node.read(manifestPath), `${newManifest}# edited\n`);
    });

    it('keeps the first original, and only the configurations that are named', async () => {
      await at('swapped');
      await well(node.phase('confirm', {}));
      await road.kubelet.idle();
      node.pass(10);
      const third = newManifest.replaceAll(hash, '012345abcdef');
      node.send({ manifest: third, 'config.policy.yaml': 'rules: []\n', 'guard.yaml': 'second' });
      const args = { ...stageArgs, old: sha256(newManifest), new: sha256(third), config: '012345abcdef' };
      await well(node.phase('stage', args, { run: 'second' }));
      assert.deepEqual(node.list(config), ['012345abcdef', hash]);
      for (const phase of ['arm', 'swap', 'confirm'] as const)
        await well(node.phase(phase, usual[phase] as never, { run: 'second' }));
      assert.deepEqual(node.list(config), ['012345abcdef', hash], 'until the last node has changed');
      await well(node.phase('tidy', usual.tidy));
      assert.deepEqual(node.list(config), ['012345abcdef']);
      assert.equal(node.read(`${state}/original.yaml`), oldManifest);
    });

    it('counts the lines of a log that an id stands in', async () => {
      await at('start');
      const found = async (id: string): Promise<unknown> =>
        (await well(node.phase('find', { ...usual.find, id }))).answer.lines;
      assert.deepEqual(await found('none'), [['found', '0']]);
      node.makeFolder('/var/log/kubernetes/audit');
      node.write(usual.find.log, '{"auditID":"a-1"}\n{"auditID":"a-2"}\n{"auditID":"a-1"}\n');
      assert.deepEqual(await found('a-1'), [['found', '2']]);
      assert.deepEqual(await found('a-3'), [['found', '0']]);
    });

    it("puts the twin's log among the rotated ones", async () => {
      await at('start');
      const folder = '/var/log/kubernetes/audit';
      node.makeFolder(folder);
      await well(node.phase('twin-log', usual['twin-log']));
      node.write(`${folder}/audit.log`, 'real\n');
      node.write(`${folder}/audit-twin.log`, 'last\n');
      node.write(`${folder}/audit-twin-2026-11-22T10-00-00.123.log`, 'first\n');
      await well(node.phase('twin-log', usual['twin-log']));
      node.write(`${folder}/audit-twin.log`, 'another\n');
      await well(node.phase('twin-log', usual['twin-log']));
      const texts = node.list(folder).map((name) => {
        assert.match(name, /^audit(-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3})?\.log$/);
        return node.read(`${folder}/${name}`);
      });
      assert.deepEqual(texts.sort(), ['another\n', 'first\n', 'last\n', 'real\n']);
    });

    it("deletes the twin's log where the change was not made", async () => {
      await at('start');
      const folder = '/var/log/kubernetes/audit';
      const drop = { log: `${folder}/events.json`, drop: 'yes' } as const;
      await well(node.phase('twin-log', drop));
      node.makeFolder(folder);
      for (const name of ['events-twin.json', 'events-twin-2026-11-22T10-00-00.123.json', 'events.json'])
        node.write(`${folder}/${name}`, '');
      await well(node.phase('twin-log', drop));
      assert.deepEqual(node.list(folder), ['events.json']);
      node.remove(`${folder}/events.json`);
      await well(node.phase('twin-log', drop));
      assert.deepEqual(node.list('/var/log/kubernetes'), []);
    });

    it('removes everything of ours, and neither logs nor files that a user keeps beside ours', async () => {
      await at('swapped');
      await well(node.phase('confirm', {}));
      await road.kubelet.idle();
      node.pass(10);
      await refused('remove', 'in-use');
      node.write(
        manifestPath,
        `${oldManifest}# --audit-policy-file=/etc/kubernetes/sematext-audit/policy.yaml\n`,
      );
      node.write('/etc/kubernetes/sematext-audit/policy.yaml', '');
      node.makeFolder('/var/log/kubernetes/audit');
      node.write('/var/log/kubernetes/audit/audit.log', '');
      await well(node.phase('remove', usual.remove));
      assert.deepEqual(node.list('/etc/kubernetes/sematext-audit'), ['policy.yaml']);
      node.remove('/etc/kubernetes/sematext-audit/policy.yaml');
      node.write(manifestPath, oldManifest);
      await well(node.phase('remove', usual.remove));
      assert.deepEqual([node.list('/etc/kubernetes'), node.list('/var/lib')], [['manifests'], []]);
      assert.deepEqual(node.list('/var/log/kubernetes/audit'), ['audit.log']);
    });

    it('tells what leads to service addresses', async () => {
      await at('start');
      const proxy = async (): Promise<string> => (await node.look()).serviceProxy;
      assert.equal(await proxy(), 'other');
      for (const mode of ['iptables', 'nftables']) {
        node.setShim('proxy', mode);
        assert.equal(await proxy(), mode);
      }
      node.write('/proc/net/dev', '    lo: 1 2\nkube-ipvs0: 0 0\n');
      assert.equal(await proxy(), 'ipvs');
    });

    it('tells what is on the node', async () => {
      await at('carried');
      const look = await node.look();
      assert.deepEqual(look.manifest, { path: manifestPath, sha256: sha256(oldManifest), text: oldManifest });
      assert.deepEqual(look.open, { run, state: 'carried', decision: undefined, reason: undefined });
      assert.deepEqual(look.files, [{ hash, name: 'policy.yaml', sha256: sha256(policy) }]);
      assert.deepEqual([look.carry, look.carried, look.guard], ['nft', true, { armed: true, alive: true }]);
      assert.deepEqual(look.listening, [6443, 7443]);
      assert.ok(look.free.etc > 0 && look.free.var > 0 && look.free.log > 0);
      assert.deepEqual(
        [look.original, look.applied, look.last, look.others],
        [undefined, undefined, undefined, []],
      );
      await well(node.phase('swap', {}));
      await well(node.phase('confirm', {}));
      node.write(`${manifests}/a-copy`, oldManifest);
      const then = await node.look();
      assert.deepEqual(then.original, { sha256: sha256(oldManifest), text: oldManifest });
      assert.equal(then.applied, sha256(newManifest));
      assert.deepEqual(then.last, { run, outcome: 'confirmed', reason: undefined });
      assert.deepEqual([then.open, then.carried, then.others], [undefined, false, [`${manifests}/a-copy`]]);
    });
  });
