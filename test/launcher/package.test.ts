// The krew manifest keeps to krew's rules (internal/index/validation/validate.go and the developer guide of krew),
// and the archive that a release makes runs where krew puts it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { node, root } from './launch.ts';

interface Selector {
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: string[];
  }[];
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly homepage: string;
    readonly shortDescription: string;
    readonly description: string;
    readonly caveats: string;
    readonly platforms: readonly {
      readonly selector: Selector;
      readonly uri: string;
      readonly sha256: string;
      readonly bin: string;
    }[];
  };
}

const { version, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  engines: { node: string };
};
const read = (path: string): Manifest => parse(readFileSync(path, 'utf8')) as Manifest;

/** What krew checks, and what its reviewers do. */
function assertKrewAccepts({ apiVersion, kind, metadata, spec }: Manifest): void {
  assert.equal(apiVersion, 'krew.googlecontainertools.github.com/v1alpha2');
  assert.equal(kind, 'Plugin');
  assert.match(metadata.name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
  assert.ok(!metadata.name.startsWith('kubectl'));
  assert.match(spec.version, /^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/);
  assert.match(spec.homepage, /^https:\/\//);
  assert.match(spec.shortDescription, /^[A-Z][^\r\n]{9,49}$/);
  assert.doesNotMatch(spec.shortDescription, /\.$|kubectl|kubernetes/i);
  assert.match(spec.shortDescription, /API audit log/);
  assert.ok(spec.description.split('\n').every((line) => line.length <= 80));
  assert.ok(spec.caveats.includes(`Node.js ${engines.node.replace('>=', '')} or newer`));
  assert.equal(
    spec.platforms.length,
    1,
    'one archive for all: two platforms must never fit the same machine',
  );
  for (const { selector, uri, sha256, bin } of spec.platforms) {
    assert.deepEqual(
      selector.matchExpressions.map(({ key, operator, values }) => [key, operator, values]),
      [
        ['os', 'In', ['darwin', 'linux']],
        ['arch', 'In', ['amd64', 'arm64']],
      ],
    );
    assert.match(uri, /^https:\/\/.*\.tar\.gz$/);
    assert.equal(uri.split(spec.version).length - 1, 2, 'the version stands in the tag and in the file name');
    assert.match(sha256, /^[a-f0-9]{64}$/);
    assert.doesNotMatch(bin, /^\/|\.\./);
    assert.ok(existsSync(join(root, bin)));
  }
}

describe('the manifest for krew', () => {
  it('keeps to the rules, and has the version of the package', () => {
    const manifest = read(join(root, 'plugin.yaml'));
    assertKrewAccepts(manifest);
    assert.equal(manifest.spec.version, `v${version}`);
    assert.equal(manifest.metadata.name, 'sematext-audit');
  });
});

describe('a release', function () {
  this.timeout(30_000);
  const folder = mkdtempSync(join(tmpdir(), 'sematext-audit-release-'));
  const archive = join(folder, `kubectl-sematext_audit-v${version}.tar.gz`);
  const pack = (): Buffer => {
    execFileSync(process.execPath, [join(root, 'scripts', 'package.mjs'), folder]);
    return readFileSync(archive);
  };

  before(() => {
    if (!existsSync(join(root, 'dist', 'main.js')))
      execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')]);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is the same bytes each time, and the manifest has their sum', () => {
    const packed = pack();
    assert.deepEqual(pack(), packed);
    const sum = createHash('sha256').update(packed).digest('hex');
    const manifest = read(join(folder, 'plugin.yaml'));
    assertKrewAccepts(manifest);
    assert.equal(manifest.spec.platforms[0]?.sha256, sum);
    assert.ok(manifest.spec.platforms[0]?.uri.endsWith(archive.slice(folder.length)));
    assert.equal(readFileSync(`${archive}.sha256`, 'utf8'), `${sum}  ${archive.slice(folder.length + 1)}\n`);
  });

  it('runs from where krew puts it, behind a link', async () => {
    pack();
    const store = join(folder, 'store');
    mkdirSync(store);
    execFileSync('tar', ['-xzf', archive, '-C', store]);
    for (const file of ['LICENSE', 'dist/THIRD-PARTY-LICENSES'])
      assert.ok(existsSync(join(store, file)), file);
    const program = join(store, read(join(folder, 'plugin.yaml')).spec.platforms[0]?.bin ?? '');
    assert.equal(statSync(program).mode & 0o777, 0o755);
    const link = join(folder, 'kubectl-sematext_audit');
    symlinkSync(program, link);
    assert.deepEqual(await node([link, '--version']), {
      code: 0,
      stdout: `kubectl sematext-audit ${version}\n`,
      stderr: '',
    });
  });
});
