// Flags as processes are given them and as /flagz shows them.
import assert from 'node:assert/strict';
import { flagsFromArgv, flagsFromFlagz } from '../../src/audit/flags.ts';
import type { Flags } from '../../src/audit/facts.ts';
import { flagValues, flagzText, kubeadmFlags, separators } from '../../src/demo/kubernetes/server-flags.ts';

const policy = { 'audit-policy-file': '/etc/p.yaml' };

const argvs: readonly (readonly [what: string, argv: readonly string[], flags: Flags])[] = [
  ['--name=value', ['kube-apiserver', '--audit-policy-file=/etc/p.yaml'], policy],
  ['--name value', ['kube-apiserver', '--audit-policy-file', '/etc/p.yaml'], policy],
  [
    'a bare --name',
    ['kube-apiserver', '--audit-dynamic-configuration', '--v=2'],
    { 'audit-dynamic-configuration': 'true', v: '2' },
  ],
  ['a bare --name at the end', ['kube-apiserver', '--profiling'], { profiling: 'true' }],
  [
    'a bare --name before a short option',
    ['kube-apiserver', '--profiling', '-v', '2'],
    { profiling: 'true' },
  ],
  ['equals signs in the value', ['--feature-gates=A=true,B=false'], { 'feature-gates': 'A=true,B=false' }],
  ['an empty value', ['--audit-log-path='], { 'audit-log-path': '' }],
  ['a dash as value', ['--audit-log-path=-'], { 'audit-log-path': '-' }],
  ['a dash as a word of its own', ['--audit-log-path', '-', '--v=2'], { 'audit-log-path': '-', v: '2' }],
  ['a repeated flag: the last', ['--audit-log-path=/a', '--audit-log-path=/b'], { 'audit-log-path': '/b' }],
  ['a value of several lines', ['--x=a\nb'], { x: 'a\nb' }],
  ['underscores, which kube-apiserver takes for dashes', ['--audit_policy_file=/etc/p.yaml'], policy],
  [
    'one shell string',
    [
      '/bin/sh',
      '-c',
      'exec /usr/local/bin/kube-apiserver --audit-policy-file=/etc/p.yaml --v=2 1>>/var/log/kube-apiserver.log 2>&1',
    ],
    { ...policy, v: '2' },
  ],
  [
    'a shell string without shell',
    ['kube-apiserver --audit-policy-file=/etc/p.yaml --v=2'],
    { ...policy, v: '2' },
  ],
  [
    'a shell string over several lines',
    ['sh', '-c', 'kube-apiserver \\\n  --audit-policy-file=/etc/p.yaml \\\n  --v=2'],
    { ...policy, v: '2' },
  ],
  [
    'quotes in a shell string',
    ['sh', '-c', `exec kube-apiserver --audit-policy-file="/etc/p.yaml" '--feature-gates=A=true'`],
    { ...policy, 'feature-gates': 'A=true' },
  ],
  [
    'a bare --name before a redirection',
    ['sh', '-c', 'exec kube-apiserver --profiling > /tmp/pipe 2>&1'],
    { profiling: 'true' },
  ],
  [
    'a wrapper before the program',
    ['/go-runner', '--log-file=/var/log/x', 'kube-apiserver', '--v=2'],
    { 'log-file': '/var/log/x', v: '2' },
  ],
  ['no flags', ['kube-apiserver'], {}],
  ['nothing', [], {}],
];

describe('flagsFromArgv', () => {
  for (const [what, argv, flags] of argvs) it(what, () => assert.deepEqual(flagsFromArgv(argv), flags));
});

const values = flagValues(
  kubeadmFlags({
    auditSinks: { served: false, honoured: false },
    webhook: true,
    extra: { 'feature-gates': 'A=true,B=false', 'audit-log-path': '' },
  }),
);

describe('flagsFromFlagz', () => {
  for (const separator of separators)
    it(`text separated by "${separator}"`, () => {
      const flags = flagsFromFlagz(flagzText(values, separator)) ?? {};
      const wanted = Object.entries(values).filter(([name]) => name.includes('-') || name === 'v');
      assert.ok(wanted.length > 50);
      for (const [name, value] of wanted) assert.equal(flags[name], value, name);
    });

  const texts: readonly (readonly [what: string, text: string, flags: Flags | undefined])[] = [
    [
      'text of 1.32: "kube-apiserver flags"',
      '\nkube-apiserver flags\nWarning: This endpoint is not meant to be machine parseable.\n\naudit-log-path=/a\n',
      { 'audit-log-path': '/a' },
    ],
    [
      'text of 1.36: "kube-apiserver flagz"',
      '\nkube-apiserver flagz\nWarning: x-y: no\n\naudit-log-path:/a\nv 4\n',
      { 'audit-log-path': '/a', v: '4' },
    ],
    [
      'structured',
      '{"kind":"Flagz","apiVersion":"config.k8s.io/v1beta1","metadata":{"name":"apiserver"},"flags":{"audit-log-path":"/a","v":"0"}}',
      { 'audit-log-path': '/a', v: '0' },
    ],
    [
      'structured, with values that are no strings',
      ' {"flags":{"v":4,"profiling":true}}',
      { v: '4', profiling: 'true' },
    ],
    ['a Status instead', '{"kind":"Status","status":"Failure"}', undefined],
    ['flags that are a list', '{"flags":["a"]}', undefined],
    ['flags that are null', '{"flags":null}', undefined],
    ['JSON that broke off', '{"kind":"Flagz","flags":{"audit-log', undefined],
    ['a list', '[1]', undefined],
    ['a web page', '<html>audit-log-path=/a</html>', undefined],
    ['nothing', '', undefined],
    ["another component's text", '\nkubelet flags\naudit-log-path=/a\n', undefined],
  ];
  for (const [what, text, flags] of texts) it(what, () => assert.deepEqual(flagsFromFlagz(text), flags));
});
