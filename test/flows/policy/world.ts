// The outside world of a flow that needs no cluster: files, and what comes on standard input.
import { PassThrough } from 'node:stream';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWorld } from '../../../src/io/world.ts';
import type { World } from '../../../src/io/world.ts';
import { temporary } from '../../support/secrets.ts';

export function bareWorld(input = ''): World {
  const stdin = new PassThrough();
  stdin.end(input);
  return openWorld({
    connection: {},
    signal: new AbortController().signal,
    stdin,
    stderr: new PassThrough(),
    noInput: true,
    env: {},
  });
}

/** A file of this test; removed after it. */
export function file(text: string, name = 'policy.yaml'): string {
  const path = join(temporary().path, name);
  writeFileSync(path, text);
  return path;
}
