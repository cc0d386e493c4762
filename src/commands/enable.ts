// `enable`: turns audit logs on and proves that they arrive.
import * as Flags from '@oclif/core/flags';
import { connectionFlags, outputFlags, sinkFlags, timeoutFlag } from '../cli/flags.ts';
import { Command } from '../command.ts';
import { openAccess } from '../flows/access.ts';
import { codeOfEnable, enable, levels, readSettings, stages, targetIds } from '../flows/enable.ts';
import { viewEnable } from '../view/enable.ts';

export default class Enable extends Command {
  static override summary = 'Turn audit logs on and prove that they arrive';
  static override description =
    'Checks everything first, shows what it does, records it for disable, and waits until an event was found in Sematext. Without a backend named, the one that fits the server is picked and told. Running it twice changes nothing.';
  static override examples = [
    {
      description: 'Kubernetes 1.13 to 1.18',
      command: 'kubectl sematext-audit enable --dynamic --region eu --logs-token-file token',
    },
    { description: 'What would be done?', command: 'kubectl sematext-audit enable --dry-run' },
    {
      description: 'For a GitOps repository',
      command: 'kubectl sematext-audit enable --dynamic --dry-run -o yaml',
    },
  ];
  static override flags = {
    dynamic: Flags.boolean({ summary: 'by an AuditSink (Kubernetes 1.13 to 1.18)' }),
    level: Flags.option({ options: levels, summary: 'how deeply requests are recorded; default Metadata' })(),
    stages: Flags.string({
      summary: `stages to send, by commas, of ${stages.join(', ')}; default ResponseComplete`,
      helpValue: 'LIST',
    }),
    qps: Flags.integer({ summary: 'batches per second at most; default 10', min: 1 }),
    burst: Flags.integer({ summary: 'batches at once at most; default 15', min: 1 }),
    distribution: Flags.option({
      options: targetIds,
      summary: 'kind of control plane, when its signs mislead',
    })(),
    'dry-run': Flags.boolean({ summary: 'show the plan and change nothing' }),
    wait: Flags.boolean({ summary: 'wait for the proof that events arrive', default: true, allowNo: true }),
    yes: Flags.boolean({ char: 'y', summary: 'do not ask' }),
    ...timeoutFlag,
    ...outputFlags(),
    ...connectionFlags,
    ...sinkFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Enable);
    const world = this.world(flags);
    const settings = readSettings(flags);
    const say = (text: string): void => this.say(text);
    const result = await enable(world, {
      backend: flags.dynamic ? 'dynamic' : undefined,
      access: await openAccess(world, this.sink(flags), { token: !flags['dry-run'], cluster: true }, say),
      settings,
      dryRun: flags['dry-run'],
      wait: flags.wait,
      distribution: flags.distribution,
      timeoutMs: flags.timeout ?? 120_000,
      yes: flags.yes,
      tool: `${this.config.bin}/${this.config.version}`,
      tell: say,
    });
    if (flags.output === 'yaml' && result.outcome !== 'refused') await this.showObject(result.auditSink);
    else await this.show(flags, { schema: 'enable.v1', result, view: viewEnable });
    const code = codeOfEnable(result);
    if (code !== undefined) this.answerNo(code);
  }
}
