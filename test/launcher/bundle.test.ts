// The bundle as it is shipped, built into a folder of its own: what it says without loading a command, that it
// knows every command, and what the build refuses.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ids, manifest } from '../../src/cli/catalogue.ts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { demand, type Graph } from '../../scripts/demand.mjs';
import { deferBuiltins } from '../../scripts/lazy.mjs';
import { launcher, node, root, type Ended } from './launch.ts';

const folder = mkdtempSync(join(tmpdir(), 'sematext-audit-bundle-'));
const program = join(folder, 'bin', 'kubectl-sematext_audit.cjs');
const run = (...argv: string[]): Promise<Ended> => node([program, ...argv]);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

describe('the bundle', function () {
  this.timeout(30_000);

  before(() => {
    execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), join(folder, 'dist')]);
    mkdirSync(join(folder, 'bin'));
    copyFileSync(launcher, program);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('says its version', async () => {
    assert.deepEqual(await run('--version'), {
      code: 0,
      stdout: `kubectl sematext-audit ${version}\n`,
      stderr: '',
    });
  });

  it('asks the disk for nothing but itself and Node', () => {
    const dist = join(folder, 'dist');
    const chunks = readdirSync(dist).filter((name) => name.endsWith('.js'));
    const asked = chunks.flatMap((name) =>
      [...readFileSync(join(dist, name), 'utf8').matchAll(/require\)?\("([^"]+)"\)/g)].map(
        ([, what]) => what ?? '',
      ),
    );
    assert.ok(asked.includes('node:path'));
    // oclif asks for typescript only where a plugin's sources are, and ours has none on disk
    assert.deepEqual(
      asked.filter((what) => !what.startsWith('./') && !isBuiltin(what)),
      ['typescript'],
    );
  });

  it('lists all commands, however it is asked', async () => {
    const { code, stdout, stderr } = await run('--help');
    assert.deepEqual([code, stderr], [0, '']);
    for (const id of ids) assert.match(stdout, new RegExp(`^  ${id.replaceAll(':', ' ')} `, 'm'));
    for (const argv of [['-h'], ['help'], []]) assert.equal((await run(...argv)).stdout, stdout);
  });

  it('explains each command, within 80 columns', async () => {
    for (const id of ids) {
      const { code, stdout } = await run(...id.split(':'), '--help');
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^USAGE\n  kubectl sematext-audit ${id.replaceAll(':', ' ')} `, 'm'));
      const long = stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('  kubectl'));
      assert.deepEqual(long, []);
    }
  });

  it('runs a command, with the flags before or after it', async () => {
    for (const line of [
      'version --client -o json',
      '-o json version --client',
      '--output=json version --client',
    ]) {
      const { code, stdout } = await run(...line.split(' '));
      const { schema, client } = JSON.parse(stdout) as { schema: string; client: Record<string, string> };
      assert.deepEqual([code, schema, client['version']], [0, 'version.v1', version]);
    }
    assert.match(
      (await run('version', '--client', '-o', 'yaml')).stdout,
      /^schema: version\.v1\nclient:\n {2}version: /,
    );
  });

  it('asks the API server for its version, or says why it is not known', async () => {
    const server = createServer((_, response) => response.end(JSON.stringify({ gitVersion: 'v1.37.2' })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, 'apiVersion: v1\nkind: Config\n');
    const asked = ['version', '--kubeconfig', kubeconfig, '--server', url];
    assert.match((await run(...asked)).stdout, /^Server Version: v1\.37\.2$/m);
    await new Promise((resolve) => server.close(resolve));
    const { code, stdout, stderr } = await run(...asked, '-o', 'json');
    assert.equal(code, 4);
    const { server: unknown } = JSON.parse(stdout) as { server: { unknown: { code: string } } };
    assert.equal(unknown.unknown.code, 'cluster-unreachable');
    assert.match(stderr, /^Error: .+\n {2}→ /);
  });

  it('sends to the API server what the connection flags say', async () => {
    const asked: IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers);
      response.end('{"gitVersion":"v1.37.2"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `--server=http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const flags = ['--as', 'ann', '--as-group', 'a', '--as-group', 'b', '--as-uid', '7'];
    const { code } = await run('version', url, ...flags, '-n', 'any', '--request-timeout', '5s');
    assert.equal(code, 0);
    const { 'impersonate-user': user, 'impersonate-group': groups, 'impersonate-uid': uid } = asked[0] ?? {};
    assert.deepEqual([user, groups, uid], ['ann', 'a, b', '7']);
    await new Promise((resolve) => server.close(resolve));
  });

  it("keeps to the schema of the version's document", async () => {
    const schema = JSON.parse(
      readFileSync(join(root, 'docs', 'schema', 'version.v1.json'), 'utf8'),
    ) as object;
    const validate = new Ajv2020().compile(schema);
    for (const flag of ['--client', '--server=http://127.0.0.1:1']) {
      const { stdout } = await run('version', flag, '-o', 'json');
      assert.ok(validate(JSON.parse(stdout)), JSON.stringify(validate.errors));
    }
  });

  it('suggests the command that was meant', async () => {
    const { code, stderr } = await run('versoin');
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^Error: There is no command "versoin"\.\n {2}→ Did you mean: kubectl sematext-audit version\n/,
    );
  });

  it('carries the licences of what is in it', () => {
    const text = readFileSync(join(folder, 'dist', 'THIRD-PARTY-LICENSES'), 'utf8');
    for (const name of ['@oclif/core', 'yaml'])
      assert.match(text, new RegExp(`^${name} [\\d.]+ \\((MIT|ISC)\\)`, 'm'));
  });

  it('names no place of the machine that built it', () => {
    for (const name of readdirSync(join(folder, 'dist')))
      assert.ok(!readFileSync(join(folder, 'dist', name), 'utf8').includes(root), name);
  });

  it('loads neither oclif nor a command for that', async () => {
    for (const name of readdirSync(join(folder, 'dist')))
      if (
        /^(oclif|version|status|chunk)/.test(name) &&
        readFileSync(join(folder, 'dist', name)).length > 50_000
      )
        rmSync(join(folder, 'dist', name));
    for (const argv of [['--version'], ['--help'], ['version', '--help'], ['help', 'version']])
      assert.equal((await run(...argv)).code, 0);
    const broken = await run('version', '--client');
    assert.equal(
      broken.code,
      1,
      'without oclif no command runs, so the chunk that was removed is the right one',
    );
  });
});

describe('what the build refuses', () => {
  const core = 'node_modules/@oclif/core/lib/command.js';
  interface Output {
    readonly entryPoint?: string;
    readonly inputs?: readonly string[];
    readonly imports?: readonly string[];
  }
  const graphOf = (more: Readonly<Record<string, Output>>): Graph => ({
    outputs: Object.fromEntries(
      Object.entries({ 'main.js': { entryPoint: 'src/main.ts' }, ...more }).map(
        ([name, { inputs = [], imports = [], ...output }]: [string, Output]) => [
          name,
          {
            ...output,
            inputs: Object.fromEntries(inputs.map((input) => [input, {}])),
            imports: imports.map((path) => ({ path, kind: 'import-statement' })),
          },
        ],
      ),
    ),
  });
  const command = { entryPoint: 'src/commands/status.ts' };

  for (const [what, graph, words] of [
    [
      'oclif in the entry',
      { 'main.js': { entryPoint: 'src/main.ts', inputs: [core] } },
      /entry loads before/,
    ],
    [
      'the cluster client in what the entry imports',
      {
        'main.js': { entryPoint: 'src/main.ts', imports: ['a.js'] },
        'a.js': { inputs: ['node_modules/@kubernetes/client-node/dist/index.js'] },
      },
      /entry loads before any command is known:\n {2}node_modules\/@kubernetes/,
    ],
    [
      'the cluster client in what a command imports at once',
      { 's.js': { ...command, imports: ['a.js'] }, 'a.js': { inputs: ['node_modules/yaml/dist/index.js'] } },
      /src\/commands\/status\.ts loads at once/,
    ],
    ['oclif inside a command', { 's.js': { ...command, inputs: [core] } }, /status\.ts has oclif inside/],
    ['a module twice', { 'a.js': { inputs: ['x.js'] }, 'b.js': { inputs: ['x.js'] } }, /in the bundle twice/],
    ['a second oclif', { 'a.js': { inputs: [core, `node_modules/other/${core}`] } }, /more than one oclif/],
  ] as const)
    it(what, () => assert.throws(() => demand(graphOf(graph)), words));

  it('lets a graph pass in which everything heavy is behind an import()', () => {
    demand(graphOf({ 's.js': { ...command, imports: ['a.js'] }, 'a.js': { inputs: [core] } }));
  });
});

describe("Node's own modules in a chunk", () => {
  it('are required when they are used', () => {
    const code =
      'var import_node_crypto=require("node:crypto");exports.id=()=>(0,import_node_crypto.randomUUID)();';
    const asked: string[] = [];
    const exports: { id?: () => string } = {};
    const need = (name: string): object => (asked.push(name), { randomUUID: () => 'u' });
    new Function('exports', 'require', deferBuiltins(code))(exports, need);
    assert.deepEqual(asked, []);
    assert.equal(exports.id?.(), 'u');
    exports.id?.();
    assert.deepEqual(asked, ['node:crypto']);
  });
});

describe('the flags of all commands', () => {
  it('are those that were promised: test/golden/flags.json', async () => {
    const told = Object.entries(await manifest()).map(([id, { args, flags }]) => [
      id,
      {
        args: Object.fromEntries(
          Object.entries(args).map(([name, { required, options }]) => [name, { required, options }]),
        ),
        flags: Object.fromEntries(
          Object.entries(flags)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, { summary: _, group: __, value: ___, ...contract }]) => [name, contract]),
        ),
      },
    ]);
    const now = `${JSON.stringify(Object.fromEntries(told), undefined, 2)}\n`;
    const golden = join(root, 'test', 'golden', 'flags.json');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, now);
    assert.equal(now, readFileSync(golden, 'utf8'), 'a flag changed; if that is meant: UPDATE_GOLDEN=1');
  });
});
