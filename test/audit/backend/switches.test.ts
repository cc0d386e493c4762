// The three switches put into what an API server has already.
import assert from 'node:assert/strict';
import { missingSwitches } from '../../../src/audit/backend/dynamic.ts';
import { ownFlags } from '../../../src/audit/backend/own-flags.ts';
import { dynamicSwitchesChange, mergedList } from '../../../src/audit/backend/switches.ts';
import type { Flags } from '../../../src/audit/facts.ts';
import { honouring, version } from '../../support/facts.ts';

const old = version('v1.18.19');
const group = 'auditregistration.k8s.io/v1alpha1=true';
const gate = 'DynamicAuditing=true';

const cases: readonly (readonly [
  what: string,
  current: Flags,
  config: string,
  gates: string,
  dynamic: string,
])[] = [
  ['nothing', {}, group, gate, 'true'],
  ['all three', honouring, group, gate, 'true'],
  [
    'lists of others',
    { 'runtime-config': 'batch/v2alpha1=true', 'feature-gates': 'A=true,B=false' },
    `batch/v2alpha1=true,${group}`,
    `A=true,B=false,${gate}`,
    'true',
  ],
  [
    'switches that are off',
    {
      'runtime-config': 'auditregistration.k8s.io/v1alpha1=false, api/all=false',
      'feature-gates': 'DynamicAuditing=false,A=true',
      'audit-dynamic-configuration': 'false',
    },
    `api/all=false,${group}`,
    `A=true,${gate}`,
    'true',
  ],
  [
    'other words that have the effect',
    {
      'runtime-config': 'api/all=true',
      'feature-gates': 'AllAlpha=true',
      'audit-dynamic-configuration': '1',
    },
    'api/all=true',
    'AllAlpha=true',
    '1',
  ],
  ['empty lists', { 'runtime-config': '', 'feature-gates': ' , ' }, group, gate, 'true'],
];

describe('dynamicSwitchesChange', () => {
  for (const [what, current, config, gates, dynamic] of cases)
    it(`onto ${what}`, () => {
      const change = dynamicSwitchesChange(current, old);
      assert.deepEqual(change, {
        flags: [
          ['runtime-config', config],
          ['feature-gates', gates],
          ['audit-dynamic-configuration', dynamic],
        ],
        files: [],
        hash: undefined,
        writes: undefined,
      });
      const flags = { ...current, ...Object.fromEntries(change.flags) };
      assert.deepEqual(missingSwitches({ seen: flags }), { seen: [] });
      assert.deepEqual(dynamicSwitchesChange(flags, old), change, 'once more');
      assert.deepEqual(change.flags.map(([name]) => name).sort(), [...ownFlags.dynamic].sort());
    });

  for (const server of ['v1.12.10', 'v1.19.0', 'v1.37.2'])
    it(`never on ${server}, which does not start with them`, () =>
      assert.throws(() => dynamicSwitchesChange({}, version(server)), /no switches of the dynamic backend/));
});

describe('mergedList', () => {
  const lists: readonly (readonly [list: string | undefined, entry: string, merged: string])[] = [
    [undefined, 'A=true', 'A=true'],
    ['A=false', 'A=true', 'A=true'],
    ['A', 'A=true', 'A=true'],
    ['AB=false, A =false ,C', 'A=true', 'AB=false,C,A=true'],
    ['A=1,A=2,B=3', 'A=true', 'B=3,A=true'],
  ];
  for (const [list, entry, merged] of lists)
    it(`${list ?? 'nothing'} and ${entry}: ${merged}`, () => assert.equal(mergedList(list, entry), merged));
});
