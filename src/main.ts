// The entry: serves --version and --help from what the build wrote down, loads oclif and one command for anything
// else, and holds the one catch: what is thrown anywhere becomes words on stderr and an exit number here.
import { about, help, ids, load, manifest } from './cli/catalogue.ts';
import { bugText, errorDocument, failureIn, failureText } from './cli/report.ts';
import { bin, formatOf, wish } from './cli/words.ts';

const typed: readonly string[] = process.argv.slice(2);

/** stdout whose reader has gone (`| head`) ends the program quietly; see also cli/cancel.ts. */
let unread = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  unread = true;
});
process.stderr.on('error', () => undefined);

/** Whether a flag before the command is followed by its value. */
async function valueFlags(): Promise<(flag: string) => boolean> {
  const first = typed[0];
  if (first?.startsWith('-') !== true || first === '--help' || first === '-h') return () => false;
  const flags = Object.values(await manifest()).flatMap((command) => Object.entries(command.flags));
  const names = flags
    .filter(([, flag]) => flag.type === 'option')
    .flatMap(([name, { char }]) => (char === undefined ? [`--${name}`] : [`--${name}`, `-${char}`]));
  return (flag) => names.includes(flag);
}

/** The command that is run, for hints. */
let running: string | undefined;

async function run(): Promise<void> {
  const wanted = typed[0] === '--version' ? { version: true } : wish(typed, ids, await valueFlags());
  if ('version' in wanted) process.stdout.write(`${bin} ${about.version}\n`);
  else if ('help' in wanted) process.stdout.write((await help())[wanted.help] ?? '');
  else {
    running = wanted.id;
    const [{ runCommand }, command] = await Promise.all([import('./cli/oclif.ts'), load(running)]);
    command.id = running;
    await runCommand(command, wanted.argv, about);
  }
}

/** Says what went wrong and sets the exit number. */
async function report(error: unknown): Promise<void> {
  const failure = failureIn(error, running);
  const quiet = unread && failure?.code === 'interrupted';
  process.exitCode = quiet ? 0 : (failure?.exitCode ?? 1);
  if (quiet) return;
  process.stderr.write(failure === undefined ? bugText(error, about.version) : failureText(failure));
  const format = formatOf(typed);
  if (format !== 'json' && format !== 'yaml') return;
  const { write } = await import('./cli/document.ts');
  process.stdout.write(await write(errorDocument(failure, error), format));
}

/** Ends the process once both streams have taken everything: a forgotten timer or socket must not hold it. */
function leave(): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

let failed = false;

/** The one catch. A failure while failing ends at once. */
function fail(error: unknown): void {
  if (failed) process.exit(1);
  failed = true;
  void report(error).then(leave);
}

process.on('uncaughtException', fail);
void run().then(leave, fail);
