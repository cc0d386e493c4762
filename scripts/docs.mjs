// Fills what README.md shows of the program: transcripts of real runs against the embedded parts, and the table of
// exit codes out of src/errors.ts. Then says which check or failure has no page. Run it after a build:
//   npm run build && node scripts/docs.mjs            (with --pages: only look for missing pages)
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { register } from 'tsx/esm/api';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = join(root, 'README.md');
/** A real audit log, as it is named in transcripts. */
const log = 'test/golden/tail/audit.log';
/** A policy with mistakes, and cases that one of the presets does not pass. */
const [flawed, cases] = ['test/golden/policy/flawed.yaml', 'test/golden/policy/cases.yaml'];
const program = join(root, 'bin', 'kubectl-sematext_audit.cjs');
register();

/** What each class of exit code means; the codes themselves come from src/errors.ts. */
const classes = {
  2: 'wrong usage',
  3: 'the answer is no, or nobody could look',
  4: 'the cluster cannot be reached, or says no',
  5: 'the sink cannot be reached, or says no',
  6: 'the tool cannot do that here; it says what to do by hand',
  7: 'tried, and not done',
  130: 'you said stop',
};

/** Runs the program; resolves to what it said on both streams and how it ended. */
function run(args, env) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (said += text));
    child.on('close', (exit) => resolve({ said, exit }));
  });
}

/** A transcript as a code block; of a long one, the first lines. */
async function transcript({ args, env, first = Infinity }) {
  const { said, exit } = await run(args, env);
  if (env.LOGS_TOKEN && said.includes(env.LOGS_TOKEN)) throw new Error(`a token in ${args.join(' ')}`);
  const lines = said.trimEnd().split('\n');
  const shown =
    lines.length > first ? [...lines.slice(0, first), `… ${lines.length - first} more lines`] : lines;
  const end = exit === 0 ? [] : ['$ echo $?', String(exit)];
  const block = [`$ kubectl sematext-audit ${args.join(' ')}`, ...shown, ...end].join('\n');
  return `\`\`\`text\n${block}\n\`\`\``;
}

async function transcripts() {
  const [{ startApiServer }, { startNode }, { startSematext }] = await Promise.all([
    import('../src/demo/api-server.ts'),
    import('../src/demo/node/nodes.ts'),
    import('../src/demo/sematext.ts'),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'sematext-audit-docs-'));
  const sematext = await startSematext();
  const old = await startApiServer({ version: '1.18.19', auditSinks: { served: true, honoured: true } });
  const recent = await startApiServer({ version: '1.37.2' });
  const node = await startNode();
  const env = { PATH: process.env.PATH, NO_COLOR: '1', HOME: folder };
  const kubeconfigs = Object.entries({ old, recent, node }).map(([name, server]) => {
    const path = join(folder, name);
    writeFileSync(path, server.kubeconfig(), { mode: 0o600 });
    // a token for each cluster: the search cannot tell clusters apart
    return [name, { ...env, LOGS_TOKEN: randomUUID(), SEMATEXT_API_KEY: sematext.apiKey, KUBECONFIG: path }];
  });
  const { old: on18, recent: on37, node: onNode } = Object.fromEntries(kubeconfigs);
  const sink = ['--receiver-url', sematext.receiverUrl, '--search-url', sematext.searchUrl];
  const story = {
    plan: { args: ['enable', '--dynamic', ...sink, '--dry-run'], env: on18 },
    enable: { args: ['enable', '--dynamic', ...sink], env: on18 },
    'enable-again': { args: ['enable', '--dynamic', '--no-wait', ...sink], env: on18 },
    gitops: { args: ['enable', '--dynamic', ...sink, '--dry-run', '-o', 'yaml'], env: on18 },
    status: { args: ['status', ...sink], env: on18 },
    'test-event': { args: ['test-event', ...sink], env: on18 },
    'test-event-direct': { args: ['test-event', '--direct', ...sink], env: on18 },
    'test-event-keyless': { args: ['test-event', ...sink], env: { ...on18, SEMATEXT_API_KEY: undefined } },
    'tail-search': { args: ['tail', ...sink, '--writes', '--limit', '4'], env: on18 },
    'tail-file': {
      args: ['tail', log, '--by', 'kubernetes-super-admin', '--not', 'verb=watch'],
      env,
      first: 4,
    },
    'tail-summary': { args: ['tail', log, '--summary'], env, first: 14 },
    'disable-plan': { args: ['disable', '--dry-run'], env: on18 },
    disable: { args: ['disable'], env: on18 },
    'status-off': { args: ['status', ...sink], env: on37 },
    'enable-removed': { args: ['enable', '--dynamic', ...sink], env: on37 },
    'enable-by-hand': { args: ['enable', '--distribution', 'k3s', ...sink], env: on37, first: 16 },
    'enable-webhook-plan': { args: ['enable', '--webhook', ...sink, '--dry-run'], env: onNode, first: 40 },
    'enable-webhook': { args: ['enable', '--webhook', ...sink], env: onNode },
    'policy-init': {
      args: ['policy', 'init', '--no-input', '--reads', 'none', '--namespace', 'shop'],
      env,
      first: 14,
    },
    'policy-lint': { args: ['policy', 'lint', flawed], env, first: 24 },
    'policy-explain': {
      args: 'policy explain minimal --as jane --verb list --resource deployments.apps -n shop'.split(' '),
      env,
    },
    'policy-test': { args: ['policy', 'test', 'minimal', '--cases', cases], env },
    'policy-simulate': {
      args: ['policy', 'simulate', 'minimal', '--against', 'recommended', '--log', log, '--top', '3'],
      env,
    },
    'policy-apply': { args: ['policy', 'apply', 'minimal', ...sink], env: onNode },
    'disable-webhook': { args: ['disable'], env: onNode },
    version: { args: ['version'], env: on18 },
    demo: { args: ['demo'], env },
  };
  try {
    const done = {};
    for (const [name, one] of Object.entries(story)) done[name] = await transcript(one);
    return done;
  } finally {
    await Promise.all([old.stop(), recent.stop(), node.stop(), sematext.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function exitCodes() {
  const { codes } = await import('../src/errors.ts');
  const rows = Object.entries(classes).map(([exit, meaning]) => {
    const named = Object.keys(codes).filter((code) => codes[code] === Number(exit));
    return `| ${exit} | ${meaning} | ${named.map((code) => `[${code}](docs/errors/${code}.md)`).join(', ')} |`;
  });
  const others = Object.values(codes).filter((exit) => !(exit in classes));
  if (others.length > 0) throw new Error(`exit codes without a meaning here: ${others.join(', ')}`);
  return [
    '| exit | means | codes |',
    '| - | - | - |',
    '| 0 | done, or healthy | |',
    '| 1 | our bug | |',
    ...rows,
  ].join('\n');
}

/** Pages that should be there and are not. */
async function missingPages() {
  const { codes } = await import('../src/errors.ts');
  const folder = join(root, 'src', 'audit', 'check');
  const modules = await Promise.all(
    readdirSync(folder).map((file) => import(pathToFileURL(join(folder, file)).href)),
  );
  const ids = modules.flatMap((all) => Object.values(all)).flatMap((one) => (one?.id ? [one.id] : []));
  const pages = [
    ...Object.keys(codes).map((code) => `docs/errors/${code}.md`),
    ...[...new Set(ids)].map((id) => `docs/checks/${id}.md`),
  ];
  return pages.filter((page) => !existsSync(join(root, page)));
}

function filled(text, parts) {
  return Object.entries(parts).reduce((page, [name, part]) => {
    const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
    const [from, to] = [page.indexOf(begin), page.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`README.md has no place for ${name}`);
    return `${page.slice(0, from)}${begin}\n\n${part}\n\n${page.slice(to)}`;
  }, text);
}

const missing = await missingPages();
if (!process.argv.includes('--pages')) {
  const parts = { 'exit-codes': await exitCodes(), ...(await transcripts()) };
  const page = filled(readFileSync(readme, 'utf8'), parts);
  const style = await resolveConfig(readme);
  writeFileSync(readme, await format(page, { ...style, filepath: readme }));
}
if (missing.length > 0) console.error(`no page: ${missing.join(', ')}`);
// the natural way out waits for ever for the thread that loads TypeScript
process.exit(missing.length > 0 ? 1 : 0);
