// `tail --source api-server` on a real kubeadm node whose API server writes its events to its container's log: under
// load, while the kubelet rotates that log and the container is killed and started again, every event that the node has
// in its files is shown once.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Reader } from '../../../src/audit/event/shapes.ts';
import { shown, startCli } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startNode, type Node } from '../support/node.ts';
import { load } from '../support/load.ts';
import { manifestOf } from '../support/node/left.ts';
import { targetOf } from '../support/pollers.ts';
import { assertEachOnce, keysIn } from '../support/shown.ts';

const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: Metadata
`;

/** Turns auditing on by hand, to standard output; the folder of the certificates is mounted anyhow. */
async function writeToLog(node: Node): Promise<void> {
  await node.exec(`
    cat >/etc/kubernetes/pki/audit-policy.yaml <<'EOF'
${policy}EOF
    sed 's|^    - kube-apiserver$|&\\n    - --audit-log-path=-\\n    - --audit-policy-file=/etc/kubernetes/pki/audit-policy.yaml|' \\
      ${node.manifests}/kube-apiserver.yaml >/tmp/kube-apiserver.yaml
    mv /tmp/kube-apiserver.yaml ${node.manifests}/kube-apiserver.yaml`);
  assert.match(await readFile(manifestOf(node), 'utf8'), /audit-log-path=-/);
  // the kubelet shows the new mirror pod some time after the new container runs
  const pods = ['-n=kube-system', '-lcomponent=kube-apiserver'];
  await eventually({
    what: 'the API server to write its events, and its mirror pod to say so',
    timeoutMs: 180_000,
    ask: async () => {
      const log = await node.kubectl(['logs', ...pods, '--tail=50']);
      const pod = await node.kubectl([
        'get',
        'pods',
        ...pods,
        '-o=jsonpath={.items[*].spec.containers[*].command}',
      ]);
      return (log.stdout.includes('"kind":"Event"') && pod.stdout.includes('audit-log-path=-')) || undefined;
    },
  });
}

/** The files of the container's log, rotated or not. */
async function logFiles(node: Node): Promise<string[]> {
  const pods = node.path('/var/log/pods');
  const [pod] = (await readdir(pods)).filter((name) => name.startsWith('kube-system_kube-apiserver-'));
  assert.ok(pod);
  const folder = join(pods, pod, 'kube-apiserver');
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/** Every event in them, by auditID and stage. */
async function written(node: Node): Promise<string[]> {
  const keys: string[] = [];
  for (const file of await logFiles(node)) {
    const bytes = await readFile(file);
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    const events = new Reader(false, { mixed: true }).read({ text, numbers: (index) => index });
    keys.push(...events.map(({ auditId, stage }) => `${auditId} ${stage}`));
  }
  return keys;
}

describe('tail --source api-server on a real kubeadm node', function () {
  this.timeout(500_000);
  let node: Node;
  before(async () => {
    node = await startNode({ gracePeriod: 5 });
    await writeToLog(node);
    const part1 = (await readFile('docs/permissions-tail.yaml', 'utf8')).split('# Part 2')[0];
    const { code, stderr } = await node.kubectl(['apply', '-f', '-'], part1);
    assert.equal(code, 0, stderr);
  });
  after(() => node?.stop());

  // as somebody who has the permissions that the docs name, and no others
  const tail = [
    'tail',
    '--no-input',
    '--as=audit-reader',
    '--source=api-server',
    '--since=1h',
    '--all-stages',
    '-o',
    'json',
  ];
  it('shows every event once, while the log is rotated and the container is killed', async () => {
    const run = await startCli([...tail, '-f'], { kubeconfig: node.kubeconfig, apiKey: '', token: '' });
    const target = await targetOf(node);
    await load(target, 8_000, 400);
    await eventually({
      what: 'the kubelet to rotate the log',
      timeoutMs: 60_000,
      ask: async () => (await logFiles(node)).some((file) => file.includes('0.log.')) || undefined,
    });
    await load(target, 1_000, 400);
    const { stdout: pid } = await node.exec('pidof kube-apiserver');
    await node.exec(`kill -9 ${pid}`);
    await eventually({
      what: 'another container of the API server',
      timeoutMs: 120_000,
      ask: async () => (await node.kubectl(['get', '--raw=/readyz'])).code === 0 || undefined,
    });
    await load(target, 1_000, 400);
    const all = await written(node);
    assert.ok(all.length > 16_000, `${all.length} events`);
    await eventually({
      what: 'all events to be shown',
      timeoutMs: 120_000,
      ask: async () => keysIn(run.shown()).length >= all.length || undefined,
    }).catch(() => undefined); // what is missing is told below
    run.kill('SIGINT');
    const end = await run.ended;
    const had = keysIn(end.stdout);
    assertEachOnce(had, all, end.stderr);
    assert.equal(end.code, 130, shown({ ...end, stdout: '' }));
    assert.match(end.stderr, /It is asked for again and again\.\n.*its log is read again\./s);
  });

  it('says what is known of lost events, and counts what the log still has', async () => {
    const end = await startCli([...tail.slice(0, 5), '--summary', '-o', 'json'], {
      kubeconfig: node.kubeconfig,
      apiKey: '',
      token: '',
    }).then((run) => run.ended);
    assert.equal(end.code, 0, shown(end));
    const { events } = JSON.parse(end.stdout) as { events: number };
    assert.ok(events > 1_000, shown(end));
  });
});
