// The policy that the user named: a preset, or a file of their own.
import { presetNames } from '../../audit/policy/presets.ts';
import type { PresetName } from '../../audit/policy/presets.ts';
import type { World } from '../../io/world.ts';

export type PolicyChoice = { readonly preset: PresetName } | { readonly file: string; readonly text: string };

const isPreset = (name: string): name is PresetName => (presetNames as readonly string[]).includes(name);

/**
 * @param said a preset's name or a path; a file that is named like a preset is meant by ./NAME
 * @throws Failure usage when there is no such file
 */
export async function openPolicy(world: World, said: string): Promise<PolicyChoice> {
  return isPreset(said) ? { preset: said } : { file: said, text: await world.read(said) };
}

export { presetNames };
