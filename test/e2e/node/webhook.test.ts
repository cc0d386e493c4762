// The main road on a real kubeadm node: enable --webhook rehearses, carries, swaps and proves while clients keep asking;
// disable brings the manifest back byte for byte and leaves nothing.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { secrets } from '../../support/secrets.ts';
import { resultOf, startCli, type End } from '../support/cli.ts';
import { startNode, type Node } from '../support/node.ts';
import { startPollers, type Pollers } from '../support/pollers.ts';
import { startSematext, type Sematext } from '../support/sematext.ts';

const manifestPath = '/etc/kubernetes/manifests/kube-apiserver.yaml';

describe('enable --webhook on a real kubeadm node', function () {
  this.timeout(600_000);
  let node: Node;
  let sematext: Sematext;
  let pollers: Pollers;
  let manifest: string;
  let kubeadm: string;

  const manifestNow = (): Promise<string> => readFile(node.path(manifestPath), 'utf8');
  const kubeadmNow = async (): Promise<string> =>
    (await node.kubectl(['get', 'cm', 'kubeadm-config', '-n=kube-system', '-o=jsonpath={.data}'])).stdout;
  const run = async (command: string, ...flags: string[]): Promise<End> => {
    const sink =
      command === 'disable'
        ? []
        : [`--receiver-url=${sematext.receiverUrl}`, `--search-url=${sematext.searchUrl}`];
    const { ended } = await startCli([command, '--no-input', ...sink, ...flags], {
      kubeconfig: node.kubeconfig,
    });
    return ended;
  };
  const traces = async (): Promise<string> =>
    (
      await node.exec(
        'ls -d /etc/kubernetes/sematext-audit /var/lib/sematext-audit* /etc/kubernetes/manifests/*sematext* 2>/dev/null || true; nft list tables | grep sematext || true',
      )
    ).stdout.trim();

  before(async () => {
    node = await startNode();
    sematext = await startSematext({ apiKey: secrets.apiKey, address: node.network.hostAddress });
    [manifest, kubeadm] = await Promise.all([manifestNow(), kubeadmNow()]);
  });
  after(async () => {
    await (sematext as Sematext | undefined)?.stop();
    await (node as Node | undefined)?.stop();
  });

  it('shows the plan with the diff of every file, and changes nothing', async () => {
    const { code, stdout, stderr } = await run('enable', '--webhook', '--dry-run');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Change the API server on control-1 \(no outage expected\)/);
    assert.match(stdout, /^\+ +- --audit-webhook-config-file=\/etc\/kubernetes\/sematext-audit\//m);
    assert.match(stdout, /^\+ +server: ".*\$\{LOGS_TOKEN\}"$/m);
    assert.equal(await manifestNow(), manifest);
    assert.equal(await traces(), '');
  });

  it('turns it on while everybody is served', async () => {
    pollers = await startPollers({
      from: 'outside',
      url: node.url,
      kubeconfig: node.kubeconfig,
      clients: ['new-connections', 'kept-http2', 'lists'],
    });
    const { result } = resultOf('enable', await run('enable', '--webhook', '-o=json'));
    assert.equal(result?.outcome, 'enabled');
    assert.equal(result.proof?.verdict, 'delivered');
    const seen = await pollers.stop();
    for (const [who, { asked, failed, firstErrors }] of Object.entries(seen)) {
      assert.ok(asked > 100, `${who} asked ${asked} times`);
      // one connection in the very moment of a handover may be cut, and is tried again by every client
      assert.ok(failed <= 1, `${who}: ${failed} failed: ${firstErrors.join('; ')}`);
    }
  });

  it('keeps the change in kubeadm-config, and is healthy', async () => {
    assert.match(await kubeadmNow(), /audit-webhook-config-file/);
    const { result } = resultOf('status', await run('status', '--skip=billed-once', '-o=json'));
    const bad = result?.checks.filter(({ result: said }) => said === 'bad');
    assert.deepEqual(bad, []);
    assert.equal(result?.state, 'delivering');
  });

  it('has nothing to do when asked again', async () => {
    const { result } = resultOf('enable', await run('enable', '--webhook', '-o=json'));
    assert.equal(result?.outcome, 'unchanged');
  });

  it('is taken back byte for byte, and leaves nothing', async () => {
    const { result } = resultOf('disable', await run('disable', '-o=json'));
    assert.equal(result?.outcome, 'disabled');
    assert.equal(await manifestNow(), manifest);
    assert.equal(await kubeadmNow(), kubeadm);
    assert.equal(await traces(), '');
    const { stdout } = await node.kubectl([
      'get',
      'pods,cm,secret',
      '-A',
      '-l=app.kubernetes.io/managed-by=kubectl-sematext-audit',
      '-o=name',
    ]);
    assert.equal(stdout, '');
  });
});
