// What commands print for scripts is a contract: every document is held against its schema under docs/schema, and
// every class of outcome against its exit number. The shipped program runs; API server and Sematext are embedded.
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { valid } from './documents.ts';
import { openPlace } from './run.ts';
import type { Place } from './run.ts';

describe('documents for scripts', function () {
  this.timeout(60_000);
  let place: Place;
  const open = async (options?: Parameters<typeof openPlace>[0]): Promise<Place> =>
    (place = await openPlace(options));
  afterEach(() => place.stop());

  it('the story of AuditSinks, each document by its schema and each exit by its class', async () => {
    const { run } = await open();
    const story: [line: string, schema: string, exit: number, has: Record<string, unknown>][] = [
      ['status', 'status.v1', 3, { state: 'off', healthy: false }],
      ['enable --dynamic --dry-run', 'enable.v1', 0, { outcome: 'planned' }],
      ['enable --dynamic', 'enable.v1', 0, { outcome: 'enabled' }],
      ['enable --no-wait', 'enable.v1', 0, { outcome: 'unchanged' }],
      ['status', 'status.v1', 0, { state: 'delivering', healthy: true }],
      ['test-event', 'test-event.v1', 0, { verdict: 'delivered' }],
      ['test-event --direct', 'test-event.v1', 0, { verdict: 'delivered' }],
      ['disable --dry-run', 'disable.v1', 0, { outcome: 'planned' }],
      ['disable', 'disable.v1', 0, { outcome: 'disabled' }],
      ['disable', 'disable.v1', 0, { outcome: 'nothing-to-do' }],
    ];
    for (const [line, schema, exit, has] of story) {
      const ran = await run(`${line} -o json`);
      const document = valid(ran);
      assert.equal(ran.exit, exit, `${line}: ${ran.stderr}`);
      assert.equal(document.schema, schema);
      for (const [name, value] of Object.entries(has)) assert.deepEqual(document[name], value, line);
    }
  });

  it('what a newer server cannot have', async () => {
    const { run } = await open({ version: '1.37.2' });
    for (const [line, backend] of [
      ['enable --dynamic', 'dynamic'],
      ['enable --distribution k3s', 'webhook'],
    ] as const) {
      const ran = await run(`${line} -o json`);
      const document = valid(ran);
      assert.deepEqual([ran.exit, document['outcome']], [6, 'refused']);
      assert.equal((document['backend'] as { name: string }).name, backend);
      assert.equal('byHand' in document, backend === 'webhook');
    }
  });

  it('a failure is a document too, on stdout, and words on stderr', async () => {
    const { run, api } = await open();
    await api.stop();
    const ran = await run('status -o json');
    const error = valid(ran)['error'] as { code: string; exit: number };
    assert.deepEqual([ran.exit, error.code, error.exit], [4, 'cluster-unreachable', 4]);
    assert.match(ran.stderr, /cannot be reached/);
  });

  it('without a key nothing is verified, and that is no success', async () => {
    const { run } = await open();
    const ran = await run('enable --dynamic -o json', { SEMATEXT_API_KEY: undefined });
    const proof = valid(ran)['proof'] as { verdict: string };
    assert.deepEqual([ran.exit, proof.verdict], [3, 'not-verified']);
  });

  it('-o yaml of enable is the AuditSink alone, the same each time, with a slot for the token', async () => {
    const { run } = await open();
    const first = await run('enable --dynamic --dry-run -o yaml');
    assert.equal(first.stdout, (await run('enable --dynamic --dry-run -o yaml')).stdout);
    const sink = parse(first.stdout) as {
      kind: string;
      spec: { webhook: { clientConfig: { url: string } } };
    };
    assert.deepEqual([first.exit, sink.kind], [0, 'AuditSink']);
    assert.match(sink.spec.webhook.clientConfig.url, /\/\$\{LOGS_TOKEN\}\/$/);
    assert.deepEqual(
      place.api.objects.all().filter(({ kind }) => kind === 'AuditSink'),
      [],
    );
  });

  it('JUnit and wide', async () => {
    const { run } = await open();
    const { exit, stdout } = await run('status -o junit');
    assert.equal(exit, 3);
    assert.match(
      stdout,
      /^<\?xml [^]*<testsuite name="sematext-audit status"[^]*<failure [^]*<\/testsuites>\n$/,
    );
    assert.match((await run('status -o wide')).stdout, /\[backend-configured\]/);
  });

  it('--watch looks again, and ends with 130 on Ctrl-C', async () => {
    const { run } = await open();
    const ran = await run('status --watch --every 100ms', {}, (all, end) => {
      if (all.split('Audit logs:').length > 3) end();
    });
    assert.equal(ran.exit, 130, ran.stderr);
  });

  it('--wait ends as soon as it is well', async () => {
    const { run } = await open();
    await run('enable --dynamic --no-wait');
    const [ran] = await Promise.all([run('status --wait --timeout 40s -o json'), run('test-event')]);
    assert.deepEqual([ran.exit, valid(ran)['state']], [0, 'delivering']);
  });

  it('the demo', async () => {
    const { run } = await open();
    const ran = await run('demo -o json', { KUBEBUILDER_ASSETS: undefined });
    assert.deepEqual([ran.exit, valid(ran)['asExpected']], [0, true]);
  });
});
