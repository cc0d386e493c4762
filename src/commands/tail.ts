// `tail`: audit events as a person reads them.
import * as Flags from '@oclif/core/flags';
import { document, write, writeLine } from '../cli/document.ts';
import { filterFlags, selectionOf } from '../cli/filter-flags.ts';
import {
  connectionFlags,
  durationFlag,
  eventOutputFlags,
  filesArg,
  isTemplated,
  sinkFlags,
} from '../cli/flags.ts';
import { plainLine } from '../cli/plain.ts';
import { Command, type SinkChoice } from '../command.ts';
import { Failure } from '../errors.ts';
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
  static readonly streams = true;
  static override summary = 'Read audit events like a person, from anywhere: filtered, folded, one line each';
  static override description =
    "Reads audit events from Sematext's search, from the logs of the API servers, from the audit files of their nodes, from files, packed or not, or from standard input. Without a file and --source it reads the search where an API key is at hand, else what the API servers write. Shows each request once, by its last stage. Under -o json and yaml each event stands alone, as it was recorded. Contents of Secrets, tokens and the commands of exec are masked unless --show-secrets is given. What must have been lost on the way is said on stderr.\n\nA pattern may hold * (any text) and ? (any character). A filter that is given several times takes any of its patterns; different filters must all hold.";
  static override examples = [
    {
      description: 'What do people change in production, now?',
      command: 'kubectl sematext-audit tail -f --by-people --writes -n production',
    },
    {
      description: 'Who was refused, or broke something?',
      command: 'kubectl sematext-audit tail audit.log --failed --by-people',
    },
    {
      description: 'Who changed what yesterday, and not the controllers?',
      command: "kubectl sematext-audit tail audit*.log.gz -n production --writes --not by='system:*'",
    },
    {
      description: 'What is the noise made of?',
      command: 'kubectl sematext-audit tail --source api-server --since 1h --summary',
    },
  ];
  static override args = {
    file: filesArg('files to read; - is standard input'),
  };
  static override flags = {
    source: Flags.option({
      options: ['search', 'api-server', 'node'] as const,
      summary:
        "where to read when no file is named: Sematext's search, API servers' logs, their nodes' files",
    })(),
    follow: Flags.boolean({ char: 'f', summary: 'go on with what comes' }),
    'resume-from': Flags.string({
      summary: 'file that keeps where reading ended, for the next run',
      helpValue: 'PATH',
      exclusive: ['limit'],
    }),
    summary: Flags.boolean({
      summary: 'count instead of show: who, what, outcome, over time',
      exclusive: ['follow'],
    }),
    limit: Flags.integer({ summary: 'at most so many events, the first ones', min: 1, helpValue: 'NUMBER' }),
    'all-stages': Flags.boolean({ summary: 'every stage of a request, not only its last one' }),
    'show-secrets': Flags.boolean({ summary: 'mask nothing' }),
    every: durationFlag({ summary: 'how often the search is asked while following; default 5s' }),
    late: durationFlag({ summary: 'how late an event may come to the search; default 5m' }),
    ...eventOutputFlags,
    ...connectionFlags,
    ...sinkFlags,
    // -n filters here, as it does in kubectl; no request of tail has a namespace of its own
    ...filterFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(Tail);
    const { namespace: _filter, ...connection } = flags;
    const world = this.world(connection);
    const tell = (text: string): void => this.say(text);
    const request: TailRequest = {
      from: originOf(args.file ?? [], flags, this.sink(flags)),
      follow: flags.follow,
      ...selectionOf(flags),
      allStages: flags['all-stages'],
      whole: !flags.summary && flags.output !== 'text' && flags.output !== 'wide',
      ...(flags.limit !== undefined && { limit: flags.limit }),
      ...(flags['resume-from'] !== undefined && { resumeFrom: flags['resume-from'] }),
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

interface OriginFlags {
  readonly source: TailRequest['from']['source'];
  readonly every: number | undefined;
  readonly late: number | undefined;
}

/** Where to read. @throws Failure usage when what was said does not go together */
function originOf(
  files: readonly string[],
  { source, every, late }: OriginFlags,
  sink: SinkChoice,
): TailRequest['from'] {
  if (files.length > 0 && source !== undefined)
    throw new Failure('usage', 'Give files or --source, not both.');
  return {
    ...{ files, sink },
    ...(source !== undefined && { source }),
    ...(every !== undefined && { everyMs: every }),
    ...(late !== undefined && { lateMs: late }),
  };
}
