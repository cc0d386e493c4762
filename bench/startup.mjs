// How long the program takes to start, as ratios to kubectl in the same run: runs are interleaved and paired, since
// on a busy machine only neighbours can be compared. Exits 3 when a target is missed.
//   node bench/startup.mjs [--runs 31]      KUBECTL=… the rival, KUBECONFIG=… a cluster instead of the embedded one
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { register } from 'tsx/esm/api';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '31' } } });
const runs = Number(values.runs);
const warmUps = 3;
const kubectl = process.env.KUBECTL ?? 'kubectl';
const launcher = fileURLToPath(new URL('../bin/kubectl-sematext_audit.cjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sematext-audit-bench-'));
const token = '00000000-0000-4000-8000-000000000000';

/** An API server and a sink to ask; those of the user's kubeconfig, or embedded ones. */
async function opposite() {
  register();
  const { startSematext } = await import('../src/demo/sematext.ts');
  const sink = await startSematext({ tokens: [token] });
  const flags = ['--receiver-url', sink.receiverUrl, '--search-url', sink.searchUrl];
  const env = { LOGS_TOKEN: token, SEMATEXT_API_KEY: sink.apiKey };
  if (process.env.KUBECONFIG) return { flags, env, stop: () => sink.stop() };
  const { startApiServer } = await import('../src/demo/api-server.ts');
  const webhook = { url: `${sink.receiverUrl}/${token}`, policyLevel: 'Metadata' };
  const server = await startApiServer({ webhook });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, server.kubeconfig(), { mode: 0o600 });
  const stop = () => Promise.all([server.stop(), sink.stop()]);
  return { flags, env: { ...env, KUBECONFIG: kubeconfig }, stop };
}

/** Milliseconds that one run takes, from the wish to start it to its end. */
function time([program, ...argv], env) {
  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const child = spawn(program, argv, { env, stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) => resolve({ ms: Number(process.hrtime.bigint() - started) / 1e6, code }));
  });
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** All programs by turns, so that whatever slows the machine slows all of them. */
async function measure(programs, env) {
  const taken = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  const codes = {};
  for (let run = 0; run < runs + warmUps; run++)
    for (const [name, program] of Object.entries(programs)) {
      const { ms, code } = await time(program, env);
      codes[name] = code;
      if (run >= warmUps) taken[name].push(ms);
    }
  return { taken, codes };
}

/** ours, rival, and what the ratio may be at most */
const races = [
  ['--version', 'kubectl version --client', 1.6],
  ['--help', 'kubectl version --client', 1.6],
  ['version --client', 'kubectl version --client'],
  ['version --client, no cache', 'kubectl version --client'],
  ['version', 'kubectl get --raw /readyz'],
  ['status', 'kubectl get --raw /readyz', 3],
];

function report({ taken, codes }) {
  const missed = [];
  console.log(
    `\n${'ours'.padEnd(28)}${'ms'.padStart(6)}  ${'rival'.padEnd(28)}${'ms'.padStart(6)}  ratio  target`,
  );
  for (const [ours, rival, most] of races) {
    const ratio = median(taken[ours].map((ms, run) => ms / taken[rival][run]));
    const cells = [ours.padEnd(28), median(taken[ours]).toFixed(0).padStart(6), '  ', rival.padEnd(28)];
    cells.push(median(taken[rival]).toFixed(0).padStart(6), ratio.toFixed(2).padStart(7));
    console.log(cells.join('') + (most === undefined ? '' : `  ≤ ${most}`));
    if (most !== undefined && ratio > most) missed.push(ours);
  }
  console.log(
    `\nnode -e 0: ${median(taken['node -e 0']).toFixed(0)} ms; exit numbers: ${JSON.stringify(codes)}`,
  );
  return missed;
}

const { flags, env, stop } = await opposite();
const outside = { ...process.env };
delete outside.NODE_EXTRA_CA_CERTS;
delete outside.NODE_OPTIONS;
try {
  const version = execFileSync(kubectl, ['version', '--client'], { encoding: 'utf8' }).split('\n')[0];
  console.log(
    `${kubectl}: ${version}; Node ${process.version}; ${cpus().length} × ${cpus()[0]?.model}; ${runs} runs`,
  );
  const ours = [process.execPath, launcher];
  const programs = {
    'node -e 0': [process.execPath, '-e', '0'],
    'kubectl version --client': [kubectl, 'version', '--client'],
    '--version': [...ours, '--version'],
    '--help': [...ours, '--help'],
    'version --client': [...ours, 'version', '--client'],
    'version --client, no cache': ['env', 'SEMATEXT_AUDIT_NO_CACHE=1', ...ours, 'version', '--client'],
    'kubectl get --raw /readyz': [kubectl, 'get', '--raw', '/readyz'],
    version: [...ours, 'version'],
    status: [...ours, 'status', ...flags],
  };
  const missed = report(await measure(programs, { ...outside, ...env, XDG_CACHE_HOME: folder }));
  if (missed.length > 0) {
    console.log(`missed: ${missed.join(', ')}`);
    process.exitCode = 3;
  }
} finally {
  await stop();
  rmSync(folder, { recursive: true });
}
