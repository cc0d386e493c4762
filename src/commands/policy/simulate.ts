// `policy simulate`: a policy tried on a log.
import * as Flags from '@oclif/core/flags';
import { filterFlags } from '../../cli/filter-flags.ts';
import { connectionFlags, outputFlags, sinkFlags } from '../../cli/flags.ts';
import { kubernetesVersionFlag, policyArg } from '../../cli/policy-flags.ts';
import { Command } from '../../command.ts';
import { simulate } from '../../flows/policy/simulate.ts';
import { viewSimulation } from '../../view/policy/simulate.ts';

export default class PolicySimulate extends Command {
  static override summary = 'Try a policy on a log: what it would record, and what that costs';
  static override description =
    'Decides every event of an audit log again, as an API server with that policy would, and says how many events and bytes it would record, in the log and in a day like it: for each rule, level, user, verb and resource, and which rules decided nothing. With --against also what is gained and lost compared to another policy. A log holds only what the policy of its time recorded: what cannot be known from it is said, and a figure that is a lower bound is marked ≥.';
  static override examples = [
    {
      description: 'What would it cost?',
      command: 'kubectl sematext-audit policy simulate recommended --log audit.log',
    },
    {
      description: 'What would be lost of what is recorded now?',
      command:
        'kubectl sematext-audit policy simulate new.yaml --against old.yaml --log audit.log --log audit-1.log.gz',
    },
    {
      description: 'On what the Logs App has of the last day',
      command: 'kubectl sematext-audit policy simulate policy.yaml --log sematext --since 24h --region eu',
    },
  ];
  static override args = { policy: policyArg };
  static override flags = {
    log: Flags.string({
      required: true,
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE|-|sematext',
      summary:
        "audit log, packed or not; - is standard input, sematext is Sematext's search; may be repeated",
    }),
    against: Flags.string({
      helpValue: 'POLICY',
      summary: 'policy to compare with: a file, or vendor, recommended, minimal',
    }),
    since: filterFlags.since,
    until: filterFlags.until,
    top: Flags.integer({ default: 10, min: 1, helpValue: 'N', summary: 'rows of each table' }),
    ...kubernetesVersionFlag,
    ...outputFlags(),
    ...connectionFlags,
    ...sinkFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(PolicySimulate);
    const { since, until, against, 'kubernetes-version': version } = flags;
    const request = {
      ...{ policy: args.policy, logs: flags.log, top: flags.top, sink: this.sink(flags) },
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(against !== undefined && { against }),
      ...(version !== undefined && { version }),
    };
    const result = await simulate(this.world(flags), request, (text) => this.say(text));
    await this.show(flags, { schema: 'policy-simulate.v1', result, view: viewSimulation });
  }
}
