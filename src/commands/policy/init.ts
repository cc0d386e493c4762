// `policy init`: a policy out of answers.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { outputFlags } from '../../cli/flags.ts';
import { kubernetesVersionFlag } from '../../cli/policy-flags.ts';
import { Command } from '../../command.ts';
import { bodies, initPolicy, presetNames, readBack, readers } from '../../flows/policy/init.ts';

export default class PolicyInit extends Command {
  static override summary = 'Make a policy out of a preset and answers';
  static override description =
    'Writes a commented policy to FILE, or to stdout. On a terminal it asks what no flag has answered; with --no-input, or where nobody can answer, the answers of the preset are taken. Whatever is answered: exec, attach and port-forward, Secrets, tokens and failed logins are recorded, Secrets never with their content, and heartbeats, events and health probes are not. An existing file is replaced with --force alone.';
  static override examples = [
    { description: 'Be asked', command: 'kubectl sematext-audit policy init policy.yaml' },
    {
      description: 'No reads, and bodies of what runs in two namespaces',
      command:
        'kubectl sematext-audit policy init --no-input --reads none --bodies workloads --namespace shop --namespace pay',
    },
    {
      description: 'Without a controller that writes all day',
      command:
        'kubectl sematext-audit policy init policy.yaml --no-input --ignore-user system:serviceaccount:argocd:controller',
    },
  ];
  static override args = {
    file: Args.string({ description: 'where it is written; stdout when left out' }),
  };
  static override flags = {
    preset: Flags.option({
      options: presetNames,
      summary: 'where answers come from that are not given; default recommended',
    })(),
    reads: Flags.option({
      options: readers,
      summary: 'whose reads are recorded, besides those of Secrets; all leaves out the control plane',
    })(),
    bodies: Flags.option({
      options: bodies,
      summary: 'writes that are recorded with what was sent; workloads has those of rbac, too',
    })(),
    namespace: Flags.string({
      multiple: true,
      helpValue: 'NAME',
      summary: 'record this namespace and what is in none, no other; may be given several times',
    }),
    'ignore-user': Flags.string({
      multiple: true,
      helpValue: 'USER',
      summary: 'record nothing of this user but ways into containers, Secrets and rights; may be repeated',
    }),
    'omit-managed-fields': Flags.boolean({
      summary: "leave the API server's bookkeeping out of bodies (1.23 and later); on unless denied",
      default: true,
      allowNo: true,
    }),
    force: Flags.boolean({ summary: 'replace FILE where it is there already' }),
    ...kubernetesVersionFlag,
    ...outputFlags(),
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(PolicyInit);
    const version = flags['kubernetes-version'];
    const file = args.file === '-' ? undefined : args.file;
    const text = await initPolicy(this.world({ 'no-input': flags['no-input'] }), {
      preset: flags.preset,
      reads: flags.reads,
      bodies: flags.bodies,
      namespaces: flags.namespace,
      ignoredUsers: flags['ignore-user'],
      omitManagedFields: flags['omit-managed-fields'],
      version,
      file,
      force: flags.force,
      tell: (said) => this.say(said),
    });
    if (flags.output !== 'text') await this.showObject(await readBack(text, version), flags.output);
    else if (file === undefined) await this.stream(text);
  }
}
