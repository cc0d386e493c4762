// `policy explain`: which rule decides about a request, and why each one before does not.
import * as Flags from '@oclif/core/flags';
import { outputFlags } from '../../cli/flags.ts';
import { kubernetesVersionFlag, policyArg } from '../../cli/policy-flags.ts';
import { Command } from '../../command.ts';
import type { ExplainRequest } from '../../flows/policy/explain.ts';
import { viewPolicyExplain } from '../../view/policy/explain.ts';

const request = { helpGroup: 'REQUEST' };
const log = { helpGroup: 'EVENT' };

export default class PolicyExplain extends Command {
  static override summary = 'Which rule of a policy decides about a request, and why no earlier one';
  static override description =
    'Decides as the API server does: says the level and the stages that come into the log, the rule and its line, and of each rule before it the condition that the request does not meet. The request is said as for kubectl auth can-i, or as a URL, or taken from an event of an audit log. No cluster is asked: --as names who sends the request, and the groups that every API server adds are added here, too.';
  static override examples = [
    {
      description: 'Would anybody see a shell being opened?',
      command:
        'kubectl sematext-audit policy explain policy.yaml --as ann --verb get --resource pods/exec -n production --name web',
    },
    {
      description: 'A health check',
      command: 'kubectl sematext-audit policy explain recommended --as system:anonymous --url /healthz',
    },
    {
      description: 'Why was this recorded?',
      command:
        'kubectl sematext-audit policy explain policy.yaml --event audit.log --audit-id 2b7c62d1-8f5a-4d0e-9a3c-0c8a1f2e3d4b',
    },
  ];
  static override args = { policy: policyArg };
  static override flags = {
    as: Flags.string({ ...request, helpValue: 'USER', summary: 'who sends the request' }),
    'as-group': Flags.string({
      ...request,
      helpValue: 'GROUP',
      summary: 'group of that user; may be repeated',
      multiple: true,
      multipleNonGreedy: true,
    }),
    unauthenticated: Flags.boolean({ ...request, summary: 'its credentials are refused: a failed login' }),
    verb: Flags.string({ ...request, helpValue: 'VERB', summary: 'get, list, watch, create, update, …' }),
    resource: Flags.string({
      ...request,
      helpValue: 'RESOURCE',
      summary: 'what it asks for: pods, pods/exec, deployments.apps, deploy',
    }),
    subresource: Flags.string({ ...request, helpValue: 'NAME', summary: 'subresource: exec, log, status' }),
    'api-group': Flags.string({ ...request, helpValue: 'GROUP', summary: 'API group, without a version' }),
    namespace: Flags.string({ ...request, char: 'n', helpValue: 'NAME', summary: 'namespace of the object' }),
    name: Flags.string({ ...request, helpValue: 'NAME', summary: 'name of the object' }),
    url: Flags.string({ ...request, helpValue: 'PATH', summary: 'path and query, instead of a resource' }),
    method: Flags.string({ ...request, helpValue: 'METHOD', summary: 'HTTP method for --url; default GET' }),
    event: Flags.string({
      ...log,
      helpValue: 'FILE|-',
      summary: 'audit log, packed or not; its first request is explained',
    }),
    'audit-id': Flags.string({ ...log, helpValue: 'ID', summary: 'which request of the log' }),
    ...kubernetesVersionFlag,
    ...outputFlags(),
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(PolicyExplain);
    const { as, unauthenticated, verb, resource, subresource, namespace, name, url, method } = flags;
    const asked: ExplainRequest = {
      policy: args.policy,
      version: flags['kubernetes-version'],
      form: {
        ...{ as, unauthenticated, verb, resource, subresource, namespace, name, url, method },
        asGroups: flags['as-group'],
        apiGroup: flags['api-group'],
      },
      event: flags.event,
      auditId: flags['audit-id'],
    };
    const { explainPolicy } = await import('../../flows/policy/explain.ts');
    const world = this.world({ 'no-input': flags['no-input'] });
    const result = await explainPolicy(world, asked, (text) => this.say(text));
    await this.show(flags, { schema: 'policy-explain.v1', result, view: viewPolicyExplain });
  }
}
