// `enable`: turns audit logs on and proves that they arrive.
import * as Flags from '@oclif/core/flags';
import { connectionFlags, outputFlags, sinkFlags, timeoutFlag } from '../cli/flags.ts';
import { changeFlags, nodeChoice, nodeFlags } from '../cli/node-flags.ts';
import { Command } from '../command.ts';
import { openAccess } from '../flows/access.ts';
import { backendOf, codeOfEnable, enable, levels, readSettings, stages, targetIds } from '../flows/enable.ts';
import { agents, agentChoice, logPath } from '../flows/agent.ts';
import { openPolicy } from '../flows/policy/open.ts';
import { viewEnable } from '../view/enable.ts';
import { viewScript } from '../view/script.ts';

export default class Enable extends Command {
  static override summary = 'Turn audit logs on and prove that they arrive';
  static override description =
    'Checks everything first, shows what it does, records it for disable, and waits until an event was found in Sematext. Without a backend named, the one that fits the server is picked and told. Running it twice changes nothing. Static backends change each API server in turn: rehearsed on a twin, guarded on the node, and with the twin carrying the traffic, so that no outage is expected.';
  static override examples = [
    {
      description: 'By an audit webhook, on kubeadm, kind, minikube and other static pods',
      command: 'kubectl sematext-audit enable --webhook --region eu --logs-token-file token',
    },
    {
      description: 'By an audit log file and an agent that ships it',
      command: 'kubectl sematext-audit enable --log-backend --agent logagent --policy recommended',
    },
    {
      description: 'Kubernetes 1.13 to 1.18',
      command: 'kubectl sematext-audit enable --dynamic --region eu --logs-token-file token',
    },
    {
      description: 'What would be done, file by file?',
      command: 'kubectl sematext-audit enable --webhook --dry-run',
    },
    {
      description: 'For a GitOps repository',
      command: 'kubectl sematext-audit enable --dynamic --dry-run -o yaml',
    },
  ];
  static override flags = {
    webhook: Flags.boolean({
      summary: 'by an audit webhook of each API server (any version)',
      exclusive: ['dynamic', 'log-backend'],
    }),
    'log-backend': Flags.boolean({
      summary: 'by an audit log file on each control-plane node (any version)',
      exclusive: ['dynamic', 'webhook'],
    }),
    dynamic: Flags.boolean({ summary: 'by an AuditSink (Kubernetes 1.13 to 1.18)' }),
    'set-switches': Flags.boolean({
      summary: 'of --dynamic: set the switches that API servers lack',
      dependsOn: ['dynamic'],
    }),
    policy: Flags.string({
      summary: 'audit policy: a file, or vendor, recommended, minimal; default recommended',
      helpValue: 'FILE|PRESET',
      default: 'recommended',
    }),
    agent: Flags.option({
      options: agents,
      summary: 'who ships the audit log file; default logagent',
      default: 'logagent' as const,
    })(),
    'agent-image': Flags.string({
      summary: "image of the agent, when it is not the vendor's",
      helpValue: 'IMAGE',
    }),
    'log-path': Flags.string({
      summary:
        'audit log file on the node, or - for the container log; default /var/log/kubernetes/audit/audit.log',
      helpValue: 'PATH|-',
    }),
    level: Flags.option({
      options: levels,
      summary: 'of --dynamic: how deeply requests are recorded; default Metadata',
    })(),
    stages: Flags.string({
      summary: `of --dynamic: stages to send, by commas, of ${stages.join(', ')}; default ResponseComplete`,
      helpValue: 'LIST',
    }),
    qps: Flags.integer({ summary: 'of --dynamic: batches per second at most; default 10', min: 1 }),
    burst: Flags.integer({ summary: 'of --dynamic: batches at once at most; default 15', min: 1 }),
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
    const { flags } = await this.parse(Enable);
    const world = this.world(flags);
    const say = (text: string): void => this.say(text);
    const dryRun = flags['dry-run'] || flags.print;
    const shipped = !dryRun && !(flags['log-backend'] && flags.agent === 'none');
    const result = await enable(world, {
      backend: backendOf(flags),
      settings: readSettings(flags),
      policy: await openPolicy(world, flags.policy),
      agent: agentChoice(flags),
      logPath: flags['log-path'] ?? logPath,
      access: await openAccess(world, this.sink(flags), { token: shipped, cluster: true }, say),
      dryRun,
      wait: flags.wait,
      distribution: flags.distribution,
      timeoutMs: flags.timeout ?? 120_000,
      yes: flags.yes,
      setSwitches: flags['set-switches'],
      nodes: { ...nodeChoice(flags), rehearseOnly: flags['rehearse-only'] },
      tool: `${this.config.bin}/${this.config.version}`,
      tell: say,
    });
    const { auditSink } = result;
    if (flags.output === 'yaml' && auditSink && result.outcome !== 'refused')
      await this.showObject(auditSink);
    else await this.show(flags, { schema: 'enable.v1', result, view: flags.print ? viewScript : viewEnable });
    const code = codeOfEnable(result);
    if (code !== undefined) this.answerNo(code);
  }
}
