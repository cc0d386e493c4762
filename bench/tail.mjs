// How quick `tail` is beside grep, jq and a loop of JSON.parse, and how much memory it takes. The rivals run by turns
// on the same file of events, and ratios are those of neighbours: on a busy machine nothing else can be compared.
// Exits 3 when a bar is missed.
//   npm run build && node bench/tail.mjs [--runs 7] [--bytes 190000000] [--events 10000000]
//   AUDIT_LOG=FILE another log to make the events from
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { events, rareUser } from './events.mjs';
import { memoryOf } from './memory.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '7' },
    bytes: { type: 'string', default: '190000000' },
    events: { type: 'string', default: '10000000' },
  },
});
const runs = Number(values.runs);
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sematext-audit-bench-'));
const log = join(folder, 'audit.log');
const tail = [process.execPath, beside('../bin/kubectl-sematext_audit.cjs'), 'tail'];
const environment = { ...process.env, XDG_CACHE_HOME: folder };
delete environment.NODE_EXTRA_CA_CERTS;
delete environment.NODE_OPTIONS;

/** Megabytes of resident memory that `tail` may take. */
const mostMemory = 120;

function makeLog() {
  const file = openSync(log, 'w');
  let size = 0;
  for (const text of events(Infinity)) {
    size += writeSync(file, text);
    if (size >= Number(values.bytes)) break;
  }
  closeSync(file);
}

const ended = 'select(.stage=="ResponseComplete" or .stage=="Panic")';
const row = String.raw`"\(.stageTimestamp) \(.user.username) \(.verb) \(.requestURI) \(.responseStatus.code)"`;

/** Each race: how `tail` is called, the rivals, and how many times as quick as each of them it must be. */
const races = [
  {
    title: 'one rare user',
    ours: [...tail, log, '--by', rareUser],
    rivals: [
      { name: 'grep (the limit)', argv: ['grep', '-F', `"username":"${rareUser}"`, log] },
      { name: 'JSON.parse loop', argv: [process.execPath, beside('json-parse.mjs'), log, rareUser] },
      { name: 'jq', argv: ['jq', '-c', `select(.user.username=="${rareUser}")`, log], atLeast: 10 },
    ],
  },
  {
    title: 'everything, folded, as text',
    ours: [...tail, log],
    rivals: [
      { name: 'grep (the limit)', argv: ['grep', '-F', '"stage":"ResponseComplete"', log] },
      { name: 'JSON.parse loop', argv: [process.execPath, beside('json-parse.mjs'), log], atLeast: 1 },
      { name: 'jq', argv: ['jq', '-r', `${ended}|${row}`, log] },
    ],
  },
];

/** Milliseconds of one run. Its output goes to a file: grep would stop at the first hit if it went to /dev/null. */
function time([program, ...argv]) {
  const out = openSync(join(folder, 'out'), 'w');
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, argv, { env: environment, stdio: ['ignore', out, 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => {
      closeSync(out);
      if (code === 0) resolve(performance.now() - started);
      else reject(new Error(`${program} ended with ${code}`));
    });
  });
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

async function race({ title, ours, rivals }) {
  const taken = { ours: [], ...Object.fromEntries(rivals.map(({ name }) => [name, []])) };
  for (let run = 0; run <= runs; run++)
    for (const [name, argv] of [['ours', ours], ...rivals.map(({ name, argv }) => [name, argv])]) {
      const ms = await time(argv);
      if (run > 0) taken[name].push(ms); // the first run warms the caches
    }
  console.log(`\n${title}: ${median(taken.ours).toFixed(0)} ms`);
  return rivals.flatMap(({ name, atLeast }) => {
    const ratio = median(taken[name].map((ms, run) => ms / taken.ours[run]));
    const bar = atLeast === undefined ? '' : `  must be ≥ ${atLeast}`;
    const ms = `${median(taken[name]).toFixed(0)} ms`.padStart(9);
    console.log(`  ${name.padEnd(20)}${ms}  tail is ${ratio.toFixed(2)} × as quick${bar}`);
    return atLeast !== undefined && ratio < atLeast ? [`${title}: ${name}`] : [];
  });
}

async function memories() {
  console.log(`\nmemory over ${Number(values.events).toLocaleString('en')} events`);
  const missed = [];
  for (const [title, argv] of [
    ['text, folded', []],
    ['--summary', ['--summary']],
  ]) {
    const { first, last, peak } = await memoryOf([...tail, '-', ...argv], values.events, {
      folder,
      env: environment,
    });
    console.log(
      `  ${title.padEnd(20)}${first} MB in the first quarter, ${last} in the last, ${peak} at most  must be < ${mostMemory}`,
    );
    if (peak >= mostMemory) missed.push(`memory of ${title}`);
  }
  return missed;
}

try {
  const jq = execFileSync('jq', ['--version'], { encoding: 'utf8' }).trim();
  makeLog();
  console.log(
    `${Math.round(statSync(log).size / 1e6)} MB of events; Node ${process.version}; ${jq}; ${cpus().length} × ${cpus()[0]?.model}; ${runs} runs`,
  );
  const missed = [];
  for (const one of races) missed.push(...(await race(one)));
  missed.push(...(await memories()));
  if (missed.length > 0) {
    console.log(`\nmissed: ${missed.join(', ')}`);
    process.exitCode = 3;
  }
} finally {
  rmSync(folder, { recursive: true });
}
