// `version`: which client this is, and which API server answers.
import * as Flags from '@oclif/core/flags';
import { connectionFlags, outputFlags } from '../cli/flags.ts';
import { Command } from '../command.ts';
import { Failure } from '../errors.ts';
import { serverVersion } from '../flows/version.ts';
import { viewVersion } from '../view/version.ts';

export default class Version extends Command {
  static override summary = "Version of this program and of the cluster's API server";
  static override description =
    'Prints the version of this program even where the cluster does not answer, and then exits by why it did not.';
  static override examples = [
    { description: 'Both sides', command: 'kubectl sematext-audit version' },
    {
      description: 'This program only, for a script',
      command: 'kubectl sematext-audit version --client -o json',
    },
  ];
  static override flags = {
    client: Flags.boolean({ summary: 'this program only; no cluster is asked' }),
    ...outputFlags(),
    ...connectionFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Version);
    const { version, arch, platform } = this.config;
    const client = { version, node: process.version, platform: `${platform}/${arch}` };
    const answer = flags.client ? undefined : await serverVersion(this.world(flags));
    const server =
      answer instanceof Failure
        ? { unknown: { code: answer.code, why: answer.message } }
        : answer && { version: answer };
    const result = { client, ...(server && { server }) };
    await this.show(flags, { schema: 'version.v1', result, view: viewVersion });
    if (answer instanceof Failure) this.answerNo(answer);
  }
}
