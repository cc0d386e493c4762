// A log in memory that is written, rotated in each of the usual ways, packed, emptied and thinned out, one small step at
// a time: a step may fall between any two looks at its folder.
import { gzipSync } from 'node:zlib';
import type { LogFolder } from '../../../src/io/log/folder.ts';
import type { Draws } from '../../support/draws.ts';

/** lumberjack, as the API server has it; logrotate renaming, with the writer told later; logrotate copying. */
export type Scheme = 'dated' | 'numbered' | 'copied';

interface File {
  bytes: Buffer;
}

export const base = 'audit.log';
const numberOf = /^{"kind":"Event","n":(\d+),/m;
const empty = Buffer.alloc(0);

/** The log, what writes it, and what rotates it. */
export class RotatingLog implements LogFolder {
  readonly files = new Map<string, File>([[base, { bytes: empty }]]);
  /** All lines that were begun, in their order. */
  readonly written: string[] = [];
  /** Whether a file was removed. */
  thinned = false;
  /** Lines of which something was written after the copy and before the log was emptied: nobody can have them. */
  readonly cut = new Set<number>();
  private readonly chance: Draws;
  private readonly scheme: Scheme;
  private readonly thins: boolean;
  private readonly longest: number;
  private writer = this.files.get(base);
  /** What is left to write of a line. */
  private half = '';
  /** Steps that follow each other, with others in between. */
  private readonly pending: (() => void)[] = [];
  private clock = Date.parse('2026-11-30T10:00:00Z');

  constructor(chance: Draws, scheme: Scheme, thins: boolean) {
    this.chance = chance;
    this.scheme = scheme;
    this.thins = thins;
    this.longest = chance.pick(20, 20, 20, 1000, 1000, 1000, 130_000);
  }

  names(): Promise<readonly string[]> {
    return Promise.resolve([...this.files.keys(), 'audit-notes.txt', 'other.log', 'other.log.1']);
  }

  read(name: string, from: number, most: number): ReturnType<LogFolder['read']> {
    const bytes = this.files.get(name)?.bytes;
    if (bytes === undefined) return Promise.resolve(undefined);
    const end = from + most;
    return Promise.resolve({ bytes: Buffer.from(bytes.subarray(from, end)), more: end < bytes.length });
  }

  /** One step. */
  step(): void {
    const { chance } = this;
    if (chance.below(3) === 0 && this.pending.length > 0) return this.pending.shift()?.();
    const what = chance.below(12);
    if (what < 7) this.write();
    else if (what < 10 && this.pending.length === 0) this.rotate();
    else if (what === 10 && this.pending.length === 0) this.pack();
    else if (this.thins && this.pending.length === 0) this.thin();
  }

  /** Ends what was begun. */
  finish(): void {
    while (this.half !== '') this.write();
    while (this.pending.length > 0) this.pending.shift()?.();
  }

  /** The number of the first line that is in the log itself, or will be; Infinity where that cannot be said. */
  firstNow(): number {
    if (this.files.get(base) !== this.writer) return Infinity;
    const now = this.files.get(base)?.bytes.toString() ?? '';
    const next = this.half === '' ? this.written.length : this.written.length - 1;
    return Number(numberOf.exec(now)?.[1] ?? next);
  }

  /** Whole lines that are still to be had. */
  left(): string {
    return [...this.files.values()].map(({ bytes }) => bytes.toString()).join('\n');
  }

  private write(): void {
    const { chance } = this;
    if (this.half === '') {
      const line = `{"kind":"Event","n":${this.written.length},"x":"${`${this.written.length}.`.repeat(chance.below(this.longest))}"}`;
      this.written.push(line);
      this.half = `${line}\n`;
    }
    const whole = this.scheme === 'dated' ? chance.below(8) > 0 : chance.below(4) > 0;
    const count = whole ? this.half.length : 1 + chance.below(this.half.length);
    if (!this.writer) [this.writer] = [this.create()];
    this.writer.bytes = Buffer.concat([this.writer.bytes, Buffer.from(this.half.slice(0, count))]);
    this.half = this.half.slice(count);
  }

  private create(): File {
    const file = this.files.get(base) ?? { bytes: empty };
    this.files.set(base, file);
    return file;
  }

  private rename(from: string, to: string): void {
    const file = this.files.get(from);
    if (!file) return;
    this.files.delete(from);
    this.files.set(to, file);
  }

  private rotate(): void {
    if (this.scheme === 'dated') this.lumberjack();
    else this.logrotate();
  }

  private lumberjack(): void {
    // its writer writes whole lines before it looks at the size
    if (this.half !== '' || !this.files.has(base)) return;
    this.clock += 1 + this.chance.below(100_000);
    const stamp = new Date(this.clock).toISOString().slice(0, 23).replaceAll(':', '-');
    this.rename(base, `audit-${stamp}.log`);
    this.writer = undefined;
    if (this.chance.below(2) === 0) this.pending.push(() => this.create());
  }

  private logrotate(): void {
    const oldest = Math.max(
      0,
      ...[...this.files.keys()].map((name) => Number(/^audit\.log\.(\d+)/.exec(name)?.[1] ?? 0)),
    );
    for (let n = oldest; n > 0; n--)
      this.pending.push(() => {
        for (const packed of ['', '.gz']) this.rename(`${base}.${n}${packed}`, `${base}.${n + 1}${packed}`);
      });
    if (this.scheme === 'copied') this.copyAndEmpty();
    else
      this.pending.push(
        () => this.rename(base, `${base}.1`),
        () => this.create(),
        () => this.reopen(),
      );
  }

  // not in the middle of a line
  private reopen(): void {
    if (this.half === '') this.writer = this.create();
    else this.pending.push(() => this.reopen());
  }

  private copyAndEmpty(): void {
    this.pending.push(
      () => this.files.set(`${base}.1`, { bytes: this.part() }),
      () => this.files.set(`${base}.1`, { bytes: Buffer.from(this.create().bytes) }),
      () => {
        const log = this.create();
        this.cutAfter(this.files.get(`${base}.1`)?.bytes.length ?? 0, log.bytes);
        log.bytes = empty;
      },
    );
  }

  private cutAfter(copied: number, bytes: Buffer): void {
    const lines = bytes.toString().split('\n');
    const known = lines.findIndex((line) => numberOf.test(line));
    // a line is known by its beginning, and those around it by their turn
    const first =
      known < 0 ? this.written.length - 1 : Number(numberOf.exec(lines[known] ?? '')?.[1]) - known;
    let end = 0;
    for (const [i, line] of lines.entries()) {
      end += line.length + 1;
      if (end > copied && line !== '') this.cut.add(first + i);
    }
  }

  /** As far as a copy may be that is not ready. */
  private part(): Buffer {
    const { bytes } = this.create();
    return Buffer.from(bytes.subarray(0, this.chance.below(bytes.length + 1)));
  }

  private backups(): string[] {
    const names = [...this.files.keys()].filter((name) => name !== base);
    const age = (name: string): number => Number(/^audit\.log\.(\d+)/.exec(name)?.[1] ?? 0);
    return names.sort((a, b) => (this.scheme === 'dated' ? (a < b ? -1 : 1) : age(b) - age(a)));
  }

  private pack(): void {
    const plain = this.backups().filter((name) => !name.endsWith('.gz'));
    // the youngest may still be written to
    const name = this.scheme === 'dated' ? this.chance.pick(...plain) : plain[0];
    const file = name === undefined ? undefined : this.files.get(name);
    if (name === undefined || !file || file === this.writer) return;
    const packed = gzipSync(file.bytes);
    const half = { bytes: packed.subarray(0, this.chance.below(packed.length)) };
    this.pending.push(
      () => this.files.set(`${name}.gz`, half),
      () => this.files.set(`${name}.gz`, { bytes: packed }),
      () => this.files.delete(name),
    );
  }

  private thin(): void {
    const [oldest, ...others] = this.backups();
    if (oldest === undefined || others.length === 0) return;
    const file = this.files.get(oldest);
    this.files.delete(oldest);
    if (file) this.thinned = true;
  }
}
