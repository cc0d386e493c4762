// `policy test`: does a policy decide about each case as it is expected to?
import * as Flags from '@oclif/core/flags';
import { outputFlags } from '../../cli/flags.ts';
import { kubernetesVersionFlag, policyArg } from '../../cli/policy-flags.ts';
import { Command } from '../../command.ts';
import { viewPolicyTest, viewPolicyTestJunit } from '../../view/policy/test.ts';

export default class PolicyTest extends Command {
  static override summary = 'Does a policy decide about each case as it is expected to?';
  static override description =
    'Reads a list of cases, JSON or YAML: each a request, and what is expected of the level, the rule, the stages. Decides as the API server does, shows the cases that do not agree, and why. Exits 0 when all agree, 3 when one does not, 2 when the file is wrong. How cases are written: docs/policy-cases.md.';
  static override examples = [
    {
      description: 'In CI, before a policy is rolled out',
      command: 'kubectl sematext-audit policy test policy.yaml --cases cases.yaml -o junit > policy.xml',
    },
    {
      description: 'For an older cluster',
      command: 'kubectl sematext-audit policy test policy.yaml --cases cases.yaml --kubernetes-version 1.18',
    },
  ];
  static override args = { policy: policyArg };
  static override flags = {
    cases: Flags.string({
      required: true,
      helpValue: 'FILE|-',
      summary: 'the cases: a list of {name, request or attributes, expect}',
    }),
    ...kubernetesVersionFlag,
    ...outputFlags('junit'),
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(PolicyTest);
    const { testPolicy } = await import('../../flows/policy/test.ts');
    const request = { policy: args.policy, cases: flags.cases, version: flags['kubernetes-version'] };
    const world = this.world({ 'no-input': flags['no-input'] });
    const { result, all } = await testPolicy(world, request, (text) => this.say(text));
    if (flags.output === 'junit') await this.stream(viewPolicyTestJunit(result, all));
    else await this.show(flags, { schema: 'policy-test.v1', result, view: viewPolicyTest });
    if (result.failed > 0) this.answerNo('cases-failed');
  }
}
