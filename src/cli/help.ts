// The manifest → help texts, 80 columns wide, without colours: the same in a terminal, a pipe and the docs. Pure;
// the build writes the texts into the bundle.
import type { CommandManifest, FlagManifest, Manifest } from './describe.ts';
import { bin } from './words.ts';

const width = 80;
/** A flag longer than this has its summary on the next line. */
const widest = 32;

/** Text in lines that fit, each with the indent before it. */
function wrapped(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && indent + longer.length > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((one) => ' '.repeat(indent) + one).join('\n');
}

/** Two columns; the right one wraps. */
function table(rows: readonly (readonly [string, string])[]): string {
  const short = rows.map(([left]) => left.length).filter((length) => length <= widest);
  const column = Math.max(0, ...short) + 4;
  return rows
    .map(([left, right]) => {
      const body = wrapped(right, column);
      return left.length > widest ? `  ${left}\n${body}` : `  ${left}${body.slice(left.length + 2)}`;
    })
    .join('\n');
}

function section(title: string, body: string): string {
  return body === '' ? '' : `${title}\n${body}\n`;
}

function valueOf({ value, options, multiple }: FlagManifest): string {
  const word =
    value ?? (options !== undefined && options.join('|').length < 40 ? options.join('|') : 'VALUE');
  return `=${word}${multiple === true ? '...' : ''}`;
}

function flagRow([name, flag]: [string, FlagManifest]): readonly [string, string] {
  const long = `--${flag.allowNo === true ? '[no-]' : ''}${name}`;
  const left = `${flag.char === undefined ? '    ' : `-${flag.char}, `}${long}`;
  if (flag.type === 'boolean') return [left, flag.summary];
  const value = valueOf(flag);
  const oneOf = value === '=VALUE' && flag.options !== undefined ? `: ${flag.options.join(', ')}` : '';
  const preset = flag.default === undefined ? '' : ` (default ${String(flag.default)})`;
  return [left + value, `${flag.required === true ? '(required) ' : ''}${flag.summary}${oneOf}${preset}`];
}

/** The command's own flags come first; kubectl's, which the reader knows, last. */
const groups = ['', 'FILTER', 'SINK', 'OUTPUT', 'CLUSTER'];

function flagSections({ flags }: CommandManifest): string[] {
  const shown = Object.entries(flags).filter(([, flag]) => flag.hidden !== true);
  const named = [...new Set([...groups, ...shown.map(([, { group = '' }]) => group)])];
  return named.map((name) => {
    const rows = shown.filter(([, { group = '' }]) => group === name).map(flagRow);
    return section(`${name} FLAGS`.trim(), table(rows));
  });
}

function usage(id: string, { args }: CommandManifest): string {
  const words = Object.entries(args).map(([name, { required, multiple }]) => {
    const word = `${name.toUpperCase()}${multiple === true ? '…' : ''}`;
    return required ? word : `[${word}]`;
  });
  return `  ${[bin, id.replaceAll(':', ' '), ...words, '[FLAGS]'].join(' ')}`;
}

function commandHelp(id: string, command: CommandManifest): string {
  const paragraphs = command.description?.split('\n\n').map((text) => wrapped(text, 0)) ?? [];
  const args = Object.entries(command.args).map(
    ([name, { description }]) => [name.toUpperCase(), description] as const,
  );
  const examples = command.examples.map((one) => `  # ${one.description}\n  ${one.command}`);
  return [
    ...[command.summary, ...paragraphs].map((text) => `${text}\n`),
    section('USAGE', usage(id, command)),
    section('EXAMPLES', examples.join('\n\n')),
    section('ARGUMENTS', table(args)),
    ...flagSections(command),
  ]
    .filter((text) => text !== '')
    .join('\n');
}

function list(manifest: Manifest, ids: readonly string[]): string {
  const shown = ids.filter((id) => manifest[id]?.hidden === false);
  return table(shown.map((id) => [id.replaceAll(':', ' '), manifest[id]?.summary ?? '']));
}

function overview(title: string, word: string, commands: string): string {
  const start = word === '' ? bin : `${bin} ${word}`;
  return [
    `${title}\n`,
    section('USAGE', `  ${start} COMMAND [FLAGS]`),
    section('COMMANDS', commands),
    `More about a command: ${start} COMMAND --help\n`,
  ].join('\n');
}

/** All help texts: of each command by its id, of each topic by its word, of the program by the empty word. */
export function helpOf(manifest: Manifest, description: string): Readonly<Record<string, string>> {
  const ids = Object.keys(manifest);
  const topics = new Set(ids.filter((id) => id.includes(':')).map((id) => id.split(':')[0] ?? ''));
  const under = (topic: string): string[] => ids.filter((id) => id.startsWith(`${topic}:`));
  return {
    '': overview(wrapped(description, 0), '', list(manifest, ids)),
    ...Object.fromEntries(
      [...topics].map((topic) => [
        topic,
        overview(`Commands under ${topic}`, topic, list(manifest, under(topic))),
      ]),
    ),
    ...Object.fromEntries(Object.entries(manifest).map(([id, command]) => [id, commandHelp(id, command)])),
  };
}
