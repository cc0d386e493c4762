// What people read of a simulation, to the letter, and that no line passes the width.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Reader } from '../../../src/audit/event/shapes.ts';
import type { Policy } from '../../../src/audit/policy/policy.ts';
import { preset } from '../../../src/audit/policy/presets.ts';
import type { PresetName } from '../../../src/audit/policy/presets.ts';
import { readPolicy } from '../../../src/audit/policy/read.ts';
import { reportOf } from '../../../src/audit/policy/simulate/report.ts';
import type { NamedPolicy, Simulated } from '../../../src/audit/policy/simulate/report.ts';
import { columns } from '../../../src/view/columns.ts';
import { bytes, count } from '../../../src/view/policy/figures.ts';
import { viewSimulation } from '../../../src/view/policy/simulate.ts';
import { counted, eventIn, newest } from '../../audit/policy/simulate/logs.ts';
import type { Told } from '../../audit/policy/simulate/logs.ts';

const named = (name: PresetName): NamedPolicy => {
  const policy = readPolicy(preset(name, newest), newest).policy as Policy;
  return { name, policy, lines: policy.rules.map((_, index) => 10 + 5 * index) };
};

const text = readFileSync('test/golden/tail/audit.log', 'utf8');
const real = new Reader(false, { measured: true }).read({ text, numbers: (index) => index });
const later = { at: '2026-11-22T23:00:00.000000Z' };
const own: readonly Told[] = [
  { method: 'DELETE', uri: '/apis/apps/v1/namespaces/shop/deployments/web', ...later },
  { method: 'POST', uri: '/apis/rbac.authorization.k8s.io/v1/clusterroles', ...later },
  { user: 'system:serviceaccount:ci:deployer', uri: '/api/v1/namespaces/shop/secrets/key', ...later },
  { user: '', uri: '/healthz?verbose', code: 401, stage: 'ResponseStarted', ...later },
];
const log = [...real, ...own.map(eventIn)];

function simulated(policy: PresetName, old?: PresetName, events = log): Simulated {
  const before = old === undefined ? undefined : named(old);
  const subject = {
    policy: named(policy),
    version: newest,
    logs: ['audit.log', '-'],
    searched: false,
    unread: 3,
  };
  return reportOf(
    { ...subject, ...(before !== undefined && { old: before }) },
    counted(named(policy).policy, events, before?.policy, 5),
  );
}

function golden(name: string, shown: string): void {
  const file = `test/golden/view/simulate-${name}.txt`;
  if (process.env['UPDATE_GOLDEN']) writeFileSync(file, shown);
  assert.ok(existsSync(file), `${file} is not there: UPDATE_GOLDEN=1 writes it`);
  assert.equal(shown, readFileSync(file, 'utf8'));
}

describe('a simulation as text', () => {
  for (const [name, result, terminal] of [
    ['alone', simulated('recommended'), { colour: false, width: 80 }],
    ['against', simulated('minimal', 'vendor'), { colour: false, width: 80 }],
    ['wide', simulated('vendor', 'minimal'), { colour: false, width: 120 }],
    ['coloured', simulated('minimal', 'recommended'), { colour: true, width: 80 }],
    ['no-span', simulated('recommended', undefined, [eventIn()]), { colour: false, width: 60 }],
  ] as const)
    it(name, () => {
      const shown = viewSimulation(result, terminal);
      golden(name, shown);
      // colours take no columns
      for (const line of shown.replaceAll(/\u001b\[\d+m/g, '').split('\n'))
        assert.ok(columns(line) <= terminal.width, line);
    });

  it('says numbers as people do', () => {
    for (const [events, shown] of [
      [0, '0'],
      [999_999, '999,999'],
      [1_234_567, '1.23 M'],
      [123_456_789_012, '123,457 M'],
    ] as const)
      assert.equal(count(events), shown);
    for (const [size, unsized, shown] of [
      [0, 0, '0 B'],
      [999, 0, '999 B'],
      [1000, 0, '1.0 kB'],
      [9_950, 0, '9.9 kB'],
      [99_940, 0, '99.9 kB'],
      [999_600, 0, '1.0 MB'],
      [123_456_789, 1, '≥123 MB'],
      [5e15, 0, '5000 TB'],
    ] as const)
      assert.equal(bytes(size, unsized), shown);
  });
});
