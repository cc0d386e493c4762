// Kubernetes 1.18, whose API server honours no AuditSink until it has three switches: enable --dynamic --set-switches
// sets them on the road of the static backends, then makes the AuditSink; disable takes both back.
import assert from 'node:assert/strict';
import { secrets } from '../../support/secrets.ts';
import { shown } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startNode, type Node } from '../support/node.ts';
import { assertNothingLeft, manifestNow } from '../support/node/left.ts';
import { markedOn } from '../support/node/marked.ts';
import { masquerade } from '../support/node/masquerade.ts';
import { operatorOn, type NodeOperator } from '../support/node/operator.ts';
import { assertServed, whileAsked } from '../support/node/while-asked.ts';
import type { PollersOptions } from '../support/pollers.ts';
import { startSematext, type Sematext } from '../support/sematext.ts';

describe('enable --dynamic --set-switches on a real node of 1.18', function () {
  this.timeout(600_000);
  let node: Node;
  let sematext: Sematext;
  let operator: NodeOperator;
  let manifest: string;
  // An AuditSink sends every request, one by one, ten a second at most: clients that ask more would be all it sends.
  // Up to 1.18 an API server ends without waiting until its last answers are sent: a write on a kept connection may be
  // cut by the end of the real one, and of the twin (docs/what-real-servers-do.md).
  const spared = { 'outside writes': 2 };
  const clients = (): PollersOptions[] => {
    const at = { url: node.url, kubeconfig: node.kubeconfig, everyMs: 1000 };
    return [
      { ...at, from: 'outside', clients: ['new-connections', 'kept-http2', 'writes', 'new-writes'] },
      { ...at, from: 'node', netns: node.netns(), clients: ['new-connections'] },
    ];
  };

  before(async () => {
    node = await startNode({ version: '1.18.19' });
    await masquerade(node);
    sematext = await startSematext({ apiKey: secrets.apiKey, address: node.network.hostAddress });
    operator = operatorOn(node, sematext);
    manifest = await manifestNow(node);
  });
  after(async () => {
    await (sematext as Sematext | undefined)?.stop();
    await (node as Node | undefined)?.stop();
  });

  it('sets them while everybody is served, and proves that events arrive', async () => {
    const { done, seen } = await whileAsked('enable --dynamic, 1.18', clients(), () =>
      operator.run('enable', '--dynamic', '--set-switches'),
    );
    assert.equal(done.code, 0, shown(done));
    assert.deepEqual([done.result.outcome, done.result.proof?.verdict], ['enabled', 'delivered']);
    const text = await manifestNow(node);
    assert.match(text, /--audit-dynamic-configuration=true/);
    assert.match(text, /--feature-gates=DynamicAuditing=true/);
    assert.match(text, /--runtime-config=auditregistration\.k8s\.io\/v1alpha1=true/);
    assertServed(seen, 40, spared);
  });

  it('brings the events of others by the AuditSink', async () => {
    const id = await markedOn(node);
    const [event] = await eventually({
      what: `the event ${id}`,
      timeoutMs: 90_000,
      everyMs: 1000,
      ask: async () => {
        const events = await sematext.eventsWith(secrets.token, id);
        return events.length > 0 ? events : undefined;
      },
    });
    assert.equal((event?.['user'] as { username: string }).username, 'system:anonymous');
  });

  it('is taken back byte for byte while everybody is served, and leaves nothing', async () => {
    const { done, seen } = await whileAsked('disable, 1.18', clients(), () => operator.run('disable'));
    assert.equal(done.code, 0, shown(done));
    assert.equal(done.result.outcome, 'disabled');
    assert.equal(await manifestNow(node), manifest);
    await assertNothingLeft(node, [node]);
    assert.notEqual((await node.kubectl(['get', 'auditsinks'])).code, 0);
    assertServed(seen, 40, spared);
  });
});
