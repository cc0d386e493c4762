// The licence texts of every package that went into the bundle.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const packageOf = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const licenceFile = /^(licen[cs]e|copying|notice)(\.|-|$)/i;

function entry(root, folder) {
  const { name, version, license, repository } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  );
  const files = readdirSync(join(root, folder)).filter((file) => licenceFile.test(file));
  const texts = files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim());
  if (texts.length === 0 && typeof license !== 'string')
    throw new Error(`${folder} says nothing of its licence`);
  const from = typeof repository === 'string' ? repository : (repository?.url ?? '');
  const head = `${name} ${version} (${license ?? 'see below'}) ${from}`.trim();
  return { head, text: `${head}\n\n${texts.join('\n\n') || `Licensed under ${license}.`}\n` };
}

/** All licence texts, one package after the other. */
export function licences(root, { outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = new Set(inputs.flatMap((input) => packageOf.exec(input)?.[1] ?? []));
  const real = [...folders].filter((folder) => existsSync(join(root, folder, 'package.json')));
  const entries = real.map((folder) => entry(root, folder)).sort((a, b) => a.head.localeCompare(b.head));
  return entries.map(({ text }) => text).join(`\n${'-'.repeat(80)}\n\n`);
}
