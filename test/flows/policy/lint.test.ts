// policy lint: which version is judged for, what the cluster's discovery adds, what it could not say, and files on disk.
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { chmodSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApiServer } from '../../../src/demo/api-server.ts';
import type { ApiServer } from '../../../src/demo/api-server.ts';
import { lint } from '../../../src/flows/policy/lint.ts';
import type { LintRequest, LintResult } from '../../../src/flows/policy/lint.ts';
import { openWorld } from '../../../src/io/world.ts';
import type { World } from '../../../src/io/world.ts';
import { version } from '../../support/facts.ts';
import { failure } from '../../support/failure.ts';
import { temporary } from '../../support/secrets.ts';

const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\n';
const policy = (...entries: readonly string[]): string =>
  `${head}rules:\n${entries.map((entry) => `  - {level: Metadata, users: [a], resources: [{${entry}}]}\n`).join('')}  - level: Metadata\n`;

let folder: string;
let api: ApiServer | undefined;
beforeEach(() => (folder = temporary().path));
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

function worldOf(): World {
  const kubeconfig = join(folder, 'kubeconfig');
  if (api !== undefined) writeFileSync(kubeconfig, api.kubeconfig(), { mode: 0o600 });
  const { stdin, stderr } = process;
  const { signal } = new AbortController();
  setMaxListeners(0, signal); // as src/cli/cancel.ts has it
  return openWorld({
    ...{ connection: { kubeconfig }, stdin, stderr, noInput: true, env: {} },
    signal,
  });
}

function file(text: string, name = 'policy.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function linted(text: string, asked: Partial<LintRequest> = {}): Promise<LintResult> {
  const request = {
    files: [file(text)],
    version: undefined,
    cluster: false,
    fix: false,
    strict: false,
    ignore: [],
  };
  return (await lint(worldOf(), { ...request, ...asked })).result;
}
const ids = ({ files }: LintResult): string[] =>
  files.flatMap(({ problems }) => problems.map(({ id, path }) => `${id} ${path}`));

describe('policy lint', () => {
  it('is for the newest version that is known, or the one that is named', async () => {
    const text = `${head}rules: [{level: Metadata, omitManagedFields: true}]\n`;
    const newest = await linted(text);
    assert.deepEqual(newest.kubernetes, { version: '1.37', from: 'assumed' });
    assert.deepEqual([newest.resources, ids(newest)], ['known', []]);
    const old = await linted(text, { version: version('v1.22.0') });
    assert.deepEqual(old.kubernetes, { version: '1.22', from: 'flag' });
    assert.deepEqual(ids(old), ['field-too-new rules[0].omitManagedFields']);
  });

  it('is faulty for errors; for warnings when it is strict; never for advice', async () => {
    const advice = policy('resources: [pods, pods]');
    const warning = policy('resources: [Pod]');
    const error = policy('group: A');
    const faulty = async (text: string, strict: boolean): Promise<boolean> =>
      (await linted(text, { strict })).faulty;
    assert.deepEqual([await faulty(advice, false), await faulty(advice, true)], [false, false]);
    assert.deepEqual([await faulty(warning, false), await faulty(warning, true)], [false, true]);
    assert.deepEqual([await faulty(error, false), await faulty(error, true)], [true, true]);
    const { counts } = await linted(policy('resources: [Pod, pods, pods]'));
    assert.deepEqual(counts, { errors: 0, warnings: 1, advice: 1 });
  });

  it('takes several files and presets, each once', async () => {
    const bad = file(policy('resources: [Pod]'), 'bad.yaml');
    const { files } = await linted('', { files: ['recommended', bad, 'recommended'] });
    assert.deepEqual(
      files.map((one) => one.file),
      ['recommended', bad],
    );
    assert.equal(
      files[1]?.problems[0]?.source,
      '  - {level: Metadata, users: [a], resources: [{resources: [Pod]}]}',
    );
  });

  const wrong: readonly (readonly [what: string, asked: Partial<LintRequest>, message: RegExp])[] = [
    ['no file', { files: [] }, /No policy was named/],
    ['a file that is not there', { files: ['/nowhere/policy.yaml'] }, /does not exist/],
    ['a rule that there is not', { ignore: ['shadow'] }, /no rule shadow/],
    ['an error to ignore', { ignore: ['level'] }, /does not ignore level/],
  ];
  for (const [what, asked, message] of wrong)
    it(`refuses ${what}`, async () => {
      const { code, message: said } = await failure(() => linted(policy('group: ""'), asked));
      assert.equal(code, 'usage');
      assert.match(said, message);
    });
});

describe('policy lint --cluster', function () {
  this.timeout(60_000);
  const text = policy(
    'group: apps, resources: [widgets]',
    'group: example.com',
    'group: storage.k8s.io',
    'resources: [pods/log]',
  );
  const found = [
    'unknown-resource rules[0].resources[0].resources[0]',
    'unknown-group rules[1].resources[0].group',
  ];
  for (const release of ['1.37.2', '1.18.19'] as const)
    it(`holds resources against what ${release} serves, and its version`, async () => {
      api = await startApiServer({ version: release });
      const result = await linted(text, { cluster: true });
      assert.deepEqual(result.kubernetes, { version: release.slice(0, 4), from: 'cluster' });
      assert.deepEqual([result.resources, ids(result)], ['cluster', found]);
      const asked = api.requests.map(({ target }) => target);
      assert.equal(asked.filter((path) => path.startsWith('/apis/')).length > 0, release === '1.18.19');
      assert.equal(new Set(asked).size, asked.length, 'nothing is asked twice');
    });

  it('judges the syntax by the version that is named', async () => {
    api = await startApiServer({ version: '1.37.2' });
    const result = await linted(text, { cluster: true, version: version('v1.20.0') });
    assert.deepEqual(result.kubernetes, { version: '1.20', from: 'flag' });
    assert.deepEqual(ids(result), found);
    assert.ok(!api.requests.some(({ target }) => target === '/version'));
  });

  it('tells of what Kubernetes knows and the cluster does not serve', async () => {
    api = await startApiServer({ version: '1.37.2' });
    const result = await linted(policy('group: extensions, resources: [ingresses]'), { cluster: true });
    assert.deepEqual(ids(result), ['not-served rules[0].resources[0].resources[0]']);
    assert.equal(result.faulty, false);
  });

  it('says which group could not be read, and finds nothing in it', async () => {
    api = await startApiServer({ version: '1.18.19' });
    api.faults.status(503, undefined, { when: ({ path }) => path === '/apis/apps/v1' });
    const result = await linted(text, { cluster: true });
    assert.deepEqual(ids(result), [found[1]]);
    const [{ unjudged = [] } = {}] = result.files;
    assert.deepEqual(
      unjudged.map(({ path, group }) => [path, group]),
      [['rules[0].resources[0].group', 'apps']],
    );
    assert.match(unjudged[0]?.why ?? '', /GET \/apis\/apps\/v1: 503/);
    assert.equal(result.faulty, false);
    assert.equal((await linted(policy('group: apps'), { cluster: true, strict: true })).faulty, true);
  });

  it('takes a version that is stale for one that could not be read', async () => {
    const items = [
      { metadata: { name: 'metrics.k8s.io' }, versions: [{ version: 'v1beta1', freshness: 'Stale' }] },
      {
        metadata: { name: 'example.com' },
        versions: [{ version: 'v1', resources: [{ resource: 'widgets', responseKind: { kind: 'Widget' } }] }],
      },
    ];
    const answers: Record<string, unknown> = {
      '/version': { gitVersion: 'v1.33.1' },
      '/api': { kind: 'APIGroupDiscoveryList', items: [] },
      '/apis': { kind: 'APIGroupDiscoveryList', items },
    };
    const request = ({ path }: { path: string }): Promise<object> =>
      Promise.resolve({ status: 200, headers: {}, text: JSON.stringify(answers[path]), ms: 1 });
    const world = {
      ...worldOf(),
      cluster: () => Promise.resolve({ host: 'h', request }),
    } as unknown as World;
    const files = [
      file(
        policy(
          'group: metrics.k8s.io, resources: [pods]',
          'group: example.com, resources: [Widget, gadgets]',
        ),
      ),
    ];
    const asked = { files, version: undefined, cluster: true, fix: false, strict: false, ignore: [] };
    const { result } = await lint(world, asked);
    assert.deepEqual(
      result.files[0]?.unjudged.map(({ why }) => why),
      ['metrics.k8s.io/v1beta1 is served by an API that is down'],
    );
    assert.deepEqual(ids(result), [
      'resource-name rules[1].resources[0].resources[0]',
      'unknown-resource rules[1].resources[0].resources[1]',
    ]);
  });

  it('ends where the cluster does not say what it serves', async () => {
    api = await startApiServer({ version: '1.37.2' });
    api.faults.status(403, undefined, { when: ({ path }) => path === '/apis' });
    assert.equal((await failure(() => linted(text, { cluster: true }))).code, 'cluster-answer');
  });
});

describe('policy lint --fix', () => {
  const bad = `\ufeff${policy('resources: [Pod]')}`.replaceAll('\n', '\r\n');

  it('writes the file, with its mode, its mark and its line ends, also behind a link', async () => {
    const path = file(bad);
    chmodSync(path, 0o640);
    const link = join(folder, 'link.yaml');
    symlinkSync('policy.yaml', link);
    const { files } = await linted(bad, { files: [link], fix: true });
    assert.equal(readFileSync(path, 'utf8'), bad.replace('Pod', 'pods'));
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.deepEqual(files[0]?.problems, []);
    assert.deepEqual(
      files[0]?.fixed.map(({ id, what, less }) => [id, what, less]),
      [['resource-name', 'wrote pods for Pod', false]],
    );
  });

  it('leaves a file that needs nothing', async () => {
    const path = file(policy('resources: [pods]'), 'good.yaml');
    chmodSync(path, 0o444);
    const { mtimeMs, ino } = statSync(path);
    await linted('', { files: [path], fix: true });
    assert.deepEqual([statSync(path).mtimeMs, statSync(path).ino], [mtimeMs, ino]);
  });

  it('leaves a file that was changed meanwhile, and nothing beside it', async () => {
    const path = file('b');
    const { message } = await failure(() => worldOf().rewrite(path, 'a', 'c'));
    assert.match(message, /changed by somebody else/);
    assert.equal(readFileSync(path, 'utf8'), 'b');
    assert.equal((await failure(() => worldOf().rewrite(join(folder, 'none'), 'a', 'c'))).code, 'usage');
  });
});
