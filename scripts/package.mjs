// Makes what a release consists of: the archive that krew installs (the same bytes for the same sources, whoever
// packs them), its sha256, and plugin.yaml filled in for it.
//   node scripts/package.mjs FOLDER      after `npm run build`
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const launcher = 'bin/kubectl-sematext_audit.cjs';
const block = 512;

/** A number as tar has it: octal digits, ended by a zero byte. */
const octal = (number, length) => `${number.toString(8).padStart(length - 1, '0')}\0`;

/** A file in a tar archive of the ustar kind, without owner and time, so that nothing of this machine is in it. */
function entry(path, mode, content) {
  if (Buffer.byteLength(path) > 100) throw new Error(`too long a name for ustar: ${path}`);
  const header = Buffer.alloc(block);
  const put = (text, at) => header.write(text, at, 'ascii');
  put(path, 0);
  put(octal(mode, 8), 100);
  put(octal(0, 8), 108);
  put(octal(0, 8), 116);
  put(octal(content.length, 12), 124);
  put(octal(0, 12), 136);
  put(' '.repeat(8), 148);
  put('0', 156);
  put('ustar\x0000', 257);
  put(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
  );
  return Buffer.concat([header, content, Buffer.alloc((block - (content.length % block)) % block)]);
}

/** The files of a release, in the order of their names. */
function files() {
  const dist = readdirSync(join(root, 'dist')).map((name) => `dist/${name}`);
  return ['LICENSE', launcher, ...dist].sort();
}

function archive() {
  const mode = (path) => (path === launcher ? 0o755 : 0o644);
  const entries = files().map((path) => entry(path, mode(path), readFileSync(join(root, path))));
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * block)]), { level: 9 });
}

/** plugin.yaml with the version and the sum of this release. */
function manifest(version, sha256) {
  return readFileSync(join(root, 'plugin.yaml'), 'utf8')
    .replace(/^#.*\n/, '')
    .replace(/\bv\d+\.\d+\.\d+[-.\w]*?(?=$|\/|\.tar)/gm, `v${version}`)
    .replace(/'0{64}'/, `'${sha256}'`);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('say where to: node scripts/package.mjs FOLDER');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const packed = archive();
const sha256 = createHash('sha256').update(packed).digest('hex');
const name = `kubectl-sematext_audit-v${version}.tar.gz`;
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, name), packed);
writeFileSync(join(folder, `${name}.sha256`), `${sha256}  ${name}\n`);
writeFileSync(join(folder, 'plugin.yaml'), manifest(version, sha256));
console.log(`${name}: ${Math.round(packed.length / 1024)} KiB, sha256 ${sha256}`);
