// What the bundle must keep to, told from esbuild's metafile: nothing is loaded that the command at hand does not
// need, and nothing is there twice. A build that breaks it fails, with the chain of imports that did it.

/** Packages that only some commands need, and that cost a noticeable time to load. */
const heavy = /node_modules\/(@kubernetes\/client-node|yaml|openid-client|node-fetch|ws|mustache)\//;
const oclif = /node_modules\/@oclif\/core\//;

/** The outputs that are loaded together with one: itself and what it imports statically. */
function together(outputs, name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const { path, kind } of outputs[name].imports)
    if (kind === 'import-statement' && path in outputs) together(outputs, path, seen);
  return seen;
}

/** The inputs that stand in a set of outputs. */
const inputsOf = (outputs, names) => [...names].flatMap((name) => Object.keys(outputs[name].inputs));

function refuse(what, inputs) {
  if (inputs.length > 0) throw new Error(`${what}:\n  ${inputs.slice(0, 10).join('\n  ')}`);
}

/**
 * Checks the outputs of the splitting pass.
 * @throws Error that names the inputs at fault
 */
export function demand({ outputs }) {
  const names = Object.keys(outputs);
  const entry = names.find((name) => outputs[name].entryPoint === 'src/main.ts');
  const first = inputsOf(outputs, together(outputs, entry));
  refuse(
    'the entry loads before any command is known',
    first.filter((i) => heavy.test(i) || oclif.test(i)),
  );
  const commands = names.filter((name) => outputs[name].entryPoint?.startsWith('src/commands/'));
  for (const name of commands) {
    const loaded = inputsOf(outputs, together(outputs, name));
    refuse(
      `${outputs[name].entryPoint} loads at once what it may never need`,
      loaded.filter((i) => heavy.test(i)),
    );
    refuse(
      `${outputs[name].entryPoint} has oclif inside`,
      Object.keys(outputs[name].inputs).filter((i) => oclif.test(i)),
    );
  }
  const all = inputsOf(outputs, names);
  refuse(
    'in the bundle twice',
    all.filter((input, i) => all.indexOf(input) !== i),
  );
  const cores = new Set(all.flatMap((i) => /^.*node_modules\/@oclif\/core\//.exec(i)?.[0] ?? []));
  refuse('more than one oclif', cores.size > 1 ? [...cores] : []);
}
