// Makes modules load when they are first used, not when the one that names them is: most of what oclif requires
// at the top of its files (help, plugins on disk, spinners, the shell's name) no run of ours ever gets to.
import { readFileSync } from 'node:fs';

/** A require at the top of a file that TypeScript compiled: `const help_1 = __importStar(require("./help"));` */
const compiled = /^const (\w+_\d+) = ((?:__import\w+\()?require\("[^"]+"\)\)?);$/gm;
/** An import of one of Node's own modules in a chunk that esbuild turned to CommonJS. */
const builtin = /\bvar (import_node_\w+)=(require\("node:[\w/]+"\));/g;

/** Turns what `pattern` finds into functions and each use of the name into a call. */
function deferred(text, pattern) {
  const found = [...text.matchAll(pattern)];
  let out = text;
  for (const [line, name, value] of found)
    out = out
      .replace(line, '')
      .replace(new RegExp(`\\b${name}\\.`, 'g'), `(${name}()).`)
      .replace(/^/, () => defer(name, value));
  return out;
}

const defer = (name, value) => `let ${name}_value;const ${name}=()=>${name}_value??=${value};\n`;

/** The chunk with Node's own modules loaded on first use. */
export const deferBuiltins = (text) => deferred(text, builtin);

/** esbuild plugin: oclif's modules, and what they build upon, loaded on first use. */
export const lazyOclif = {
  name: 'lazy-oclif',
  setup(pass) {
    pass.onLoad({ filter: /[\\/]@oclif[\\/]core[\\/]lib[\\/].*\.js$/ }, ({ path }) => ({
      contents: deferred(readFileSync(path, 'utf8'), compiled),
      loader: 'js',
    }));
  },
};
