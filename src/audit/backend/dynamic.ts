// The dynamic backend: one AuditSink that makes every API server post its events to the sink, and the three switches
// that an API server of 1.13 to 1.18 needs before it honours one. Pure; the token's slot stands for the token.
import { seen } from '../facts.ts';
import type { Facts, Flags, Look, ServerVersion } from '../facts.ts';
import { names } from '../names.ts';
import { hostOf, isSematextReceiver, receiverUrlWithSlot, tokenSlot } from '../sink/sematext.ts';
import type { Sink } from '../sink/sematext.ts';
import type { AuditSink, Level, Stage } from './audit-sink.ts';

export const sinksPath = '/apis/auditregistration.k8s.io/v1alpha1/auditsinks';

/** What the user may choose; the defaults are those of the vendor's page. */
export interface SinkSettings {
  readonly level: Level;
  readonly stages: readonly Stage[];
  /** Batches per second. */
  readonly qps: number;
  readonly burst: number;
}
export const defaultSettings: SinkSettings = {
  level: 'Metadata',
  stages: ['ResponseComplete'],
  qps: 10,
  burst: 15,
};

/** Minor versions that have the AuditSink API (kubernetes #91502 removed it in 1.19). */
export function hasAuditSinks({ major, minor }: ServerVersion): boolean {
  return major === 1 && minor >= 13 && minor <= 18;
}

/**
 * The AuditSinks that can be in use. Where the version has none or does not serve them there are none, whoever looks:
 * an API server answers a user without the right to look by 403, whether there is anything to see or not.
 */
export function sinksIn({
  version,
  groups,
  auditSinks,
}: Pick<Facts, 'version' | 'groups' | 'auditSinks'>): Look<readonly AuditSink[]> {
  const served = hasAuditSinks(version) && seen(groups)?.includes('auditregistration.k8s.io') !== false;
  return 'seen' in auditSinks || served
    ? auditSinks
    : { unseen: 'absent', why: 'the AuditSink API is not served' };
}

/** The AuditSink that these settings ask for; `run` names the run that makes it, and is not there for a repository. */
export function auditSink(settings: SinkSettings, sink: Sink, run?: string): AuditSink {
  return {
    apiVersion: 'auditregistration.k8s.io/v1alpha1',
    kind: 'AuditSink',
    metadata: {
      name: names.object,
      labels: { [names.managedByLabel]: names.managedBy },
      ...(run !== undefined && { annotations: { [names.runAnnotation]: run } }),
    },
    spec: {
      policy: { level: settings.level, stages: settings.stages },
      webhook: {
        throttle: { qps: settings.qps, burst: settings.burst },
        clientConfig: { url: receiverUrlWithSlot(sink) },
      },
    },
  };
}

/** Whether two sinks ask the API server for the same thing; order of stages and a URL's last slash do not matter. */
export function sameSpec(a: AuditSink, b: AuditSink): boolean {
  const essence = ({ spec: { policy, webhook } }: AuditSink): string =>
    JSON.stringify([
      policy.level,
      [...(policy.stages ?? [])].sort(),
      webhook.throttle?.qps ?? defaultSettings.qps,
      webhook.throttle?.burst ?? defaultSettings.burst,
      webhook.clientConfig.url?.replace(/\/+$/, ''),
      webhook.clientConfig.service,
      webhook.clientConfig.caBundle,
    ]);
  return essence(a) === essence(b);
}

/** Other sinks that send to the same place, or to any Sematext receiver: each of them bills every event again. */
export function billingTwice(sinks: readonly AuditSink[], sink: Sink | undefined): readonly AuditSink[] {
  return sinks.filter(({ metadata, spec }) => {
    const url = spec.webhook.clientConfig.url;
    if (metadata.name === names.object || url === undefined) return false;
    return (
      isSematextReceiver(url) ||
      (sink !== undefined && hostOf(url) === hostOf(sink.receiver)) ||
      url.includes(tokenSlot)
    );
  });
}

/** The URL of our own sink, masked, when it stands among these. */
export function ownSink(sinks: readonly AuditSink[]): AuditSink | undefined {
  return sinks.find(({ metadata }) => metadata.name === names.object);
}

/** One of the three switches an API server needs before it honours an AuditSink. */
export interface Switch {
  readonly flag: string;
  readonly isOn: (flags: Flags) => boolean;
}

// Go's strconv.ParseBool; a key alone means true
const isTrue = (value = 'true'): boolean => /^(1|t|T|TRUE|true|True)$/.test(value.trim());

/** What a list like `A=true,B=false` says of the first of these keys that it names: the narrowest key decides. */
function says(list: string | undefined, ...keys: string[]): boolean {
  const entries = (list ?? '').split(',').map((entry) => entry.trim().split('=', 2));
  const said = new Map(entries.map(([key = '', value]) => [key.trim(), isTrue(value)]));
  const key = keys.find((one) => said.has(one));
  return key !== undefined && said.get(key) === true;
}

/** Source: apiserver pkg/server/options/audit.go and api_enablement.go at 1.13 to 1.18. */
export const switches: readonly Switch[] = [
  {
    flag: '--runtime-config=auditregistration.k8s.io/v1alpha1=true',
    isOn: (flags) =>
      says(flags['runtime-config'], 'auditregistration.k8s.io/v1alpha1', 'api/alpha', 'api/all'),
  },
  {
    flag: '--feature-gates=DynamicAuditing=true',
    isOn: (flags) => says(flags['feature-gates'], 'DynamicAuditing', 'AllAlpha'),
  },
  {
    flag: '--audit-dynamic-configuration=true',
    isOn: (flags) => isTrue(flags['audit-dynamic-configuration'] ?? 'false'),
  },
];

/** The switches that are off in these flags; what could not be seen stays unseen. */
export function missingSwitches(flags: Look<Flags>): Look<readonly string[]> {
  if ('unseen' in flags) return flags;
  return { seen: switches.filter(({ isOn }) => !isOn(flags.seen)).map(({ flag }) => flag) };
}
