// Builds dist/: src/main.ts and everything it may load, split by laziness. Two passes of esbuild: ESM first, since
// only that splits; then every chunk to CommonJS, so that import() becomes require() and the launcher can run it
// with a code cache of its own. What is known of the commands without running them (manifest, help) is written in.
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { register } from 'tsx/esm/api';
import { licences } from './licences.mjs';
import { demand } from './demand.mjs';
import { deferBuiltins, lazyOclif } from './lazy.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Where it is put: dist/, or the folder that is named. */
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
const target = 'node20.12';

/** The modules that take the place of src/cli/catalogue.ts, src/io/scripts.ts and src/io/agent-scripts.ts in the bundle. */
async function written() {
  const unregister = register();
  const catalogue = await import('../src/cli/catalogue.ts');
  const { nodeScripts } = await import('../src/io/scripts.ts');
  const { agentScripts } = await import('../src/io/agent-scripts.ts');
  const [scripts, agent] = await Promise.all([nodeScripts(), agentScripts()]);
  const [manifest, help] = await Promise.all([catalogue.manifest(), catalogue.help()]);
  await unregister();
  const { about, ids } = catalogue;
  const load = ids.map(
    (id) => `${JSON.stringify(id)}: () => import('../commands/${id.replaceAll(':', '/')}.ts')`,
  );
  return {
    'catalogue.ts': `
      const loaders = {${load.join(',')}};
      export const about = ${JSON.stringify(about)};
      export const ids = ${JSON.stringify(ids)};
      export const load = async (id) => (await loaders[id]()).default;
      export const manifest = async () => (await import('written:manifest')).default;
      export const help = async () => (await import('written:help')).default;`,
    'scripts.ts': `
      export const nodeScripts = async () => (await import('written:scripts')).default;`,
    scripts: `export default ${JSON.stringify(scripts)}`,
    'agent-scripts.ts': `
      export const agentScripts = async () => (await import('written:agent')).default;`,
    agent: `export default ${JSON.stringify(agent)}`,
    manifest: `export default ${JSON.stringify(manifest)}`,
    help: `export default ${JSON.stringify(help)}`,
  };
}

/** esbuild plugin that puts the written modules in. */
const inline = (modules) => ({
  name: 'written',
  setup(pass) {
    const resolveDir = join(root, 'src', 'cli');
    pass.onLoad({ filter: /[\\/]src[\\/](cli[\\/]catalogue|io[\\/](agent-)?scripts)\.ts$/ }, ({ path }) => ({
      contents: modules[basename(path)],
      loader: 'js',
      resolveDir,
    }));
    pass.onResolve({ filter: /^written:/ }, ({ path }) => ({ path: path.slice(8), namespace: 'written' }));
    pass.onLoad({ filter: /.*/, namespace: 'written' }, ({ path }) => ({
      contents: modules[path],
      loader: 'js',
    }));
  },
});

const split = (modules) =>
  build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target,
    // Names stay: they are all that a stack in a bug report has.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    // oclif asks for it only where it finds TypeScript sources of a plugin; ours has none on disk.
    external: ['typescript'],
    // ws would look on the user's disk for faster parts of itself: code that nobody of us has seen.
    define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
    chunkNames: '[name]-[hash]',
    plugins: [inline(modules), lazyOclif],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });

/**
 * import() of a CommonJS package has its names in Node, but only its default in a chunk that esbuild makes of it:
 * this puts the names back.
 */
const names = `
  const all = module.exports.default;
  module.exports = Object.defineProperty({ ...all, default: all }, '__esModule', { value: true });`;

/** One chunk as the launcher wants it: a function, behind a line that changes when anything in it does. */
async function commonJs(text, wasCommonJs) {
  const { code, warnings } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target,
    supported: { 'dynamic-import': false },
    minifyWhitespace: true,
  });
  for (const warning of warnings) throw new Error(`chunk: ${warning.text}`);
  const wrapped = `(function(exports,require,module,__filename,__dirname){${deferBuiltins(code)}${wasCommonJs ? names : ''}\n})`;
  return `//${createHash('sha256').update(wrapped).digest('hex').slice(0, 32)}\n${wrapped}`;
}

/** Whether an output is nothing but the door to a CommonJS package. */
function isCommonJs({ inputs, outputs }, path) {
  const { entryPoint } = outputs[relative(root, path).replaceAll('\\', '/')];
  return entryPoint !== undefined && inputs[entryPoint]?.format === 'cjs';
}

const started = Date.now();
const { outputFiles, metafile } = await split(await written());
demand(metafile);
// Beside, then into place: a program that is started meanwhile finds the old bundle or the new one.
const fresh = mkdtempSync(`${dist}.`);
try {
  for (const { path, text } of outputFiles)
    writeFileSync(join(fresh, basename(path)), await commonJs(text, isCommonJs(metafile, path)));
  writeFileSync(join(fresh, 'THIRD-PARTY-LICENSES'), licences(root, metafile));
  chmodSync(fresh, 0o755);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
const size = outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
console.log(
  `built ${version}: ${outputFiles.length} chunks, ${Math.round(size / 1024)} KiB, ${Date.now() - started} ms`,
);
