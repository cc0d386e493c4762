// The scripts as they are sent: without a finding of shellcheck, and the same ones in the bundle as in the sources.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { nodeScripts } from '../../src/io/scripts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the scripts that are sent to a node', function () {
  this.timeout(60_000);

  it('are what shellcheck has nothing against', async () => {
    for (const [name, text] of Object.entries(await nodeScripts())) {
      const { status, stdout, error } = spawnSync('shellcheck', ['--shell=sh', '-'], {
        input: text,
        encoding: 'utf8',
      });
      assert.equal(error, undefined, 'shellcheck must be installed');
      assert.equal(status, 0, `${name}:\n${stdout}`);
    }
  });

  it('are in the bundle, one chunk of the folder that is shipped', async () => {
    const dist = mkdtempSync(join(tmpdir(), 'sematext-audit-scripts-'));
    rmSync(dist, { recursive: true });
    try {
      execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), dist], { stdio: 'ignore' });
      const chunks = readdirSync(dist).filter((name) =>
        readFileSync(join(dist, name), 'utf8').includes('phase_stage()'),
      );
      assert.equal(chunks.length, 1, chunks.join());
      const file = join(dist, chunks[0] ?? '');
      const chunk = runInThisContext(readFileSync(file, 'utf8')) as (...of: unknown[]) => void;
      const module = { exports: {} as { default?: unknown } };
      chunk(module.exports, createRequire(file), module, file, dist);
      assert.deepEqual(module.exports.default, await nodeScripts());
    } finally {
      rmSync(dist, { recursive: true, force: true });
    }
  });
});
