// `status`: is auditing on, complete, and arriving?
import * as Flags from '@oclif/core/flags';
import { connectionFlags, durationFlag, outputFlags, sinkFlags, timeoutFlag } from '../cli/flags.ts';
import { Command } from '../command.ts';
import { openAccess } from '../flows/access.ts';
import { awaitHealthy, codeOf, status, watchStatus } from '../flows/status.ts';
import type { StatusRequest, StatusResult } from '../flows/status.ts';
import { viewJunit, viewStatus } from '../view/status.ts';

export default class Status extends Command {
  static override summary = 'Is auditing on, complete, and arriving?';
  static override description =
    'Looks at the API servers, the receiver and the search, and says how far events get. What could not be looked at is said and never counts as well. Exits 0 when events were found arriving and every check passed, 3 when not, 4 when the cluster and 5 when the sink is the trouble.';
  static override examples = [
    { description: 'Where do we stand?', command: 'kubectl sematext-audit status --region eu' },
    {
      description: 'For a runbook: wait until it is well',
      command: 'kubectl sematext-audit status --wait --timeout 3m',
    },
    {
      description: 'Without an API key, leaving delivery out',
      command: 'kubectl sematext-audit status --skip events-arrive',
    },
  ];
  static override flags = {
    wait: Flags.boolean({
      summary: 'ask again until it is healthy or --timeout is over',
      exclusive: ['watch'],
    }),
    watch: Flags.boolean({ char: 'w', summary: 'ask again until interrupted' }),
    every: durationFlag({ summary: 'time between two looks of --watch; default 10s', dependsOn: ['watch'] }),
    skip: Flags.string({
      summary: 'id of a check to leave out; may be repeated',
      helpValue: 'ID',
      multiple: true,
      multipleNonGreedy: true,
    }),
    verbose: Flags.boolean({ char: 'v', summary: 'the evidence of every check, like -o wide' }),
    window: durationFlag({ summary: 'how far back arrived events count; default 15m' }),
    interval: durationFlag({ summary: 'least time between two readings of the counters; default 0s' }),
    ...timeoutFlag,
    ...outputFlags('wide', 'junit'),
    ...connectionFlags,
    ...sinkFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const world = this.world(flags);
    const access = await openAccess(world, this.sink(flags), { token: false, cluster: true }, (text) =>
      this.say(text),
    );
    const request: StatusRequest = {
      access,
      skip: flags.skip ?? [],
      window: (flags.window ?? 900_000) / 1000,
      interval: flags.interval ?? 0,
    };
    const print = (result: StatusResult): Promise<void> => this.print(flags, result);
    if (flags.watch) await watchStatus(world, request, flags.every ?? 10_000, print);
    const waiting = (result: StatusResult): void => this.say(`${result.state}: waiting`);
    const result = flags.wait
      ? await awaitHealthy(world, request, flags.timeout ?? 120_000, waiting)
      : await status(world, request);
    await print(result);
    const code = codeOf(result);
    if (code !== undefined) this.answerNo(code);
  }

  private async print(
    flags: { output: string; 'no-color': boolean; 'no-input': boolean; verbose: boolean },
    result: StatusResult,
  ): Promise<void> {
    if (flags.output === 'junit') process.stdout.write(viewJunit(result));
    else
      await this.show(flags, {
        schema: 'status.v1',
        result,
        view: (one, terminal) => viewStatus(one, terminal, flags.output === 'wide' || flags.verbose),
      });
  }
}
