// `tail`: audit events as a person reads them.
import * as Flags from '@oclif/core/flags';
import { document, write, writeLine } from '../cli/document.ts';
import { filterFlags, selectionOf } from '../cli/filter-flags.ts';
import { eventOutputFlags, filesArg, isTemplated } from '../cli/flags.ts';
import { plainLine } from '../cli/plain.ts';
import { Command } from '../command.ts';
import { objectOf, summarise, tail } from '../flows/tail.ts';
import type { TailRequest } from '../flows/tail.ts';
import { byTemplate } from '../view/by-template.ts';
import { eventLine, viewSummary } from '../view/tail.ts';

/** Text of a batch of events, in the order that they came. */
type Writer = (events: readonly Parameters<typeof eventLine>[0][]) => string | Promise<string>;

interface WriterFlags {
  readonly output: string;
  readonly 'show-secrets': boolean;
  readonly 'no-color': boolean | undefined;
}

export default class Tail extends Command {
  static override summary = 'Read audit events like a person: filtered, folded, one line each';
  static override description =
    'Reads audit events from files, packed or not, or standard input, in every shape that they come in: as the API server writes them, behind the prefixes of a container log, as an EventList or an answer of the search. Shows each request once, by its last stage. Under -o json and yaml each event stands alone, as it was recorded. Contents of Secrets, tokens and the commands of exec are masked unless --show-secrets is given.\n\nA pattern may hold * (any text) and ? (any character). A filter that is given several times takes any of its patterns; different filters must all hold.';
  static override examples = [
    {
      description: 'Who was refused, or broke something?',
      command: 'kubectl sematext-audit tail audit.log --failed --by-people',
    },
    {
      description: 'Who changed what in production, and not the controllers?',
      command: "kubectl sematext-audit tail audit*.log.gz -n production --writes --not by='system:*'",
    },
    {
      description: 'What is the noise made of?',
      command: 'kubectl logs -n kube-system kube-apiserver-node1 | kubectl sematext-audit tail - --summary',
    },
  ];
  static override args = {
    file: filesArg('files to read one after the other; - is standard input'),
  };
  static override flags = {
    summary: Flags.boolean({ summary: 'count instead of show: who, what, outcome, over time' }),
    limit: Flags.integer({ summary: 'at most so many events', min: 1, helpValue: 'NUMBER' }),
    'all-stages': Flags.boolean({ summary: 'every stage of a request, not only its last one' }),
    'show-secrets': Flags.boolean({ summary: 'mask nothing' }),
    ...filterFlags,
    ...eventOutputFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(Tail);
    const world = this.world({ 'no-input': flags['no-input'] });
    const tell = (text: string): void => this.say(text);
    const request: TailRequest = {
      files: args.file,
      ...selectionOf(flags),
      allStages: flags['all-stages'],
      whole: !flags.summary && flags.output !== 'text' && flags.output !== 'wide',
      ...(flags.limit !== undefined && { limit: flags.limit }),
    };
    if (flags.summary) {
      const result = await summarise(world, request, tell);
      if (isTemplated(flags.output))
        return this.stream((await byTemplate(flags.output, plainLine))(document('tail-summary.v1', result)));
      return this.show(flags, { schema: 'tail-summary.v1', result, view: viewSummary });
    }
    const text = await this.writer({ ...flags, 'no-color': flags['no-color'] });
    for await (const events of tail(world, request, tell))
      if (events.length > 0) await this.stream(await text(events));
  }

  private async writer({ output, ...flags }: WriterFlags): Promise<Writer> {
    const shown = (event: Parameters<typeof objectOf>[0]): object => objectOf(event, flags['show-secrets']);
    if (output === 'json') return (events) => events.map((event) => writeLine(shown(event))).join('');
    if (output === 'yaml')
      return async (events) =>
        (await Promise.all(events.map(async (event) => `---\n${await write(shown(event), 'yaml')}`))).join(
          '',
        );
    if (isTemplated(output)) {
      const written = await byTemplate(output, plainLine);
      return (events) => events.map((event) => written(shown(event))).join('');
    }
    const terminal = this.terminal(flags);
    const style = { ...terminal, wide: output === 'wide', cut: Boolean(process.stdout.isTTY), plainLine };
    return (events) => events.map((event) => `${eventLine(event, style)}\n`).join('');
  }
}
