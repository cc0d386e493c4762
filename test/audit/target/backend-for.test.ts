import assert from 'node:assert/strict';
import type { Look } from '../../../src/audit/facts.ts';
import { backendFor } from '../../../src/audit/target/backend-for.ts';
import { targetIds } from '../../../src/audit/target/target.ts';
import type { TargetId } from '../../../src/audit/target/target.ts';
import { versionOf } from './clusters.ts';

const served: Look<unknown> = { seen: [] };
const absent: Look<unknown> = { unseen: 'absent', why: 'the API is not served.' };
const hidden: Look<unknown> = { unseen: 'forbidden', why: 'auditsinks may not be listed.' };

describe('backendFor', () => {
  const cases: readonly (readonly [string, TargetId, Look<unknown>, string])[] = [
    ['v1.18.20', 'kubeadm', served, 'dynamic'],
    ['v1.13.0', 'kops', served, 'dynamic'],
    ['v1.18.20', 'eks', served, 'dynamic'],
    ['v1.18.20', 'kubeadm', absent, 'webhook'],
    ['v1.18.20', 'kubeadm', hidden, 'webhook'],
    ['v1.19.0', 'kubeadm', served, 'webhook'],
    ['v1.34.0', 'kops', absent, 'webhook'],
    ['v1.34.0', 'talos', absent, 'log-backend'],
    ['v1.34.0', 'eks', absent, 'provider'],
    ['v1.34.0', 'openshift', absent, 'provider'],
    ['v1.34.0', 'managed-unknown', absent, 'provider'],
  ];
  for (const [version, target, sinks, backend] of cases)
    it(`${version} ${target}, sinks ${'seen' in sinks ? 'served' : sinks.unseen}: ${backend}`, () => {
      assert.equal(backendFor(versionOf(version), target, sinks).backend, backend);
    });

  it('gives its reason in one sentence, and the doubt with it', () => {
    for (const target of targetIds) {
      const { why } = backendFor(versionOf('v1.18.20'), target, hidden);
      assert.match(why, /^[A-Z][^.]*.*could not be seen \(auditsinks may not be listed\)\.$/);
    }
  });
});
