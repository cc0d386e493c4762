// `demo`: the whole story on this machine alone.
import { outputFlags } from '../cli/flags.ts';
import { Command } from '../command.ts';
import { demo } from '../flows/demo.ts';
import { viewDemo } from '../view/demo.ts';

export default class Demo extends Command {
  static override summary = 'The whole story on this machine alone: enable, status, test-event, disable';
  static override description =
    'Starts an API server and a Sematext on loopback and runs the very same commands against them as you would type them. Needs no cluster, no account and no network. With kube-apiserver and etcd in the folder that KUBEBUILDER_ASSETS names, it runs on those instead.';
  static override examples = [
    { description: 'On embedded parts', command: 'kubectl sematext-audit demo' },
    { description: 'On a real API server', command: 'KUBEBUILDER_ASSETS=./bin kubectl sematext-audit demo' },
  ];
  static override flags = { ...outputFlags() };

  async run(): Promise<void> {
    const { flags } = await this.parse(Demo);
    const quiet = flags.output !== 'text';
    const [, script = ''] = process.argv;
    const result = await demo(this.world(flags), {
      program: [process.execPath, ...process.execArgv, script],
      assets: process.env['KUBEBUILDER_ASSETS'],
      tell: (text) => void (quiet ? process.stderr : process.stdout).write(text),
    });
    await this.show(flags, { schema: 'demo.v1', result, view: viewDemo });
    if (!result.asExpected) this.answerNo('unhealthy');
  }
}
