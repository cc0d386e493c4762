// The launcher's code cache: written once, used, and never trusted when anybody else could have written it. The
// bundle here is two small chunks of the test's own.
import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { temporary } from '../support/secrets.ts';
import { launcher, node, type Ended } from './launch.ts';

const hash = 'a'.repeat(32);
const chunk = (code: string): string => `//${hash}\n(function(exports,require,module){${code}\n})`;
const main = chunk(`console.log('ran ' + require('./other-XYZ.js').six(7));`);
const other = chunk(`exports.six = function six(n) { return n * 6; };`);

/** A program of two chunks, its home, and how to run it. */
function program(): {
  readonly at: string;
  readonly home: string;
  readonly code: string;
  run(env?: NodeJS.ProcessEnv): Promise<Ended>;
} {
  const at = temporary().path;
  const [bin, dist, home] = [join(at, 'bin'), join(at, 'dist'), join(at, 'home')];
  for (const folder of [bin, dist, home]) mkdirSync(folder);
  copyFileSync(launcher, join(bin, 'launcher.cjs'));
  writeFileSync(join(dist, 'main.js'), main);
  writeFileSync(join(dist, 'other-XYZ.js'), other);
  const code = join(home, 'kubectl-sematext-audit', 'code');
  const run = (env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    node([join(bin, 'launcher.cjs')], { XDG_CACHE_HOME: home, SEMATEXT_AUDIT_NO_CACHE: '', ...env });
  return { at, home, code, run };
}

const ran: Ended = { code: 0, stdout: 'ran 42\n', stderr: '' };
const bytes = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]));
const inodes = (folder: string): number[] =>
  readdirSync(folder).map((name) => statSync(join(folder, name)).ino);

describe("the launcher's code cache", () => {
  it('is written by the first run, for the user only, and used by the next', async () => {
    const { code, run } = program();
    assert.deepEqual(await run(), ran);
    assert.equal(statSync(code).mode & 0o777, 0o700);
    const written = readdirSync(code);
    assert.deepEqual(
      written.map((name) => name.split('-').slice(0, 2).join('-')),
      [`main-${hash}`, `other-${hash}`],
    );
    for (const name of written) assert.equal(statSync(join(code, name)).mode & 0o777, 0o600);
    const before = inodes(code);
    assert.deepEqual(await run(), ran);
    assert.deepEqual(inodes(code), before, 'a cache that was used is not written again');
  });

  it('is keyed by the Node that wrote it, its architecture and the flags of V8', async () => {
    const { at, home, code, run } = program();
    await run();
    assert.ok(readdirSync(code).every((name) => name.includes(`-${process.version}-${process.arch}-`)));
    await node(['--no-opt', join(at, 'bin', 'launcher.cjs')], {
      XDG_CACHE_HOME: home,
      SEMATEXT_AUDIT_NO_CACHE: '',
    });
    assert.equal(readdirSync(code).length, 4);
  });

  it('runs what is in the cache, not what is in the chunk: so the key must change with the chunk', async () => {
    const { at, run } = program();
    await run();
    const longer = `//${'b'.repeat(32)}${main.slice(34).replace('ran ', 'RAN ')}`;
    writeFileSync(join(at, 'dist', 'main.js'), longer);
    assert.deepEqual(await run(), { ...ran, stdout: 'RAN 42\n' });
  });

  for (const [what, damage] of [
    ['a flipped bit', (was: Buffer): Buffer => was.fill((was[200] ?? 0) ^ 1, 200, 201)],
    ['its end missing', (was: Buffer): Buffer => was.subarray(0, was.length - 100)],
    ['nothing in it', (): Buffer => Buffer.alloc(0)],
    ['something else in it', (): Buffer => Buffer.from('x'.repeat(5000))],
  ] as const)
    it(`is made anew when a file has ${what}`, async () => {
      const { code, run } = program();
      await run();
      const good = Object.keys(bytes(code));
      const name = good.find((file) => file.startsWith('other-')) ?? '';
      writeFileSync(join(code, name), damage(readFileSync(join(code, name))));
      const damaged = readFileSync(join(code, name), 'base64');
      assert.deepEqual(await run(), ran);
      assert.notEqual(bytes(code)[name], damaged);
      assert.deepEqual(Object.keys(bytes(code)), good);
    });

  it('is not read, nor written, in a folder that others can write to', async () => {
    for (const mode of [0o770, 0o707]) {
      const { code, run } = program();
      mkdirSync(code, { recursive: true });
      chmodSync(code, mode);
      assert.deepEqual(await run(), ran);
      assert.deepEqual(readdirSync(code), []);
    }
  });

  it('does not read a file that others can write to', async () => {
    const { code, run } = program();
    await run();
    const before = inodes(code);
    for (const name of readdirSync(code)) chmodSync(join(code, name), 0o666);
    assert.deepEqual(await run(), ran);
    assert.notDeepEqual(inodes(code), before);
  });

  it('is not read behind a link', async () => {
    const { at, home, code, run } = program();
    mkdirSync(join(home, 'kubectl-sematext-audit'));
    mkdirSync(join(at, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(at, 'elsewhere'), code);
    assert.deepEqual(await run(), ran);
    assert.deepEqual(readdirSync(join(at, 'elsewhere')), []);
  });

  it('is not read in a folder that belongs to somebody else', async () => {
    const { at, code, run } = program();
    await run();
    const before = bytes(code);
    for (const name of Object.keys(before)) writeFileSync(join(code, name), 'theirs');
    // whose the files are cannot be changed by everybody who runs tests: so somebody else runs the program
    const stranger = join(at, 'stranger.cjs');
    writeFileSync(stranger, 'process.getuid = () => 12345;\n');
    assert.deepEqual(await run({ NODE_OPTIONS: `--require=${stranger}` }), ran);
    assert.deepEqual(
      new Set(Object.values(bytes(code))),
      new Set([Buffer.from('theirs').toString('base64')]),
    );
  });

  it('is done without where there is no place for it', async () => {
    const { at, run } = program();
    writeFileSync(join(at, 'file'), '');
    assert.deepEqual(await run({ XDG_CACHE_HOME: join(at, 'file') }), ran);
    assert.deepEqual(await run({ XDG_CACHE_HOME: '/proc/self' }), ran);
    assert.deepEqual(await run({ XDG_CACHE_HOME: 'relative', HOME: join(at, 'file') }), ran);
  });

  it('is done without when the user says so', async () => {
    const { home, run } = program();
    assert.deepEqual(await run({ SEMATEXT_AUDIT_NO_CACHE: '1' }), ran);
    assert.ok(!existsSync(join(home, 'kubectl-sematext-audit')));
  });

  it('stands many first starts at once', async () => {
    const { code, run } = program();
    const all = await Promise.all(Array.from({ length: 6 }, () => run()));
    assert.deepEqual(all, Array<Ended>(6).fill(ran));
    assert.equal(readdirSync(code).length, 2, 'two files, no temporary one left');
    assert.deepEqual(await run(), ran);
  });

  it('removes what other versions left a week ago, and no more', async () => {
    const { code, home, run } = program();
    mkdirSync(code, { recursive: true, mode: 0o700 });
    const old = new Date(Date.now() - 8 * 24 * 3600 * 1000);
    for (const name of ['main-old', 'main-lately']) writeFileSync(join(code, name), '', { mode: 0o600 });
    utimesSync(join(code, 'main-old'), old, old);
    writeFileSync(join(home, 'kubectl-sematext-audit', 'parts'), '');
    utimesSync(join(home, 'kubectl-sematext-audit', 'parts'), old, old);
    await run();
    assert.ok(!existsSync(join(code, 'main-old')));
    assert.ok(existsSync(join(code, 'main-lately')));
    assert.ok(existsSync(join(home, 'kubectl-sematext-audit', 'parts')));
  });
});

describe('the launcher on a Node that is too old', () => {
  for (const version of ['v0.12.18', 'v18.20.8', 'v20.11.1'])
    it(`says so and exits 2: ${version}`, async () => {
      const { at } = program();
      const pretend = join(at, 'pretend.cjs');
      writeFileSync(pretend, `Object.defineProperty(process, 'version', { value: '${version}' });`);
      const { code, stdout, stderr } = await node(['--require', pretend, join(at, 'bin', 'launcher.cjs')]);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /^kubectl sematext-audit needs Node\.js 20\.12 or newer; this is v[\d.]+ at .*\.\n$/,
      );
    });
});
