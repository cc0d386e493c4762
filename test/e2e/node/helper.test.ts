// The node script on a real node, by helper pods and nothing else: the kubelet runs the guard, the kernel carries.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { twinPod } from '../../../src/audit/target/twin.ts';
import { nodeScripts } from '../../../src/io/scripts.ts';
import { guardManifest, helperPod, secretFor } from '../../../src/node/helper-pod.ts';
import { nodeLook, type NodeLook } from '../../../src/node/look.ts';
import { parseAnswer, phaseArguments } from '../../../src/node/protocol.ts';
import type { Phase, PhaseAnswer, PhaseArguments } from '../../../src/node/protocol.ts';
import { eventually } from '../support/eventually.ts';
import { startNode, type Node } from '../support/node.ts';

const folder = '/etc/kubernetes/manifests';
const path = `${folder}/kube-apiserver.yaml`;
const image = 'registry.k8s.io/kube-apiserver:v1.37.2';
const hash = 'abcdef012345';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the node script on a real node', function () {
  this.timeout(300_000);
  let node: Node;
  let old: string;
  let run = 'aaaaaaaa-0000';
  let secrets = 0;

  const kubectl = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await node.kubectl(args, input);
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const create = (object: object): Promise<string> => kubectl(['create', '-f', '-'], JSON.stringify(object));
  const manifest = (): Promise<string> => readFile(node.path(path), 'utf8');
  /** The manifest with one more flag. */
  const withFlag = (flag: string): string =>
    old.replace('    - --secure-port', `    - ${flag}\n    - --secure-port`);
  const until = (what: string, isSo: () => Promise<boolean>): Promise<unknown> =>
    eventually({ what, timeoutMs: 150_000, ask: async () => (await isSo()) || undefined });
  /** What a program on the node says; nothing when it fails. */
  const onNode = async (script: string): Promise<string> =>
    (await node.exec(`{ ${script}; } || true`)).stdout;

  async function phase<P extends Phase>(
    name: P,
    args: PhaseArguments[P],
    files: Readonly<Record<string, string>> = {},
  ): Promise<PhaseAnswer> {
    const secret = `${name}-${(secrets += 1)}`;
    const words = phaseArguments(name, run, args);
    const pod = helperPod({ run, node: node.name, arch: 'amd64', image, phase: name, args: words, secret });
    await create(secretFor({ run, name: secret, files: { ...(await nodeScripts()), ...files } }));
    await create(pod);
    const at = [pod.metadata.name, '-n=sematext-audit'];
    // The API server may be away meanwhile.
    let log = '';
    await until(`${pod.metadata.name} to end, and its log`, async () => {
      const { stdout } = await node.kubectl(['get', 'pod', ...at, '-o=jsonpath={.status.phase}']);
      if (!/Succeeded|Failed/.test(stdout)) return false;
      const logs = await node.kubectl(['logs', ...at]);
      log = logs.stdout;
      return logs.code === 0 && (await node.kubectl(['delete', 'pod', ...at, '--grace-period=1'])).code === 0;
    });
    return parseAnswer(log);
  }
  const well: typeof phase = async (name, args, files) => {
    const answer = await phase(name, args, files);
    assert.equal(answer.outcome, 'ok', `${name}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const look = async (): Promise<NodeLook> => {
    const seen = nodeLook(await well('look', { folder, log: '/var/log' }));
    assert.ok(seen !== undefined);
    return seen;
  };
  const stage = async (next: string, name: string): Promise<void> => {
    run = name;
    const args = { manifest: path, old: sha256(old), new: sha256(next), config: hash, need: 100 };
    await well('stage', args, { manifest: next, 'config.policy.yaml': 'rules: []\n' });
  };
  const arm = async (deadline: number, twin: number | undefined): Promise<void> => {
    const guard = guardManifest({ run, image, arch: 'amd64', folder });
    const args = { deadline, twin, port: 6443, address: node.address, service: '10.96.0.1:443' };
    await well('arm', args, { 'guard.yaml': guard });
  };
  /** Asked on loopback, where no redirect is. */
  const serves = (flag: string): Promise<unknown> =>
    until(`an API server with ${flag} to serve`, async () => {
      const running = await onNode('cat /proc/$(pidof kube-apiserver)/cmdline | tr "\\0" "\\n"');
      return (
        running.split('\n').includes(flag) &&
        (await onNode('curl -ks https://127.0.0.1:6443/readyz')) === 'ok'
      );
    });
  /** Nothing of ours is left but the configuration that the manifest in force needs, and the account of it. */
  const nothingLeft = async (configurations: string): Promise<void> => {
    await until("the guard's pod to go", async () => {
      const { code, stdout } = await node.kubectl(['get', 'pods', '-n=kube-system', '-o=name']);
      return code === 0 && !stdout.includes('guard');
    });
    const left = await onNode(`ls -A ${folder} /var/lib/sematext-audit; nft list tables`);
    assert.doesNotMatch(left, /sematext-audit-guard|\.sematext|^tx|guard\.sh|sematext_audit/m);
    assert.equal((await onNode('ls /etc/kubernetes/sematext-audit 2>/dev/null')).trim(), configurations);
  };

  before(async () => {
    node = await startNode({ gracePeriod: 5 });
    old = await manifest();
    const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' };
    await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'sematext-audit', labels } });
  });
  after(() => (node as Node | undefined)?.stop());

  it('looks', async () => {
    const seen = await look();
    assert.deepEqual(seen.manifest, { path, sha256: sha256(old), text: old });
    assert.deepEqual([seen.others, seen.open, seen.carry, seen.carried], [[], undefined, 'nft', false]);
    assert.ok(seen.listening.includes(6443) && seen.listening.includes(2379));
    assert.equal(seen.arch, 'amd64');
  });

  it('arms a guard that the kubelet runs, and aborts', async () => {
    await stage(withFlag('--v=1'), 'aaaaaaaa-0001');
    await arm(120, undefined);
    const seen = await look();
    assert.deepEqual([seen.open?.state, seen.guard], ['armed', { armed: true, alive: true }]);
    await well('abort', {});
    assert.equal(await manifest(), old);
    await nothingLeft('');
  });

  for (const [what, next, deadline, reason] of [
    [
      'ends at once',
      '--no-such-flag',
      200,
      /^the API server ends again and again: .*unknown flag: --no-such-flag/,
    ],
    ['nobody confirms', '--v=2', 30, /^not confirmed within 30 s$/],
  ] as const)
    it(`puts the old manifest back by the guard when the new one ${what}`, async () => {
      await stage(withFlag(next), `aaaaaaaa-${deadline}`);
      await arm(deadline, undefined);
      const swapped = until('the manifest to be swapped', async () => (await manifest()) === withFlag(next));
      const answered = well('swap', {});
      await swapped;
      await until('the old manifest to be back', async () => (await manifest()) === old);
      await answered;
      await serves('--secure-port=6443');
      await nothingLeft('');
      const { last } = await look();
      assert.equal(last?.outcome, 'restored');
      assert.match(last?.reason ?? '', reason);
    });

  it('carries, swaps and confirms', async () => {
    const next = withFlag('--v=3').replace('metadata:\n', `metadata: # ${hash}\n`);
    await stage(next, 'aaaaaaaa-0003');
    const twin = twinPod(next, { run, node: node.name, port: 7443 });
    await create(twin);
    await until(
      'the twin to serve',
      async () => (await onNode('curl -ks https://127.0.0.1:7443/readyz')) === 'ok',
    );
    await arm(300, 7443);
    await well('carry', {});
    await well('swap', {});
    assert.equal(await manifest(), next);
    assert.equal((await look()).open?.state, 'swapped', 'helper pods go on, through the twin');
    await kubectl(['get', '--raw=/readyz']);
    await until('the new API server to serve', async () => {
      return (await onNode('curl -ks https://127.0.0.1:6443/readyz')) === 'ok';
    });
    await well('confirm', {});
    await kubectl(['delete', 'pod', '-n=sematext-audit', twin.metadata.name, '--grace-period=1']);
    await serves('--v=3');
    await nothingLeft(hash);
    const seen = await look();
    assert.equal(seen.last?.outcome, 'confirmed');
    assert.deepEqual([seen.original?.text, seen.applied], [old, sha256(next)]);
  });
});
