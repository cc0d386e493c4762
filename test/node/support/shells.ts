// The shells that the node's scripts must run in: what /bin/sh is on the nodes of the world.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mortals } from './shims.ts';

export interface Shell {
  /** For the test's title. */
  readonly name: string;
  /** Program and arguments before the script. */
  readonly command: readonly [string, ...string[]];
  /** Folders of programs, in the order of PATH. */
  readonly path: readonly string[];
  /** Put before a script so that the shell finds the shims. */
  readonly prelude: string;
}

/** Debian's and Ubuntu's, Alpine's, and Red Hat's. One that is missing makes its tests fail. */
export const shells: readonly Shell[] = [
  { name: 'dash', command: ['dash'], path: systemPath(), prelude: '' },
  {
    name: 'busybox',
    command: ['busybox', 'sh'],
    path: [busyboxFolder(), ...systemPath()],
    prelude: shadows(),
  },
  { name: 'bash', command: ['bash', '--posix'], path: systemPath(), prelude: '' },
];

/** The two that matter most: the others are close to one of them. */
export const usualShells = shells.filter(({ name }) => name !== 'bash');

/** Debian's busybox prefers its own programs to those on PATH; a function goes before both. */
function shadows(): string {
  const usual = ['sleep', 'wget'].map((name) => `${name}() { "$SHIMS/usual/${name}" "$@"; }\n`);
  const mortal = mortals.map((name) => `${name}() { "$SHIMS/mortal/${name}" "$@"; }\n`);
  return `${usual.join('')}if [ -n "\${KILL_AT:-}" ]; then\n${mortal.join('')}fi\n`;
}

function systemPath(): readonly string[] {
  return ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
}

/** Every program of busybox under its own name, so that the scripts find these and not the machine's. */
function busyboxFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'busybox-'));
  process.on('exit', () => execFileSync('rm', ['-rf', folder]));
  const busybox = execFileSync('sh', ['-c', 'command -v busybox || true'], { encoding: 'utf8' }).trim();
  if (busybox === '') return folder;
  mkdirSync(folder, { recursive: true });
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  for (const applet of applets) symlinkSync(busybox, join(folder, applet));
  return folder;
}
