// How many cases `policy test` decides in a second: the whole run of the shipped program on a file of JSON, from its
// start to its end, beside a Node that does no more than parse the same file. They run by turns, and the ratio is that
// of neighbours. Exits 3 when it is fewer than 100,000.
//   npm run build && node bench/policy-cases.mjs [--runs 9] [--cases 100000]
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '9' }, cases: { type: 'string', default: '100000' } },
});
const [runs, count] = [Number(values.runs), Number(values.cases)];
const atLeast = 100_000;
const folder = mkdtempSync(join(tmpdir(), 'sematext-audit-bench-'));
const file = join(folder, 'cases.json');
const program = fileURLToPath(new URL('../bin/kubectl-sematext_audit.cjs', import.meta.url));
const environment = { ...process.env, XDG_CACHE_HOME: folder };
delete environment.NODE_EXTRA_CA_CERTS;
delete environment.NODE_OPTIONS;

const group = 'rbac.authorization.k8s.io';
/** Requests that the preset `recommended` decides about by many of its rules, and what it says of them. */
const kinds = [
  { verb: 'get', resource: 'pods', subresource: 'exec', level: 'Metadata' },
  { verb: 'create', resource: 'secrets', level: 'Metadata' },
  { verb: 'update', resource: 'leases', apiGroup: 'coordination.k8s.io', level: 'None' },
  { verb: 'create', resource: 'rolebindings', apiGroup: group, level: 'Request' },
  { verb: 'list', resource: 'configmaps', level: 'Metadata' },
  { verb: 'get', path: '/healthz', level: 'None' },
];

function caseOf(i) {
  const { level, ...asked } = kinds[i % kinds.length];
  const user = {
    name: `system:serviceaccount:team-${i % 97}:robot`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:team-${i % 97}`, 'system:authenticated'],
  };
  const object = asked.resource === undefined ? {} : { namespace: `team-${i % 31}`, name: `object-${i}` };
  return { name: `case ${i}`, attributes: { user, ...object, ...asked }, expect: { level } };
}

const run = promisify(execFile);
async function time(argv) {
  const started = performance.now();
  const { stdout } = await run(process.execPath, argv, { env: environment });
  return { ms: performance.now() - started, stdout };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

async function race() {
  writeFileSync(file, JSON.stringify(Array.from({ length: count }, (_, i) => caseOf(i))));
  const ours = [program, 'policy', 'test', 'recommended', '--cases', file];
  const bare = ['-e', `JSON.parse(require('node:fs').readFileSync(${JSON.stringify(file)}, 'utf8'))`];
  const taken = { ours: [], bare: [] };
  for (let i = 0; i <= runs; i++) {
    const { ms, stdout } = await time(ours);
    if (!stdout.includes(`${count} passed, 0 failed`))
      throw new Error(`not all passed: ${stdout.slice(-200)}`);
    const { ms: parsing } = await time(bare);
    if (i === 0) continue; // the first run warms the caches
    taken.ours.push(ms);
    taken.bare.push(parsing);
  }
  return taken;
}

try {
  const { ours, bare } = await race();
  const perSecond = Math.round((count / median(ours)) * 1000);
  const ratio = median(ours.map((ms, i) => ms / bare[i]));
  const size = (statSync(file).size / 1e6).toFixed(0);
  console.log(
    `${cpus()[0].model}, Node ${process.version}; ${count} cases, ${size} MB of JSON, ${runs} runs`,
  );
  console.log(
    `policy test           ${median(ours).toFixed(0)} ms  ${perSecond} cases/s  must be ≥ ${atLeast}`,
  );
  console.log(
    `bare JSON.parse       ${median(bare).toFixed(0)} ms  policy test takes ${ratio.toFixed(2)} × as long`,
  );
  if (perSecond < atLeast) process.exitCode = 3;
} finally {
  rmSync(folder, { recursive: true });
}
