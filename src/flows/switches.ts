// The three switches of the dynamic backend, set on every API server by the same road as a static backend. Loaded only
// where they are missing and this tool can set them.
import { dynamicSwitchesChange } from '../audit/backend/switches.ts';
import { answerAll, obstacles } from '../audit/check/check.ts';
import { permissions, recordReadable } from '../audit/check/cluster.ts';
import { seen } from '../audit/facts.ts';
import type { Facts } from '../audit/facts.ts';
import { planRollout, recordedChange } from '../audit/plan/rollout.ts';
import type { AuditRecord } from '../audit/plan/record.ts';
import { Failure } from '../errors.ts';
import type { World } from '../io/world.ts';
import { permissionLooks } from './gather.ts';
import { neededOnNodes } from './nodes/permissions.ts';
import { nodeChecks, rollOut } from './nodes/rollout.ts';
import type { NodeRequest, Outcome } from './nodes/rollout.ts';

/**
 * Sets the switches. The record says so before the AuditSink is made, so that `disable` takes both back.
 * @throws Failure as a rollout does
 */
export async function setSwitches(
  world: World,
  facts: Facts,
  request: NodeRequest & { readonly tool: string; readonly fingerprint: string },
): Promise<Outcome> {
  const cluster = await world.cluster();
  const asked: Facts = { ...facts, permissions: await permissionLooks(cluster, neededOnNodes) };
  const before = answerAll([permissions, recordReadable], { facts: asked, sink: request.access.sink });
  if (obstacles(before).length > 0)
    return { outcome: 'refused', checks: before, plan: { steps: [], notes: [] }, proofs: [] };
  const known = seen(facts.record)?.record;
  if (known?.state === 'open' && !request.resume)
    throw new Failure('another-run', `Run ${known.run} began at ${known.at} and has not ended.`, [
      'if it is not at work any more: the same command with --resume',
    ]);
  // an API server that is restarted with its switches on has no sink yet, so there is nothing to prove
  return rollOut(world, request, undefined, async ({ ground }) => {
    const change = dynamicSwitchesChange({}, facts.version);
    const checks = [
      ...before,
      ...nodeChecks(asked, request.access, { ground, change, ours: known?.change?.flags ?? [] }),
    ];
    const record: AuditRecord = {
      version: 1,
      state: 'open',
      run: request.run,
      at: facts.at,
      tool: request.tool,
      backend: 'dynamic',
      receiver: request.access.sink.receiver,
      token: request.fingerprint,
      objects: known?.objects ?? [],
      change: recordedChange(change, ground, known?.change),
    };
    const changeFor = (flags: Parameters<typeof dynamicSwitchesChange>[0]): typeof change =>
      dynamicSwitchesChange(flags, facts.version);
    return { checks, plan: planRollout({ facts, ground, changeFor, record, agent: [] }) };
  });
}
