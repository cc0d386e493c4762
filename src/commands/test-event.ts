// `test-event`: makes one harmless event and watches it arrive.
import * as Flags from '@oclif/core/flags';
import { connectionFlags, outputFlags, sinkFlags, timeoutFlag } from '../cli/flags.ts';
import { Command } from '../command.ts';
import { openAccess } from '../flows/access.ts';
import { testEvent, verdictCodes } from '../flows/test-event.ts';
import { viewTestEvent } from '../view/test-event.ts';

export default class TestEvent extends Command {
  static override summary = 'Make one harmless event and watch it arrive';
  static override description =
    'Sends a request that changes nothing through the API server with an Audit-ID of its own, and searches Sematext until that very event is found. Exits 0 when it was found, 3 when it was not or when nobody could look.';
  static override examples = [
    { description: 'The whole way, hop by hop', command: 'kubectl sematext-audit test-event --region eu' },
    {
      description: 'Through every API server in turn',
      command: 'kubectl sematext-audit test-event --each-api-server',
    },
    {
      description: 'The receiver and the token alone',
      command: 'kubectl sematext-audit test-event --direct',
    },
  ];
  static override flags = {
    direct: Flags.boolean({
      summary: 'post a synthetic event to the receiver; no cluster is asked',
      exclusive: ['each-api-server'],
    }),
    'each-api-server': Flags.boolean({ summary: 'through every address of default/kubernetes' }),
    ...timeoutFlag,
    ...outputFlags(),
    ...connectionFlags,
    ...sinkFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(TestEvent);
    const world = this.world(flags);
    const access = await openAccess(
      world,
      this.sink(flags),
      { token: flags.direct, cluster: !flags.direct },
      (text) => this.say(text),
    );
    const result = await testEvent(world, {
      access,
      way: flags.direct ? 'direct' : flags['each-api-server'] ? 'each' : 'through',
      timeoutMs: flags.timeout ?? 120_000,
      tool: `${this.config.bin}/${this.config.version}`,
    });
    await this.show(flags, { schema: 'test-event.v1', result, view: viewTestEvent });
    const code = verdictCodes[result.verdict];
    if (code !== undefined) this.answerNo(code);
  }
}
