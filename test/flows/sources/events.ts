// Events, what a source gives of them, and a world that reads them.
import { PassThrough } from 'node:stream';
import type { Batch, Source } from '../../../src/flows/sources/source.ts';
import { openWorld } from '../../../src/io/world.ts';
import type { World, WorldOptions } from '../../../src/io/world.ts';

/** Lines of events with these ids. */
export function eventLines(ids: readonly (number | string)[], more = ''): string {
  return ids.map((id) => `${eventLine(id, more)}\n`).join('');
}

/** One, without its newline. */
export function eventLine(id: number | string, more = ''): string {
  const head = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"${id}"`;
  return `${head},"stage":"ResponseComplete","requestURI":"/${more}","verb":"get"}`;
}

/** What was read so far. */
export interface Got {
  readonly ids: string[];
  readonly notes: string[];
  /** The last one. */
  position: object | undefined;
  /** How many batches there were. */
  batches: number;
}

export const nothing = (): Got => ({ ids: [], notes: [], position: undefined, batches: 0 });

function take(got: Got, { events, notes = [], position }: Batch): void {
  got.ids.push(...events.map(({ auditId }) => auditId));
  got.notes.push(...notes);
  got.position = position ?? got.position;
  got.batches += 1;
}

/** Reads a source to its end. */
export async function read(source: Source, got = nothing()): Promise<Got> {
  for await (const batch of source.batches()) take(got, batch);
  return got;
}

/** A world with these things of its own. */
export function world(given: Partial<WorldOptions> = {}): World {
  const stderr = new PassThrough();
  const signal = new AbortController().signal;
  const rest = { connection: {}, stdin: new PassThrough(), noInput: true, env: {} };
  return openWorld({ ...rest, stderr, signal, ...given });
}

/** Waits until something is so. @throws Error after 20 s */
export async function until(so: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!so()) {
    if (Date.now() > deadline) throw new Error('not within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
