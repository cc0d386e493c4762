// The demo on API servers that somebody has at hand, by envtest's convention: one with AuditSinks, one without.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoResult } from '../../src/audit/results.ts';
import { temporary, witness } from '../support/secrets.ts';
import { partPath } from './support/parts.ts';
import { ship } from './support/program.ts';

/** A folder as KUBEBUILDER_ASSETS names one. */
function assets(version: string): string {
  const { path } = temporary();
  symlinkSync(partPath('kube-apiserver', 'kube-apiserver', version), join(path, 'kube-apiserver'));
  symlinkSync(partPath('etcd', 'etcd'), join(path, 'etcd'));
  return path;
}

async function demo(folder: string): Promise<{ code: number; result: DemoResult }> {
  const { launcher } = await ship();
  const env = { ...process.env, KUBEBUILDER_ASSETS: folder };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [launcher, 'demo', '-o', 'json'], { env }, (error, stdout, stderr) => {
      witness(stdout + stderr);
      const code = error === null ? 0 : Number(error.code);
      if (stdout === '') reject(new Error(stderr));
      else resolve({ code, result: JSON.parse(stdout) as DemoResult });
    });
  });
}

describe('the demo', function () {
  this.timeout(180_000);
  const stories: [version: string, commands: string[]][] = [
    ['1.18.19', ['enable --dynamic', 'status', 'test-event', 'disable']],
    ['1.37.2', ['enable', 'test-event', 'status', 'disable']],
  ];
  for (const [version, commands] of stories)
    it(`tells its story on a real ${version}, and says so`, async () => {
      const { code, result } = await demo(assets(version));
      const wrong = result.steps.filter(({ exit, expected }) => exit !== expected);
      assert.deepEqual(wrong, []);
      assert.deepEqual([code, result.asExpected], [0, true]);
      assert.match(
        result.parts,
        new RegExp(`v${version.replaceAll('.', '\\.')} and etcd of KUBEBUILDER_ASSETS`),
      );
      const told = result.steps.map(({ command }) => command.replace(/^kubectl sematext-audit /, ''));
      for (const [n, start] of commands.entries()) assert.ok(told[n]?.startsWith(start), told[n]);
    });
});
