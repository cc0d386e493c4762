// The checks of API servers that this tool changed: facts → answer.
import assert from 'node:assert/strict';
import { hashAnnotation } from '../../../src/audit/change.ts';
import type { Answer, Check } from '../../../src/audit/check/check.ts';
import { answerAll } from '../../../src/audit/check/check.ts';
import { changeInForce, changeLasts, nothingLeft } from '../../../src/audit/check/lasting.ts';
import type { ApiServerPod, Facts } from '../../../src/audit/facts.ts';
import type { RecordedChange } from '../../../src/audit/plan/record.ts';
import { absent, euSink, facts, forbidden, recorded } from '../../support/facts.ts';

const hash = '0123456789ab';
const path = `/etc/kubernetes/sematext-audit/${hash}/policy.yaml`;
const change: RecordedChange = {
  hash,
  flags: ['audit-policy-file', 'audit-log-path'],
  previous: {},
  nodes: ['one', 'two'],
  kubeadm: true,
};

const pod = (nodeName: string, policy: string | undefined, annotation?: string): ApiServerPod => ({
  name: `kube-apiserver-${nodeName}`,
  namespace: 'kube-system',
  nodeName,
  labels: {},
  annotations: annotation === undefined ? {} : { [hashAnnotation]: annotation },
  ownerKind: 'Node',
  argv: [
    'kube-apiserver',
    '--audit-log-path=-',
    ...(policy === undefined ? [] : [`--audit-policy-file=${policy}`]),
  ],
});
const bare: ApiServerPod = { ...pod('two', undefined), argv: ['kube-apiserver'] };

const pods = (...seen: readonly ApiServerPod[]): Partial<Facts> => ({ apiServerPods: { seen } });
const kept = (extraArgs: string): Partial<Facts> => ({
  kubeadmConfig: { seen: `kind: ClusterConfiguration\napiServer:\n  extraArgs: ${extraArgs}\n` },
});

type Row = readonly [what: string, facts: Partial<Facts>, result: Answer['result'], evidence?: RegExp];

const tables: readonly (readonly [Check, readonly Row[]])[] = [
  [
    changeInForce,
    [
      ['every node has it', pods(pod('one', path, hash), pod('two', path, hash)), 'ok', /^2 of 2$/],
      ['kubeadm rendered it anew, without the annotation', pods(pod('one', path)), 'ok'],
      ['a node joined without it', pods(pod('one', path, hash), bare), 'bad', /^two runs without it$/],
      ['a flag is gone', pods(pod('one', undefined, hash)), 'bad', /^one lacks --audit-policy-file$/],
      [
        'the annotation is another one',
        pods(pod('one', path, 'ba9876543210')),
        'bad',
        /policy or receiver differ/,
      ],
      [
        'the files are others',
        pods(pod('one', '/etc/kubernetes/own.yaml')),
        'bad',
        /policy or receiver differ/,
      ],
      ['no pod is seen', pods(), 'unknown'],
      ['pods may not be seen', { apiServerPods: forbidden }, 'unknown'],
      ['nothing was changed', { ...pods(bare), record: recorded() }, 'skipped'],
    ],
  ],
  [
    changeLasts,
    [
      ['a map has it', kept(`{audit-policy-file: ${path}, audit-log-path: "-"}`), 'ok'],
      [
        'a list has it',
        kept(`[{name: audit-policy-file, value: ${path}}, {name: audit-log-path, value: "-"}]`),
        'ok',
      ],
      [
        'a flag is not in it',
        kept(`{audit-policy-file: ${path}}`),
        'bad',
        /lost at the next upgrade: --audit-log-path/,
      ],
      [
        'paths of another configuration',
        kept('{audit-policy-file: /p, audit-log-path: "-"}'),
        'bad',
        /another/,
      ],
      ['it may not be seen', { kubeadmConfig: forbidden }, 'unknown'],
      [
        'there was none',
        { kubeadmConfig: absent, record: recorded({ change: { ...change, kubeadm: false } }) },
        'skipped',
      ],
    ],
  ],
  [
    nothingLeft,
    [
      ['nothing is there', { workers: { seen: [] } }, 'ok'],
      [
        'a guard is there',
        { workers: { seen: ['sematext-audit-guard-one'] } },
        'bad',
        /sematext-audit-guard-one/,
      ],
      ['it was not looked for', {}, 'unknown'],
      ['it may not be seen', { workers: forbidden }, 'unknown'],
    ],
  ],
];

for (const [check, rows] of tables)
  describe(check.id, () => {
    for (const [what, more, result, evidence] of rows)
      it(`is ${result} where ${what}`, () => {
        const [answer] = answerAll([check], {
          facts: facts({ record: recorded({ change }), ...more }),
          sink: euSink,
        });
        assert.equal(answer?.result, result, answer?.evidence);
        if (evidence !== undefined) assert.match(answer?.evidence ?? '', evidence);
      });
  });
