// The steps of a command at work, each known by what can be seen of it from outside: the pods that the kubelet begins,
// the files on the node, what the command tells.
import type { Command, Run, Stand } from './stand.ts';
import { logFolders, manifestOf, phaseOf } from './stand.ts';

/** What is looked at. */
export interface View {
  readonly stand: Stand;
  readonly run: Run;
  /** Names of the folders of pods' logs that were there before the command. */
  readonly pods: ReadonlySet<string>;
  /** The manifest before the command. */
  readonly manifest: string;
}

/** Whether a step has begun. */
type Seen = (view: View) => boolean;

const pod =
  (name: string): Seen =>
  ({ stand, pods }) =>
    logFolders(stand).some(
      (folder) => folder.startsWith(`sematext-audit_sematext-audit-${name}-`) && !pods.has(folder),
    );

const told =
  (words: string): Seen =>
  ({ run }) =>
    run.told().includes(words);

const swapped: Seen = ({ stand, manifest }) =>
  phaseOf(stand) === 'swapped' && manifestOf(stand) !== '' && manifestOf(stand) !== manifest;

const turn = {
  stage: pod('stage'),
  twin: pod('twin'),
  arm: pod('arm'),
  carry: pod('carry'),
  swap: pod('swap'),
  serving: swapped,
  proof: told('Serves with the new manifest'),
  confirm: pod('confirm'),
};

/** The steps of each command, in their order. */
export const steps: Readonly<Record<Command, Readonly<Record<string, Seen>>>> = {
  enable: {
    look: pod('look'),
    record: told('Record the run'),
    ...turn,
    'kubeadm-config': told('kubeadm-config, so that'),
    done: told('Mark the record done'),
  },
  disable: {
    look: pod('look'),
    'kubeadm-config': told('kubeadm-config, so that'),
    ...turn,
    remove: pod('remove'),
    record: told('(the record)'),
  },
};

/** Steps that are phases of a helper pod. */
export const phases: Readonly<Record<Command, readonly string[]>> = {
  enable: ['look', 'stage', 'arm', 'carry', 'swap', 'confirm'],
  disable: ['look', 'stage', 'arm', 'carry', 'swap', 'confirm', 'remove'],
};

/** Steps at which there is a guard, and a twin. */
export const guarded = ['carry', 'swap', 'serving', 'proof', 'confirm'] as const;
