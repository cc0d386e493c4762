// Why an API server does not start, in its own words: what the tool shows to its user when a rehearsal fails.
import assert from 'node:assert/strict';

/** Files of the container, by path. */
export type Files = Readonly<Record<string, string>>;

/** Starts an API server with these flags beside its usual ones, and gives what it wrote before it ended. */
export type StartUp = (flags: readonly string[], files: Files) => Promise<string>;

const policy = (text: string): Files => ({ '/config/policy.yaml': text });
const metadata = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n';
const byPolicy = ['--audit-policy-file=/config/policy.yaml', '--audit-log-path=/log/audit.log'];
const byWebhook = ['--audit-policy-file=/config/policy.yaml', '--audit-webhook-config-file=/config/webhook'];
const ofPolicy = (sentence: string): string =>
  `loading audit policy file: ${sentence}: from file /config/policy.yaml`;
const noVersion = ofPolicy('unknown group version field audit.k8s.io/__internal, Kind=Policy in policy');

interface Case {
  readonly what: string;
  readonly flags: readonly string[];
  readonly files?: Files;
  readonly says: string;
  /** Only of this release. */
  readonly release?: string;
}

const cases: readonly Case[] = [
  { what: 'a flag that is none', flags: ['--no-such-flag=1'], says: 'unknown flag: --no-such-flag' },
  {
    what: 'a number that is none',
    flags: [...byPolicy, '--audit-log-maxage=x'],
    says: 'invalid argument "x" for "--audit-log-maxage" flag: strconv.ParseInt: parsing "x": invalid syntax',
  },
  {
    what: 'a duration that is none',
    flags: [...byPolicy, '--audit-webhook-batch-max-wait=zz'],
    says: 'invalid argument "zz" for "--audit-webhook-batch-max-wait" flag: time: invalid duration',
  },
  {
    what: 'a number below zero',
    flags: [...byPolicy, '--audit-log-maxage=-1'],
    files: policy(metadata),
    says: "--audit-log-maxage -1 can't be a negative number",
  },
  {
    what: 'a mode that is none',
    flags: [...byPolicy, '--audit-log-mode=loud'],
    files: policy(metadata),
    says: 'invalid audit log mode loud, allowed modes are "batch,blocking,blocking-strict"',
  },
  {
    what: 'a policy that is not there',
    flags: byPolicy,
    says:
      'loading audit policy file: failed to read file path "/config/policy.yaml": ' +
      'open /config/policy.yaml: no such file or directory',
  },
  { what: 'an empty policy', flags: byPolicy, files: policy(''), says: noVersion },
  {
    what: 'a policy without a version',
    flags: byPolicy,
    files: policy('rules: [{level: Metadata}]\n'),
    says: noVersion,
  },
  {
    what: 'a policy that is no YAML',
    flags: byPolicy,
    files: policy('rules: [\n'),
    says: ofPolicy('failed decoding: yaml: line 1: did not find expected node content'),
  },
  {
    what: 'a policy of a version that is none',
    flags: byPolicy,
    files: policy(metadata.replace('/v1', '/v9')),
    says: 'no kind "Policy" is registered for version "audit.k8s.io/v9" in scheme "pkg/runtime/scheme.go:',
  },
  {
    what: 'a policy of a version that is no more',
    flags: byPolicy,
    files: policy(metadata.replace('/v1', '/v1beta1')),
    says: 'no kind "Policy" is registered for version "audit.k8s.io/v1beta1"',
    release: '1.37.2',
  },
  {
    what: 'a policy without rules',
    flags: byPolicy,
    files: policy('apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []\n'),
    says: ofPolicy('loaded illegal policy with 0 rules'),
  },
  {
    what: 'a level that is none',
    flags: byPolicy,
    files: policy(metadata.replace('Metadata', 'Loud')),
    says: ofPolicy(
      'rules[0].level: Unsupported value: "Loud": supported values: "None", "Metadata", "Request", "RequestResponse"',
    ),
  },
  {
    what: 'a kubeconfig that is not there',
    flags: byWebhook,
    files: policy(metadata),
    says: 'initializing audit webhook: stat /config/webhook: no such file or directory',
  },
  {
    what: 'an empty kubeconfig',
    flags: byWebhook,
    files: { ...policy(metadata), '/config/webhook': '' },
    says:
      'initializing audit webhook: invalid configuration: no configuration has been provided, ' +
      'try setting KUBERNETES_MASTER environment variable',
  },
  {
    what: 'a kubeconfig that is no YAML',
    flags: byWebhook,
    files: { ...policy(metadata), '/config/webhook': 'a: [\n' },
    says:
      'initializing audit webhook: error loading config file "/config/webhook": ' +
      'yaml: line 1: did not find expected node content',
  },
  {
    what: 'a log below a file',
    flags: ['--audit-policy-file=/config/policy.yaml', '--audit-log-path=/config/policy.yaml/audit.log'],
    files: policy(metadata),
    says: 'ensureLogFile: mkdir /config/policy.yaml: not a directory',
    release: '1.37.2',
  },
  {
    what: 'a certificate that is not there',
    flags: ['--client-ca-file=/config/ca.crt'],
    says: 'open /config/ca.crt: no such file or directory',
  },
  {
    what: 'the switch of AuditSinks without its feature gate',
    flags: ['--audit-dynamic-configuration=true'],
    says: '--audit-dynamic-configuration set, but DynamicAuditing feature gate is not enabled',
    release: '1.18.19',
  },
  {
    what: 'the switch of AuditSinks, which is no more',
    flags: ['--audit-dynamic-configuration=true'],
    says: 'unknown flag: --audit-dynamic-configuration',
    release: '1.37.2',
  },
  {
    what: 'a feature gate that is no more',
    flags: ['--feature-gates=DynamicAuditing=true'],
    says: 'unrecognized feature gate: DynamicAuditing',
    release: '1.37.2',
  },
  {
    what: 'an API that is no more',
    flags: ['--runtime-config=auditregistration.k8s.io/v1alpha1=true'],
    says: 'unknown api groups auditregistration.k8s.io/v1alpha1',
    release: '1.37.2',
  },
];

/** The sentence as the server's log has it: after `Error: `, or quoted as the field err of its last line. */
function sentences(log: string): readonly string[] {
  const plain = [...log.matchAll(/^Error: (.*)$/gm)].map(([, sentence = '']) => sentence);
  const quoted = [...log.matchAll(/"command failed" err=("(?:[^"\\]|\\.)*")/g)].map(
    ([, text = '""']) => JSON.parse(text) as string,
  );
  return [...plain, ...quoted];
}

/** States it of a release. */
export function startUpContract(name: string, release: string, startUp: StartUp): void {
  describe(`${name}: the API server does not start with`, function () {
    this.timeout(30_000);
    for (const { what, flags, files = {}, says, release: only } of cases) {
      if (only !== undefined && only !== release) continue;
      it(what, async () => {
        const log = await startUp(flags, files);
        const said = sentences(log);
        assert.ok(
          said.some((sentence) => sentence.includes(says)),
          `${says}\n  is not in\n${said.join('\n') || log}`,
        );
      });
    }
  });
}
