// `policy show`: a policy that comes with the tool.
import * as Args from '@oclif/core/args';
import { outputFlags } from '../../cli/flags.ts';
import { kubernetesVersionFlag } from '../../cli/policy-flags.ts';
import { Command } from '../../command.ts';
import { presetNames } from '../../flows/policy/open.ts';
import { presetObject, presetText } from '../../flows/policy/show.ts';

export default class PolicyShow extends Command {
  static override summary = 'Print a policy that comes with this program';
  static override description =
    'Prints it with its comments, for the version of Kubernetes that is named: a field that it does not know is left out. Under -o json and yaml prints what the API server reads of it.';
  static override examples = [
    { description: 'To start from', command: 'kubectl sematext-audit policy show recommended > policy.yaml' },
    {
      description: 'For an older cluster',
      command: 'kubectl sematext-audit policy show minimal --kubernetes-version 1.18',
    },
  ];
  static override args = {
    preset: Args.string({ description: 'which one', required: true, options: [...presetNames] }),
  };
  static override flags = { ...kubernetesVersionFlag, ...outputFlags() };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(PolicyShow);
    const name = presetNames.find((one) => one === args.preset) ?? 'recommended';
    const version = flags['kubernetes-version'];
    if (flags.output === 'text') await this.stream(presetText(name, version));
    else await this.showObject(await presetObject(name, version), flags.output);
  }
}
