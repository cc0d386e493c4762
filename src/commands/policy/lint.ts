// `policy lint`: what is wrong, misleading or unwise in audit policies.
import * as Flags from '@oclif/core/flags';
import { connectionFlags, filesArg, outputFlags } from '../../cli/flags.ts';
import { kubernetesVersionFlag } from '../../cli/policy-flags.ts';
import { Command } from '../../command.ts';
import { Failure } from '../../errors.ts';
import { viewLint } from '../../view/policy/lint.ts';
import { sarif } from '../../view/policy/sarif.ts';

// here the word says that the cluster is asked at all; --context names one
const { cluster: _named, ...ofCluster } = connectionFlags;

export default class PolicyLint extends Command {
  static override summary = 'Find what is wrong, misleading or unwise in audit policies';
  static override description =
    'Errors are what an API server of that version refuses, in its words. Warnings are what it takes and does otherwise than it seems: fields that it drops, words that match nothing, rules that are never reached, secrets in the log. Advice is what would be wiser. Exits by 3 where there are errors, under --strict also for warnings. No cluster is asked without --cluster; here that flag takes no name, so --context says which.';
  static override examples = [
    { description: 'A file', command: 'kubectl sematext-audit policy lint policy.yaml' },
    {
      description: 'For the cluster at hand: its version, its resources',
      command: 'kubectl sematext-audit policy lint policy.yaml --cluster --strict',
    },
    {
      description: 'Mend what has one meaning only',
      command: 'kubectl sematext-audit policy lint policy.yaml --fix',
    },
    {
      description: 'For code scanning',
      command: 'kubectl sematext-audit policy lint policies/prod.yaml -o sarif > policy.sarif',
    },
  ];
  static override strict = false;
  static override args = {
    file: filesArg('policies: files, - for standard input, or vendor, recommended, minimal'),
  };
  static override flags = {
    cluster: Flags.boolean({ summary: 'ask the cluster for its version and its resources', default: false }),
    ...kubernetesVersionFlag,
    fix: Flags.boolean({
      summary: 'mend what has one meaning only; of - the mended policy goes to stdout',
      default: false,
    }),
    strict: Flags.boolean({ summary: 'exit by 3 for warnings, too', default: false }),
    ignore: Flags.string({
      summary: 'leave a rule out, by its id; may be repeated',
      helpValue: 'RULE',
      default: [],
      multiple: true,
      multipleNonGreedy: true,
    }),
    ...outputFlags('sarif'),
    ...ofCluster,
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(PolicyLint);
    const { cluster, fix, strict, ignore, 'kubernetes-version': version, ...rest } = flags;
    const { lint, rules } = await import('../../flows/policy/lint.ts');
    const files = argv as readonly string[];
    if (fix && files.includes('-') && flags.output !== 'text')
      throw new Failure('usage', '--fix of - writes the policy to standard output, and nothing else there.', [
        'Leave -o out, or name a file.',
      ]);
    const asked = { files, version, cluster, fix, strict, ignore };
    const { result, mended } = await lint(this.world(rest), asked);
    if (mended !== undefined) {
      await this.stream(mended);
      this.say(viewLint(result, { colour: false, width: 80 }));
    } else if (flags.output === 'sarif')
      await this.showObject(sarif(result, rules, this.config.version), 'json');
    else await this.show(flags, { schema: 'policy-lint.v1', result, view: viewLint });
    if (result.faulty) this.answerNo('policy-faulty');
  }
}
