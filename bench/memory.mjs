// How much memory a program of Node takes while events are written to its standard input.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Writes the resident memory of the process that loads it to a file, in kilobytes: each half second, and the peak. */
const watcher = `
  const { appendFileSync } = require('node:fs');
  const tell = (text) => appendFileSync(process.env.BENCH_MEMORY, text + ' ');
  setInterval(() => tell(Math.round(process.memoryUsage.rss() / 1024)), 500).unref();
  process.on('exit', () => tell('peak ' + process.resourceUsage().maxRSS));`;

const generator = fileURLToPath(new URL('events.mjs', import.meta.url));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const megabytes = (kilobytes) => Math.round(kilobytes / 1024);

/**
 * Resident memory over a stream of events, megabytes: in the first and the last quarter, and the peak.
 * @param command node, a program, and its arguments
 * @param events how many
 * @param place a folder for files, and the environment
 */
export async function memoryOf([node, ...argv], events, { folder, env }) {
  const [report, preload] = [join(folder, 'memory'), join(folder, 'memory.cjs')];
  writeFileSync(preload, watcher);
  writeFileSync(report, '');
  const source = spawn(node, [generator, String(events)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const child = spawn(node, ['--require', preload, ...argv], {
    env: { ...env, BENCH_MEMORY: report },
    stdio: [source.stdout, 'ignore', 'inherit'],
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}`);
  const [samples, peak] = readFileSync(report, 'utf8').split('peak');
  const sizes = samples.trim().split(' ').map(Number);
  const quarter = Math.ceil(sizes.length / 4);
  return {
    first: megabytes(median(sizes.slice(0, quarter))),
    last: megabytes(median(sizes.slice(-quarter))),
    peak: megabytes(Number(peak)),
  };
}
