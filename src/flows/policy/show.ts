// `policy show`: a policy that comes with the tool.
import type { ServerVersion } from '../../audit/facts.ts';
import type { Decoded } from '../../audit/policy/policy.ts';
import { preset } from '../../audit/policy/presets.ts';
import type { PresetName } from '../../audit/policy/presets.ts';
import { newestKnown } from '../../audit/versions.ts';

/** A preset's text. @param version the Kubernetes it is for; the newest known where none is named */
export const presetText = (name: PresetName, version: ServerVersion = newestKnown): string =>
  preset(name, version);

/** The same, as an API server of that version reads it. */
export async function presetObject(name: PresetName, version: ServerVersion = newestKnown): Promise<Decoded> {
  const { readPolicy } = await import('../../audit/policy/read.ts');
  return readPolicy(preset(name, version), version).policy as Decoded; // every preset can be read
}
