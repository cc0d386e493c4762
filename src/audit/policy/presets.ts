// The policies that come with the tool, as commented YAML, each for the version that is asked for: a field or group
// that it does not know is left out, and so is a level that it would lose events at.
import type { ServerVersion } from '../facts.ts';
import { textOf } from './presets/lines.ts';
import type { Lines } from './presets/lines.ts';
import { minimal } from './presets/minimal.ts';
import { recommended } from './presets/recommended.ts';
import { vendor } from './presets/vendor.ts';

export const presetNames = ['recommended', 'minimal', 'vendor'] as const;
export type PresetName = (typeof presetNames)[number];

const presets: Readonly<Record<PresetName, readonly Lines[]>> = { recommended, minimal, vendor };

/** The text of a preset, which an API server of that version starts with; 1.13 is the first that is thought of. */
export const preset = (name: PresetName, version: ServerVersion): string => textOf(presets[name], version);
