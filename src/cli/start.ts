// Everything between the process and a command: serves --version and --help from what is known without loading a
// command, loads oclif and one command for anything else, and holds the one catch: what is thrown anywhere becomes
// words on stderr and an exit number here.
import type { Failure } from '../errors.ts';
import type { Manifest } from './describe.ts';
import type { CommandClass, Package } from './oclif.ts';
import { leaveTerminal, outputFailed, writeOut } from './output.ts';
import { bugText, errorDocument, failureIn, failureText } from './report.ts';
import { bin, formatOf, wish } from './words.ts';

/** The commands there are, as far as each question needs to know them. */
export interface Catalogue {
  readonly about: Package;
  readonly ids: readonly string[];
  load(id: string): Promise<CommandClass>;
  manifest(): Promise<Manifest>;
  help(): Promise<Readonly<Record<string, string>>>;
}

/** Whether a flag before the command is followed by its value. */
async function valueFlags(
  { manifest }: Catalogue,
  typed: readonly string[],
): Promise<(flag: string) => boolean> {
  const first = typed[0];
  if (first?.startsWith('-') !== true || first === '--help' || first === '-h') return () => false;
  const flags = Object.values(await manifest()).flatMap((command) => Object.entries(command.flags));
  const names = flags
    .filter(([, flag]) => flag.type === 'option')
    .flatMap(([name, { char }]) => (char === undefined ? [`--${name}`] : [`--${name}`, `-${char}`]));
  return (flag) => names.includes(flag);
}

/** One run of the program. */
class Run {
  private readonly catalogue: Catalogue;
  private readonly typed: readonly string[];
  /** The command that is run, for hints. */
  private command: string | undefined;
  /** Nobody reads stdout any more (`| head`). */
  private unread = false;
  private failed = false;
  /** What the command writes has no end that an error could stand at. */
  private streams = false;

  constructor(catalogue: Catalogue, typed: readonly string[]) {
    this.catalogue = catalogue;
    this.typed = typed;
  }

  start(): void {
    // A reader who has gone ends the program quietly; see also cancel.ts.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') return this.fail(outputFailed(error));
      this.unread = true;
    });
    process.stderr.on('error', () => undefined);
    process.on('uncaughtException', (error) => this.fail(error));
    void this.serve().then(leave, (error) => this.fail(error));
  }

  private async serve(): Promise<void> {
    const { catalogue, typed } = this;
    const { about, ids } = catalogue;
    const wanted =
      typed[0] === '--version' ? { version: true } : wish(typed, ids, await valueFlags(catalogue, typed));
    if ('version' in wanted) writeOut(`${bin} ${about.version}\n`);
    else if ('help' in wanted) writeOut((await catalogue.help())[wanted.help] ?? '');
    else {
      this.command = wanted.id;
      const [{ runCommand }, command] = await Promise.all([import('./oclif.ts'), catalogue.load(wanted.id)]);
      command.id = wanted.id;
      this.streams = command.streams === true;
      await runCommand(command, wanted.argv, about);
    }
  }

  /** The one catch. A failure while failing ends at once. */
  private fail(error: unknown): void {
    if (this.failed) process.exit(1);
    this.failed = true;
    const failure = failureIn(error, this.command);
    void this.report(error, failure).then(() => {
      if (failure?.code === 'interrupted') setTimeout(() => process.exit(), mostPatience).unref();
      leave();
    });
  }

  private async report(error: unknown, failure: Failure | undefined): Promise<void> {
    const quiet = this.unread && failure?.code === 'interrupted';
    process.exitCode = quiet ? 0 : (failure?.exitCode ?? 1);
    if (quiet) return;
    process.stderr.write(
      failure === undefined ? bugText(error, this.catalogue.about.version) : failureText(failure),
    );
    const format = formatOf(this.typed);
    if ((format === 'json' || format === 'yaml') && this.takesDocument(failure)) {
      const { write } = await import('./document.ts');
      process.stdout.write(await write(errorDocument(failure, error), format));
    }
  }

  /** Whether an error belongs on stdout: not among events, nor where nothing can be written. */
  private takesDocument(failure: Failure | undefined): boolean {
    return !this.streams && failure?.code !== 'output-failed';
  }
}

/** Milliseconds that a reader who reads nothing has to take the rest, once the run was interrupted. */
const mostPatience = 300;

/** Ends the process once both streams have taken everything: a forgotten timer or socket must not hold it. */
function leave(): void {
  process.stdout.write('', () =>
    process.stderr.write('', () => {
      leaveTerminal();
      process.exit();
    }),
  );
}

/**
 * Runs the program.
 * @param typed the words after the program's name
 */
export function start(catalogue: Catalogue, typed: readonly string[]): void {
  new Run(catalogue, typed).start();
}
