// `tail` in a real terminal (tmux), behind real pipes, and on a disk that is really full.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporary } from '../support/secrets.ts';
import { eventually } from './support/eventually.ts';

const program = `"${process.execPath}" "${resolve('bin/kubectl-sematext_audit.cjs')}" tail`;
const log = resolve('test/golden/tail/audit.log');
const escape = '\u001b';

const sh = (script: string): string =>
  execFileSync('sh', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** A log whose users write themselves in many ways. */
function worldlyLog(): string {
  const line =
    readFileSync(log, 'utf8')
      .split('\n')
      .find((one) => one.includes('ResponseComplete')) ?? '';
  const people = ['王小明@例え.jp', 'Zoe\u0308', '\u001b[2J\u009b31m', 'a\u202eb', 'plain'];
  const path = join(temporary().path, 'worldly.log');
  writeFileSync(
    path,
    people
      .map(
        (name) =>
          `${line.replace('system:kube-controller-manager', () => JSON.stringify(name).slice(1, -1))}\n`,
      )
      .join(''),
  );
  return path;
}

/** A terminal of so many columns that runs a line of shell; gone after the test. */
class Screen {
  private readonly socket = join(temporary().path, 'tmux');

  constructor(columns: number, line: string) {
    const argv = ['-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', '50'];
    this.tmux(...argv, `${line}; echo "exit $?"; exec sleep 60`);
  }

  /** What is on the screen, with its colours where wanted, once a text is there. */
  showing(text: string, colours = false): Promise<string> {
    const argv = ['capture-pane', '-p', ...(colours ? ['-e'] : [])];
    const ask = (): Promise<string | undefined> => {
      const shown = this.tmux(...argv);
      return Promise.resolve(shown.includes(text) ? shown : undefined);
    };
    return eventually({ what: `"${text}" on the screen`, timeoutMs: 20_000, ask });
  }

  keys(...keys: string[]): void {
    this.tmux('send-keys', ...keys);
  }

  close(): void {
    this.tmux('kill-server');
  }

  private tmux(...argv: string[]): string {
    return execFileSync('tmux', ['-u', '-S', this.socket, ...argv], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
  }
}

/** What a terminal of so many columns shows of a run that has ended. */
async function shown(columns: number, line: string, colours = false): Promise<readonly string[]> {
  const screen = new Screen(columns, line);
  try {
    const [text = ''] = (await screen.showing('exit ', colours)).split('exit ');
    return text.trimEnd().split('\n');
  } finally {
    screen.close();
  }
}

describe('tail in a terminal', () => {
  it('keeps each request in one line of a narrow one, whoever made it, and steers nothing', async () => {
    const lines = await shown(40, `${program} ${worldlyLog()}`);
    assert.equal(lines.length, 5, lines.join('\n'));
    for (const line of lines) assert.match(line, /^11-22 17:03:43\.325 .*…$/);
    assert.ok(lines[0]?.includes('王小明@例え'));
    assert.ok(lines[2]?.includes('?[2J?31m'));
  });

  it('keeps the columns of a wide one in line', async () => {
    const lines = await shown(200, `${program} ${worldlyLog()}`);
    const [plain = ''] = lines.filter((line) => line.includes('plain'));
    assert.equal(lines.length, 5);
    assert.ok(plain.indexOf('get leases') === 20 + 24 + 2);
    const wide = lines[0] ?? ''; // four wide characters and three of Japanese before "get", each in two columns
    assert.equal(wide.indexOf('get leases'), 20 + 24 + 2 - 5);
    assert.match(plain, /403 forbid: leases/);
  });

  it('has colours, and none where NO_COLOR or a dumb terminal want none', async () => {
    const coloured = (lines: readonly string[]): boolean => lines.join('').includes(`${escape}[`);
    const line = `${program} ${log} --limit 3`;
    assert.ok(coloured(await shown(120, line, true)));
    for (const without of [`NO_COLOR=1 ${line}`, `TERM=dumb ${line}`, `${line} --no-color`, `${line} | cat`])
      assert.ok(!coloured(await shown(120, without, true)), without);
  });

  it('is read in less, and left', async () => {
    const screen = new Screen(100, `${program} ${log} | less -R`);
    try {
      await screen.showing('delete pods kube-system');
      await screen.showing('(END)');
      await new Promise((resolve) => setTimeout(resolve, 500)); // until tail has ended, and touched the terminal
      screen.keys('q');
      await screen.showing('exit 0');
    } finally {
      screen.close();
    }
  });

  it('ends with 130 by Ctrl-C', async () => {
    const screen = new Screen(100, `printf 'waits\n'; ${program} -`);
    try {
      await screen.showing('waits');
      await new Promise((resolve) => setTimeout(resolve, 1000)); // until it listens
      screen.keys('C-c');
      assert.match(await screen.showing('exit 130'), /Error: Interrupted\./);
    } finally {
      screen.close();
    }
  });
});

describe('tail in a pipe', () => {
  it('gives jq what it takes', () => {
    const verbs = sh(`${program} ${log} --all-stages -o json | jq -r .verb`).trimEnd().split('\n');
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      verbs,
      lines.map((line) => (JSON.parse(line) as { verb: string }).verb),
    );
    const requests = new Set(lines.map((line) => (JSON.parse(line) as { auditID: string }).auditID)).size;
    assert.equal(sh(`${program} ${log} --summary -o json | jq .events`), `${requests}\n`);
  });
});

describe('tail on a full disk', () => {
  let disk = '';
  beforeEach(() => {
    disk = temporary().path;
    sh(`mount -t tmpfs -o size=256k tmpfs ${disk}`);
  });
  for (const options of ['', '-o json', '-o yaml', "-o 'jsonpath={.verb} {.user}'"])
    it(`ends the file with a whole line, and says so: ${options}`, () => {
      try {
        const big = join(temporary().path, 'big.log');
        writeFileSync(big, readFileSync(log, 'utf8').repeat(300));
        const [file, whole] = [join(disk, 'out'), join(temporary().path, 'whole')];
        writeFileSync(file, 'first\n');
        const said = sh(`${program} ${big} --all-stages ${options} 2>&1 >>${file}; echo "exit $?"`);
        assert.match(said, /^Error: Standard output could not be written: no space left on the device\.\n/);
        assert.match(said, /exit 2\n$/);
        sh(`${program} ${big} --all-stages ${options} >${whole}`);
        const text = readFileSync(file, 'utf8');
        assert.ok(text.endsWith('\n') && statSync(file).size > 200 * 1024);
        assert.ok(`first\n${readFileSync(whole, 'utf8')}`.startsWith(text));
      } finally {
        sh(`umount ${disk}`); // here, since the hook that removes folders cannot remove it
      }
    });
});
