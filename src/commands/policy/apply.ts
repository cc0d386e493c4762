// `policy apply`: another policy for what runs already.
import * as Flags from '@oclif/core/flags';
import { connectionFlags, outputFlags, sinkFlags, timeoutFlag } from '../../cli/flags.ts';
import { changeFlags, nodeChoice, nodeFlags } from '../../cli/node-flags.ts';
import { policyArg } from '../../cli/policy-flags.ts';
import { Command } from '../../command.ts';
import { codeOfEnable, targetIds } from '../../flows/enable.ts';
import { applyPolicy } from '../../flows/policy/apply.ts';
import { openPolicy } from '../../flows/policy/open.ts';
import { viewApply } from '../../view/policy/apply.ts';
import { viewScript } from '../../view/script.ts';

export default class PolicyApply extends Command {
  static override summary = 'Exchange the policy of audit logs that are on';
  static override description =
    'Puts another policy in the place of the one that enable set, and changes nothing else: backend, log file, agent, receiver and Logs token stay as they are. Each API server is changed in turn, rehearsed on a twin, guarded on the node, and with the twin carrying the traffic, so that no outage is expected. The same policy again changes nothing; disable still gives back what was there before enable.';
  static override examples = [
    {
      description: 'What would change, file by file?',
      command: 'kubectl sematext-audit policy apply policy.yaml --dry-run',
    },
    {
      description: 'Exchange it, where the webhook sends to Sematext EU',
      command: 'kubectl sematext-audit policy apply policy.yaml --logs-token-file token',
    },
    {
      description: 'Does the API server take it, and is an event of it delivered?',
      command: 'kubectl sematext-audit policy apply recommended --rehearse-only',
    },
  ];
  static override args = { policy: policyArg };
  static override flags = {
    distribution: Flags.option({
      options: targetIds,
      summary: 'kind of control plane, when its signs mislead',
    })(),
    ...changeFlags,
    ...timeoutFlag,
    ...nodeFlags,
    ...outputFlags(),
    ...connectionFlags,
    ...sinkFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(PolicyApply);
    const world = this.world(flags);
    const result = await applyPolicy(world, {
      policy: await openPolicy(world, args.policy),
      sink: this.sink(flags),
      dryRun: flags['dry-run'] || flags.print,
      wait: flags.wait,
      distribution: flags.distribution,
      timeoutMs: flags.timeout ?? 120_000,
      yes: flags.yes,
      nodes: { ...nodeChoice(flags), rehearseOnly: flags['rehearse-only'] },
      tool: `${this.config.bin}/${this.config.version}`,
      tell: (text) => this.say(text),
    });
    const view = flags.print ? viewScript : viewApply;
    await this.show(flags, { schema: 'enable.v1', result, view });
    const code = codeOfEnable(result);
    if (code !== undefined) this.answerNo(code);
  }
}
