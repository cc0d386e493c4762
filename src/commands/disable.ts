// `disable`: takes back what enable did.
import * as Flags from '@oclif/core/flags';
import { connectionFlags, outputFlags } from '../cli/flags.ts';
import { nodeChoice, nodeFlags } from '../cli/node-flags.ts';
import { Command } from '../command.ts';
import { disable } from '../flows/disable.ts';
import { viewDisable } from '../view/enable.ts';

export default class Disable extends Command {
  static override summary = 'Take back what enable did';
  static override description =
    'Deletes or restores what the record in kube-system names, and nothing else; API servers that were changed get their own manifest back, byte for byte, on the same road without an outage. Without a record it says what it found and asks first.';
  static override examples = [
    { description: 'Stop sending audit events', command: 'kubectl sematext-audit disable' },
    { description: 'What would be taken back?', command: 'kubectl sematext-audit disable --dry-run' },
  ];
  static override flags = {
    'dry-run': Flags.boolean({ summary: 'show the plan and change nothing' }),
    yes: Flags.boolean({ char: 'y', summary: 'do not ask' }),
    ...nodeFlags,
    ...outputFlags(),
    ...connectionFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Disable);
    const result = await disable(this.world(flags), {
      dryRun: flags['dry-run'],
      yes: flags.yes,
      nodes: nodeChoice(flags),
      tell: (title) => this.say(title),
    });
    await this.show(flags, { schema: 'disable.v1', result, view: viewDisable });
  }
}
