// Preset `recommended`: who changed what, who got in where, who failed to; no noise, no content of Secrets or tokens.
import type { Lines } from './lines.ts';
import * as pieces from './pieces.ts';

const title = `
# Audit policy "recommended" of kubectl sematext-audit. The first rule that matches decides.
`;

export const recommended: readonly Lines[] = [
  { text: title },
  pieces.kind,
  pieces.fewerStages,
  pieces.noManagedFields,
  pieces.rules,
  pieces.intoContainers,
  pieces.healthProbes,
  pieces.discovery,
  pieces.heartbeats,
  pieces.oldLeaders,
  pieces.events,
  pieces.questions,
  pieces.controlPlaneReads,
  pieces.kubeletReads,
  pieces.secretsAndTokens,
  pieces.addOnReads,
  pieces.informers,
  pieces.rightsBefore37,
  pieces.rights,
  pieces.rest,
];
