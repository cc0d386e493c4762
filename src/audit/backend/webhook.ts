// The static webhook: every API server posts its events to the receiver, in batches, and never waits for it.
// Source: apiserver pkg/server/options/audit.go (flags), pkg/util/webhook (kubeconfig), plugin/pkg/audit/buffered.
import type { Change } from '../change.ts';
import type { ServerVersion } from '../facts.ts';
import { receiverUrlWithSlot } from '../sink/sematext.ts';
import type { Sink } from '../sink/sematext.ts';
import {
  defaultEventBytes,
  eventBytesBounds,
  hashOf,
  outOfBounds,
  placeOf,
  policyFile,
  truncation,
} from './static.ts';
import type { Bounds, Circumstances, FlagValues } from './static.ts';

/** What the user may choose. */
export interface WebhookSettings {
  /** Events in one POST. */
  readonly batchEvents: number;
  /** The longest that an event waits for others. */
  readonly batchSeconds: number;
  /** Events that wait to be put into a batch; further ones are lost. */
  readonly bufferedEvents: number;
  /** POSTs each second, and how many at once. */
  readonly batchesPerSecond: number;
  readonly burst: number;
  /** Before the second of five tries; each wait is half as long again. */
  readonly backoffSeconds: number;
  /** An event that is bigger loses its bodies. */
  readonly eventBytes: number;
  /** On the way to the receiver; since 1.19. Without user and password, since it stands in plans. */
  readonly proxyUrl?: string;
  /** PEM of the authority that signed the certificate of a receiver of one's own. */
  readonly ca?: string;
}

export const defaultWebhookSettings: WebhookSettings = {
  // About 0.1 MB at Metadata, seldom 1 MB with bodies: what a reverse proxy before a receiver takes by default (nginx).
  // The API server's own 400 are four times that, and a POST that is too large is tried five times, then lost.
  batchEvents: 100,
  // The API server's own 30 s are long to wait for a proof; at 5 s an idle cluster posts 12 times a minute.
  batchSeconds: 5,
  // The API server's own: at 1 KB each, 10 MB.
  bufferedEvents: 10_000,
  // 2,000 events a second, a quarter of what one Logagent took in a test. The throttle is what fills the buffer, so it
  // has to be above the busiest minute, and it bounds what an API server that went wild can do to the receiver.
  batchesPerSecond: 20,
  burst: 40,
  // The API server's own: five tries in about 85 s, the restart of a receiver. A longer one holds more in memory.
  backoffSeconds: 10,
  eventBytes: defaultEventBytes,
};

const kubeconfigFile = 'webhook.kubeconfig';

/**
 * Files and flags that make an API server post its events to the sink.
 * @param policy YAML, as `checkPolicy` accepts it
 * @param settings as `webhookProblems` has nothing against
 */
export function webhookChange(
  settings: Partial<WebhookSettings>,
  sink: Sink,
  policy: string,
  circumstances: Circumstances,
): Change {
  const chosen = { ...defaultWebhookSettings, ...settings };
  const files = [
    { name: policyFile, content: policy },
    { name: kubeconfigFile, content: kubeconfig(sink, chosen) },
  ];
  const hash = hashOf(files, circumstances);
  return { files, hash, flags: flagsFor(chosen, hash), writes: undefined };
}

/** Sets also what is the default, since a manifest may have another value. All of it is in 1.13 to 1.37. */
function flagsFor(settings: WebhookSettings, hash: string): FlagValues {
  return [
    ['audit-policy-file', placeOf(hash, policyFile)],
    ['audit-webhook-config-file', placeOf(hash, kubeconfigFile)],
    ['audit-webhook-version', 'audit.k8s.io/v1'],
    // blocking lets every request wait for the receiver, 81 s and more when it is dead
    ['audit-webhook-mode', 'batch'],
    ['audit-webhook-batch-buffer-size', String(settings.bufferedEvents)],
    ['audit-webhook-batch-max-size', String(settings.batchEvents)],
    ['audit-webhook-batch-max-wait', `${settings.batchSeconds}s`],
    ['audit-webhook-batch-throttle-enable', 'true'],
    ['audit-webhook-batch-throttle-qps', String(settings.batchesPerSecond)],
    ['audit-webhook-batch-throttle-burst', String(settings.burst)],
    ['audit-webhook-initial-backoff', `${settings.backoffSeconds}s`],
    ...truncation('webhook', settings.eventBytes),
  ];
}

/** Every flag that this backend may set, to be taken back later. */
export const webhookFlags: readonly string[] = flagsFor(defaultWebhookSettings, '').map(([name]) => name);

// The API server calls the path without its last slash, so it stands here without one; a query would be dropped. A
// receiver that answers 301, 302 or 303 to either form loses everything without a word: a POST becomes a GET.
function kubeconfig(sink: Sink, { proxyUrl, ca }: WebhookSettings): string {
  const cluster = {
    server: receiverUrlWithSlot(sink).replace(/\/$/, ''),
    ...(ca !== undefined && { 'certificate-authority-data': btoa(certificatesIn(ca)) }),
    ...(proxyUrl !== undefined && { 'proxy-url': proxyUrl }),
  };
  const lines = Object.entries(cluster).map(([key, value]) => `      ${key}: ${JSON.stringify(value)}`);
  return `# Audit webhook, by kubectl sematext-audit. Whoever can read this has the Logs token.
apiVersion: v1
kind: Config
clusters:
  - name: sematext
    cluster:
${lines.join('\n')}
contexts:
  - name: sematext
    context:
      cluster: sematext
# The API server does not start without it.
current-context: sematext
`;
}

/** The certificates alone: a key or a comment in the same file goes nowhere. */
function certificatesIn(pem: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => `${block}\n`).join('');
}

const bounds: Bounds<Exclude<keyof WebhookSettings, 'proxyUrl' | 'ca'>> = {
  batchEvents: [1, 10_000],
  batchSeconds: [1, 300],
  bufferedEvents: [1, 1_000_000],
  batchesPerSecond: [1, 1000],
  burst: [1, 1000],
  backoffSeconds: [1, 300],
  eventBytes: eventBytesBounds,
};

/** What is wrong with these settings, a sentence each: what the API server refuses, or ignores without a word. */
export function webhookProblems(
  settings: Partial<WebhookSettings>,
  sink: Sink,
  version: ServerVersion,
): readonly string[] {
  const chosen = { ...defaultWebhookSettings, ...settings };
  const { batchEvents, bufferedEvents, proxyUrl, ca } = chosen;
  return [
    ...outOfBounds(chosen, bounds),
    ...(batchEvents > bufferedEvents ? ['batchEvents must not be above bufferedEvents'] : []),
    ...(proxyUrl === undefined ? [] : proxyProblems(proxyUrl, version)),
    ...(ca === undefined ? [] : caProblems(ca, sink)),
  ];
}

function proxyProblems(proxyUrl: string, { minor }: ServerVersion): readonly string[] {
  const tooOld =
    'before 1.19 the audit webhook takes its proxy from HTTPS_PROXY in the environment of the API server';
  const url = URL.canParse(proxyUrl) ? new URL(proxyUrl) : undefined;
  if (url === undefined || !/^(?:https?|socks5):$/.test(url.protocol))
    return ['the proxy must be an http, https or socks5 URL'];
  return [
    ...(minor < 19 ? [tooOld] : []),
    ...(url.username + url.password === '' ? [] : ['the proxy must not have a user or password in its URL']),
  ];
}

function caProblems(ca: string, { receiver }: Sink): readonly string[] {
  return [
    ...(certificatesIn(ca) !== '' ? [] : ['the CA must be a certificate in PEM']),
    ...(receiver.startsWith('https:') ? [] : ['a CA makes sense for a receiver with https only']),
  ];
}
