// How quick `policy simulate` is beside the API server's own evaluator, in a program of Go that reads the same events,
// and beside a bare loop of JSON.parse, and how much memory it takes. The rivals run by turns on the same file, and
// ratios are those of neighbours: on a busy machine nothing else can be compared. Both must count the same events for
// each rule. Exits 3 when a bar is missed, or cannot be looked at.
//   npm run build && node bench/policy.mjs [--runs 7] [--bytes 190000000] [--memory 1000000000]
//   --rival PATH the Go program, else the newest part that is built: test/e2e/parts/build.sh
//   AUDIT_LOG=FILE another log to make the events from
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { register } from 'tsx/esm/api';
import { events } from './events.mjs';
import { memoryOf } from './memory.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '7' },
    bytes: { type: 'string', default: '190000000' },
    memory: { type: 'string', default: '1000000000' },
    rival: { type: 'string' },
  },
});
const runs = Number(values.runs);
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sematext-audit-bench-'));
const [log, policy] = [join(folder, 'audit.log'), join(folder, 'policy.yaml')];
const program = [process.execPath, beside('../bin/kubectl-sematext_audit.cjs'), 'policy'];
const env = { ...process.env, XDG_CACHE_HOME: folder };
delete env.NODE_EXTRA_CA_CERTS;
delete env.NODE_OPTIONS;

/** How many times as quick as the Go program it must be, and the megabytes of resident memory that it may take. */
const [atLeast, mostMemory] = [2, 150];

/** The Go program; undefined where there is none, which was said. */
async function rivalProgram() {
  if (values.rival !== undefined) return values.rival;
  register();
  const { partsFolder, versionsOf } = await import('../test/e2e/support/parts.ts');
  const newest = versionsOf('policy-oracle').sort(byVersion).at(-1);
  if (newest === undefined)
    return void console.log('The table of parts names no policy-oracle: give --rival PATH.');
  const path = join(partsFolder(), `policy-oracle-${newest}`, 'policy-oracle');
  if (existsSync(path)) return path;
  console.log(`There is no ${path}. Build it: test/e2e/parts/build.sh policy-oracle-${newest}`);
}

const byVersion = (a, b) => a.localeCompare(b, 'en', { numeric: true });

/** @returns bytes and events of the file */
function makeLog() {
  const file = openSync(log, 'w');
  let [size, count] = [0, 0];
  for (const text of events(Infinity)) {
    size += writeSync(file, text);
    count += text.split('\n').length - 1;
    if (size >= Number(values.bytes)) break;
  }
  closeSync(file);
  return { size, count };
}

/** One run: milliseconds, and what it wrote. */
function time([command, ...argv]) {
  const [input, out] = [openSync(log, 'r'), openSync(join(folder, 'out'), 'w')];
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, argv, { env, stdio: [input, out, 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => {
      const ms = performance.now() - started;
      for (const one of [input, out]) closeSync(one);
      if (code === 0) resolve({ ms, text: readFileSync(join(folder, 'out'), 'utf8') });
      else reject(new Error(`${command} ended with ${code}`));
    });
  });
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Events that each rule decides about, and no rule at last, as each of both says. */
function countsOf(ours, rivals) {
  const { rules } = JSON.parse(ours);
  const { perRule, none } = JSON.parse(rivals);
  const unmatched = rules.find(({ rule }) => rule === -1)?.decided ?? 0;
  const ofRules = rules.filter(({ rule }) => rule >= 0).map(({ decided }) => decided);
  return [
    [...ofRules, unmatched],
    [...perRule, none],
  ];
}

async function race(rival, count) {
  const programs = {
    ours: [...program, 'simulate', policy, '--log', log, '-o', 'json'],
    'Go evaluator': [rival, 'replay', policy],
    'bare JSON.parse': [process.execPath, beside('bare-parse.mjs'), log],
  };
  const taken = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  const wrote = {};
  for (let run = 0; run <= runs; run++)
    for (const [name, argv] of Object.entries(programs)) {
      const { ms, text } = await time(argv);
      wrote[name] = text;
      if (run > 0) taken[name].push(ms); // the first run warms the caches
    }
  const missed = [];
  for (const [name, all] of Object.entries(taken)) {
    const ratio = median(all.map((ms, run) => ms / taken.ours[run]));
    const bar = name === 'Go evaluator' ? `  must be ≥ ${atLeast}` : '';
    const rate = Math.round((count / median(all)) * 1000).toLocaleString('en');
    const compared = name === 'ours' ? '' : `  simulate is ${ratio.toFixed(2)} × as quick${bar}`;
    console.log(
      `  ${name.padEnd(18)}${median(all).toFixed(0).padStart(7)} ms ${rate.padStart(9)} events/s${compared}`,
    );
    if (bar !== '' && !(ratio >= atLeast)) missed.push(`speed beside the ${name}`);
  }
  const [ours, theirs] = countsOf(wrote.ours, wrote['Go evaluator']);
  const same = ours.join() === theirs.join();
  console.log(
    `  events of each rule: ${ours.join(' ')}; ${same ? 'the Go program counts the same' : `Go: ${theirs.join(' ')}`}`,
  );
  return same ? missed : [...missed, 'agreement with the Go evaluator'];
}

async function memory({ size, count }) {
  const most = Math.ceil((Number(values.memory) / size) * count);
  const argv = [...program, 'simulate', policy, '--log', '-', '--against', 'minimal', '-o', 'json'];
  const { first, last, peak } = await memoryOf(argv, most, { folder, env });
  console.log(
    `  memory over ${(Number(values.memory) / 1e6).toFixed(0)} MB: ${first} MB in the first quarter, ${last} in the last, ${peak} at most  must be < ${mostMemory}`,
  );
  return peak < mostMemory ? [] : ['memory'];
}

try {
  const rival = await rivalProgram();
  if (rival === undefined) process.exitCode = 3;
  else {
    writeFileSync(policy, execFileSync(program[0], [...program.slice(1), 'show', 'recommended'], { env }));
    const made = makeLog();
    console.log(
      `${Math.round(made.size / 1e6)} MB, ${made.count.toLocaleString('en')} events; Node ${process.version}; ${cpus().length} × ${cpus()[0]?.model}; ${runs} runs`,
    );
    const missed = [...(await race(rival, made.count)), ...(await memory(made))];
    if (missed.length > 0) {
      console.log(`\nmissed: ${missed.join(', ')}`);
      process.exitCode = 3;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
