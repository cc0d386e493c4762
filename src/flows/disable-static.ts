// disable where API servers were changed: each gets its own manifest back by the same road, then what was made beside
// them goes, then the record. Loaded only where a record says so.
import { answerAll, obstacles } from '../audit/check/check.ts';
import { permissions } from '../audit/check/cluster.ts';
import { nodesReady } from '../audit/check/nodes.ts';
import type { Facts } from '../audit/facts.ts';
import { clearStep, planWithdrawal } from '../audit/plan/rollout.ts';
import { undoSteps } from '../audit/plan/record.ts';
import type { AuditRecord, RecordedChange } from '../audit/plan/record.ts';
import type { DisableResult } from '../audit/results.ts';
import { Failure } from '../errors.ts';
import type { World } from '../io/world.ts';
import { uninstallStep } from './agent-steps.ts';
import { permissionLooks } from './gather.ts';
import { neededForAgent, neededOnNodes } from './nodes/permissions.ts';
import { rollOut } from './nodes/rollout.ts';
import type { NodeRequest } from './nodes/rollout.ts';

/** A record of API servers that were changed, and the version of its ConfigMap. */
export interface ChangedRecord {
  readonly record: AuditRecord & { readonly change: RecordedChange };
  readonly version: string;
}

/** @throws Failure cluster-forbidden | unhealthy | another-run | declined | rolled-back | … */
export async function disableStatic(
  world: World,
  { record, version }: ChangedRecord,
  request: NodeRequest,
): Promise<DisableResult> {
  const cluster = await world.cluster();
  const needed = [...neededOnNodes, ...(record.change.agent === 'logagent' ? neededForAgent : [])];
  const asked = { permissions: await permissionLooks(cluster, needed) } as Facts; // no other check is asked of it
  mustPass(answerAll([permissions], { facts: asked, sink: undefined }));
  if (record.state === 'open' && !request.resume)
    throw new Failure('another-run', `Run ${record.run} began at ${record.at} and has not ended.`, [
      'if it is not at work any more: kubectl sematext-audit disable --resume takes it back',
    ]);
  const release = record.change.agent === 'helm' ? [uninstallStep] : [];
  const { outcome, plan } = await rollOut(world, request, undefined, async ({ ground }) => {
    const subject = { facts: asked, sink: undefined, ground, change: noChange, ours: [] };
    return {
      checks: answerAll([nodesReady], subject),
      plan: planWithdrawal({ record, version, ground, agent: [...release, ...undoSteps(record)] }),
    };
  });
  if (outcome === 'refused')
    throw new Failure('unhealthy', 'Nothing was changed: not every API server is ready.', [
      'mend them first: kubectl -n kube-system get pods -l component=kube-apiserver',
    ]);
  return { outcome: outcome === 'planned' ? 'planned' : 'disabled', plan, record };
}

/**
 * Ends what a run without a record left behind: one that died before it wrote it, or could not take all of it back.
 * @throws Failure when the nodes cannot be looked at, or a manifest needs what would go
 */
export async function endWithoutRecord(world: World, request: NodeRequest): Promise<void> {
  await rollOut(world, request, undefined, async ({ ground }) => ({
    checks: [],
    plan: { steps: [clearStep(ground)], notes: [] },
  }));
}

const noChange = { flags: [], files: [], hash: undefined, writes: undefined };

function mustPass(findings: ReturnType<typeof answerAll>): void {
  const [first] = obstacles(findings);
  if (first !== undefined)
    throw new Failure(
      first.code,
      `Nothing was changed: ${first.evidence}.`,
      first.hint === undefined ? [] : [first.hint],
    );
}
