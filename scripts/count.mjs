// Adds up what mocha wrote of several runs, says again which tests failed, since hours of output stand above them, and
// prints the one closing line; a skipped test, a run that executed none and a run that never ended count as failures.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const LINES_SHOWN = 60;

const sum = { passes: 0, failures: 0 };
for (const file of process.argv.slice(2)) {
  const none = { stats: { passes: 0, failures: 0, pending: 0 }, failures: [] };
  const { stats, failures } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : none;
  const { passes, pending } = stats;
  const missing = pending + (passes + stats.failures === 0 ? 1 : 0);
  for (const { fullTitle, file: test, duration, err } of failures) {
    const took = duration === undefined ? '' : `, ${Math.round(duration / 1000)} s`;
    console.log(`--- failed: ${fullTitle} (${test ? path.relative('', test) : 'no file'}${took})`);
    const lines = (err.stack ?? err.message ?? '').split('\n');
    for (const line of lines.slice(0, LINES_SHOWN)) console.log(`    ${line}`);
  }
  if (missing > 0) console.log(`${file}: ${missing} skipped, or nothing was run`);
  sum.passes += passes;
  sum.failures += stats.failures + missing;
}
console.log(`${sum.passes} passed, ${sum.failures} failed`);
process.exitCode = sum.failures === 0 && sum.passes > 0 ? 0 : 1;
