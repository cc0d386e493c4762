// The files and flags of the static webhook, and what is refused of its settings.
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { ownFlags } from '../../../src/audit/backend/own-flags.ts';
import {
  defaultWebhookSettings,
  webhookChange,
  webhookProblems,
} from '../../../src/audit/backend/webhook.ts';
import type { WebhookSettings } from '../../../src/audit/backend/webhook.ts';
import type { Change } from '../../../src/audit/change.ts';
import { sinkOf } from '../../../src/audit/sink/sematext.ts';
import type { Sink } from '../../../src/audit/sink/sematext.ts';
import { euSink, version } from '../../support/facts.ts';
import { flagOf, under } from './circumstances.ts';

const policy = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n';
const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const own = sinkOf('us', 'https://receiver.example.com:8443/base/');

const changeOf = (settings: Partial<WebhookSettings> = {}, sink: Sink = euSink): Change =>
  webhookChange(settings, sink, policy, under());

function kubeconfigOf(change: Change): Record<string, unknown> {
  const [, file] = change.files;
  assert.equal(file?.name, 'webhook.kubeconfig');
  return parse(file.content) as Record<string, unknown>;
}

describe('the change of the webhook backend', () => {
  it('has the policy as it was given', () =>
    assert.deepEqual(changeOf().files[0], { name: 'policy.yaml', content: policy }));

  it('has a kubeconfig with the slot in the path, no slash behind it, and a current context', () =>
    assert.deepEqual(kubeconfigOf(changeOf()), {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'sematext',
          cluster: { server: 'https://logsene-k8s-audit-receiver.eu.sematext.com/${LOGS_TOKEN}' },
        },
      ],
      contexts: [{ name: 'sematext', context: { cluster: 'sematext' } }],
      'current-context': 'sematext',
    }));

  it('knows a receiver, an authority and a proxy of one’s own', () => {
    const ca = `key\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n# é\n${certificate}${certificate}`;
    const { clusters } = kubeconfigOf(changeOf({ ca, proxyUrl: 'http://proxy.example.com:3128' }, own)) as {
      clusters: [{ cluster: Record<string, string> }];
    };
    const { 'certificate-authority-data': data = '', ...cluster } = clusters[0].cluster;
    assert.equal(Buffer.from(data, 'base64').toString(), certificate + certificate, 'certificates, no key');
    assert.deepEqual(cluster, {
      server: 'https://receiver.example.com:8443/base/${LOGS_TOKEN}',
      'proxy-url': 'http://proxy.example.com:3128',
    });
  });

  it('has exactly these flags', () => {
    const { flags, hash } = changeOf();
    assert.match(hash ?? '', /^[0-9a-f]{12}$/);
    assert.deepEqual(flags, [
      ['audit-policy-file', `/etc/kubernetes/sematext-audit/${hash}/policy.yaml`],
      ['audit-webhook-config-file', `/etc/kubernetes/sematext-audit/${hash}/webhook.kubeconfig`],
      ['audit-webhook-version', 'audit.k8s.io/v1'],
      ['audit-webhook-mode', 'batch'],
      ['audit-webhook-batch-buffer-size', '10000'],
      ['audit-webhook-batch-max-size', '100'],
      ['audit-webhook-batch-max-wait', '5s'],
      ['audit-webhook-batch-throttle-enable', 'true'],
      ['audit-webhook-batch-throttle-qps', '20'],
      ['audit-webhook-batch-throttle-burst', '40'],
      ['audit-webhook-initial-backoff', '10s'],
      ['audit-webhook-truncate-enabled', 'true'],
      ['audit-webhook-truncate-max-event-size', '61440'],
      ['audit-webhook-truncate-max-batch-size', '10485760'],
    ]);
  });

  it('has a flag for each setting', () => {
    const chosen = {
      batchEvents: 11,
      batchSeconds: 12,
      bufferedEvents: 13,
      batchesPerSecond: 14,
      burst: 15,
      backoffSeconds: 16,
      eventBytes: 5000,
    };
    const { flags } = changeOf(chosen);
    const values = flags.map(([, value]) => value);
    for (const value of ['11', '12s', '13', '14', '15', '16s', '5000'])
      assert.ok(values.includes(value), value);
  });

  it('writes to no folder', () => assert.equal(changeOf().writes, undefined));

  it('names each of its flags once as its own', () => {
    const names = changeOf().flags.map(([name]) => name);
    assert.deepEqual([...ownFlags.webhook].sort(), [...new Set(names)].sort());
  });
});

describe('the hash of a configuration', () => {
  const base = changeOf().hash;
  const others: readonly (readonly [what: string, change: Change])[] = [
    ['another policy', webhookChange({}, euSink, `${policy}# x\n`, under())],
    ['another receiver', changeOf({}, own)],
    ['another authority', changeOf({ ca: certificate })],
    ['another token', webhookChange({}, euSink, policy, under({ fingerprint: 'ba9876543210' }))],
  ];
  for (const [what, { hash, flags }] of others)
    it(`is another for ${what}, and so are the paths`, () => {
      assert.notEqual(hash, base);
      assert.ok(flagOf(flags, 'audit-policy-file')?.includes(`/${hash}/`));
    });
  it('is the same for other flags alone, and for the same again', () => {
    assert.equal(changeOf({ batchEvents: 50 }).hash, base);
    assert.equal(changeOf().hash, base);
  });
});

type Asked = readonly [
  what: string,
  settings: Partial<WebhookSettings>,
  said: RegExp,
  sink?: Sink,
  server?: string,
];
const wrong: readonly Asked[] = [
  [
    'no event in a batch',
    { batchEvents: 0 },
    /^batchEvents must be a whole number from 1 to 10000, and is 0$/,
  ],
  ['part of an event', { batchEvents: 1.5 }, /^batchEvents .* 1\.5$/],
  [
    'a batch above the buffer',
    { batchEvents: 100, bufferedEvents: 99 },
    /^batchEvents must not be above bufferedEvents$/,
  ],
  ['no wait', { batchSeconds: 0 }, /^batchSeconds/],
  ['no buffer', { bufferedEvents: -1, batchEvents: -1 }, /^batchEvents.*\n.*bufferedEvents/],
  ['no throttle', { batchesPerSecond: 0 }, /^batchesPerSecond/],
  ['no burst', { burst: 0 }, /^burst/],
  ['no backoff', { backoffSeconds: NaN }, /^backoffSeconds .* NaN$/],
  ['events of nothing', { eventBytes: 100 }, /^eventBytes must be a whole number from 4096 to 10485760/],
  ['events above the batch', { eventBytes: 10_485_761 }, /^eventBytes/],
  ['a proxy on 1.18', { proxyUrl: 'http://p:1' }, /HTTPS_PROXY/, euSink, 'v1.18.19'],
  ['a proxy with a password', { proxyUrl: 'http://a:b@p:1' }, /user or password/],
  ['a proxy of another kind', { proxyUrl: 'ftp://p:1' }, /http, https or socks5/],
  ['no proxy', { proxyUrl: 'p' }, /http, https or socks5/],
  ['a key for an authority', { ca: '-----BEGIN PRIVATE KEY-----' }, /certificate in PEM/],
  ['an authority for http', { ca: certificate }, /https only/, sinkOf('us', 'http://r:1')],
];

describe('webhookProblems', () => {
  for (const [what, settings, said, sink = euSink, server = 'v1.37.2'] of wrong)
    it(`sees ${what}`, () => assert.match(webhookProblems(settings, sink, version(server)).join('\n'), said));

  const right: readonly (readonly [what: string, settings: Partial<WebhookSettings>, server: string])[] = [
    ['the defaults', {}, 'v1.13.0'],
    ['the defaults, said', defaultWebhookSettings, 'v1.37.2'],
    ['a proxy on 1.19', { proxyUrl: 'socks5://p:1' }, 'v1.19.0'],
    ['an authority', { ca: certificate }, 'v1.18.19'],
  ];
  for (const [what, settings, server] of right)
    it(`has nothing against ${what}`, () =>
      assert.deepEqual(webhookProblems(settings, own, version(server)), []));
});
