// Adds up what mocha wrote of several runs and prints the one closing line; a skipped test, a run that executed none
// and a run that never ended count as failures.
import { existsSync, readFileSync } from 'node:fs';

const sum = { passes: 0, failures: 0 };
for (const file of process.argv.slice(2)) {
  const none = { passes: 0, failures: 0, pending: 0 };
  const { passes, failures, pending } = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8')).stats
    : none;
  const missing = pending + (passes + failures === 0 ? 1 : 0);
  if (missing > 0) console.log(`${file}: ${missing} skipped, or nothing was run`);
  sum.passes += passes;
  sum.failures += failures + missing;
}
console.log(`${sum.passes} passed, ${sum.failures} failed`);
process.exitCode = sum.failures === 0 && sum.passes > 0 ? 0 : 1;
