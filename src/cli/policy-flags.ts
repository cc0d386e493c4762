// What the commands about policies share: which policy, and for which Kubernetes.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { Failure } from '../errors.ts';

/** A version of Kubernetes, as flows take it. */
interface KubernetesVersion {
  readonly gitVersion: string;
  readonly major: number;
  readonly minor: number;
}

/** The first that a policy is thought of for. */
const oldest = 13;

function kubernetesVersion(text: string): KubernetesVersion {
  const [, minor, patch = '0'] = /^v?1\.(\d{1,3})(?:\.(\d+)\S*)?$/.exec(text) ?? [];
  if (minor === undefined || Number(minor) < oldest)
    throw new Failure('usage', `${text} is no version of Kubernetes from 1.${oldest} on.`, [
      'Write it like 1.30.',
    ]);
  return { gitVersion: `v1.${minor}.${patch}`, major: 1, minor: Number(minor) };
}

export const kubernetesVersionFlag = {
  'kubernetes-version': Flags.custom<KubernetesVersion>({
    parse: (text) => Promise.resolve(kubernetesVersion(text)),
    helpValue: 'VERSION',
    summary: 'Kubernetes that the policy is for, like 1.30; default the newest that is known',
  })(),
};

/** A policy as an argument. */
export const policyArg = Args.string({
  description: 'the policy: a file, - for standard input, or vendor, recommended, minimal',
  required: true,
});
