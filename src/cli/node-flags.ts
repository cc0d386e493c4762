// The flags of commands that change control-plane nodes.
import * as Flags from '@oclif/core/flags';

const nodes = { helpGroup: 'NODES' };

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
