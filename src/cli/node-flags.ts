// The flags of commands that change control-plane nodes.
import * as Flags from '@oclif/core/flags';

const nodes = { helpGroup: 'NODES' };

/** How far a change goes, and whether anything is asked. */
export const changeFlags = {
  'dry-run': Flags.boolean({ summary: 'show the plan and change nothing' }),
  print: Flags.boolean({
    summary: 'print a script with all files, for a change by hand; change nothing',
    exclusive: ['dry-run', 'rehearse-only'],
  }),
  'rehearse-only': Flags.boolean({
    summary: 'stop after the proof on the twins, and change no API server',
    exclusive: ['dry-run'],
  }),
  wait: Flags.boolean({ summary: 'wait for the proof that events arrive', default: true, allowNo: true }),
  yes: Flags.boolean({ char: 'y', summary: 'do not ask' }),
};

/** How nodes are worked on. */
export const nodeFlags = {
  resume: Flags.boolean({ ...nodes, summary: 'first end what a run that died left behind' }),
  node: Flags.string({ ...nodes, helpValue: 'NAME', summary: 'change this control-plane node alone' }),
  local: Flags.boolean({
    ...nodes,
    summary: 'work on this machine itself, which is a control-plane node; as root',
  }),
  twin: Flags.boolean({
    ...nodes,
    summary: 'rehearse and carry the traffic by a second API server',
    default: true,
    allowNo: true,
  }),
  'helper-image': Flags.string({
    ...nodes,
    helpValue: 'IMAGE',
    summary: "image with a shell for helper pods; else the API server's, with the node's own programs",
  }),
};

/** Values of `nodeFlags` as oclif hands them over. */
export interface NodeValues {
  readonly resume: boolean;
  readonly node?: string | undefined;
  readonly local: boolean;
  readonly twin: boolean;
  readonly 'helper-image'?: string | undefined;
}

/** The same as a flow takes it. */
export interface NodeChoice {
  readonly resume: boolean;
  readonly only: string | undefined;
  readonly local: boolean;
  readonly noTwin: boolean;
  readonly helperImage: string | undefined;
}

export function nodeChoice(flags: NodeValues): NodeChoice {
  const { resume, node, local, twin } = flags;
  return { resume, only: node, local, noTwin: !twin, helperImage: flags['helper-image'] };
}
