// What the project promises of itself: every failure, check and document has its page or schema, every command its
// words, and no page is left of something that is gone.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import * as nodeChecks from '../src/audit/check/nodes.ts';
import { statusChecks } from '../src/audit/check/state.ts';
import { preflight } from '../src/flows/enable.ts';
import { catalogue, pageOf } from '../src/audit/policy/lint/catalogue.ts';
import { manifest } from '../src/cli/catalogue.ts';
import { codes } from '../src/errors.ts';
import { phaseCodes } from '../src/node/protocol.ts';

const pagesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) => name.replace(/\.md$/, ''))
    .sort();

/** Checks that are asked only where API servers are changed. */
const ofNodes = Object.values(nodeChecks).filter((one) => typeof one === 'object');

describe('the project', () => {
  it('has a page for every failure, and no other', () => {
    assert.deepEqual(pagesIn('docs/errors'), Object.keys(codes).sort());
  });

  it('has a page for every check, and no other', () => {
    const ids = new Set([...statusChecks, ...preflight, ...ofNodes].map(({ id }) => id));
    assert.deepEqual(pagesIn('docs/checks'), [...ids].sort());
  });

  it('names every failure and every check, with its severity, in the list of its pages', () => {
    const errors = readFileSync('docs/errors/README.md', 'utf8');
    for (const [code, exit] of Object.entries(codes)) {
      const row = new RegExp(`^\\| ${exit} .*\\[${code}\\]\\(${code}\\.md\\)`, 'm');
      assert.match(errors, row, `${code} is not in the row of exit ${exit}`);
    }
    const checks = readFileSync('docs/checks/README.md', 'utf8');
    for (const { id, severity } of [...statusChecks, ...preflight, ...ofNodes])
      assert.match(checks, new RegExp(`^\\| \\[${id}\\]\\(${id}\\.md\\) +\\| ${severity} `, 'm'), id);
  });

  it('says of every refusal of a node what to do, and of no other', () => {
    const page = readFileSync('docs/how-it-changes-your-api-server.md', 'utf8');
    const [, refusals = ''] = /\n## Refusals\n([^]*?)\n## /.exec(page) ?? [];
    const told = [...refusals.matchAll(/^\| `([a-z-]+)` +\| [^|]{20,} \| [^|]{5,} \|$/gm)].map(
      ([, code]) => code,
    );
    assert.deepEqual(told.sort(), [...phaseCodes].sort());
  });

  it('has a section for every rule of lint, with its severity, and no other', () => {
    const page = readFileSync('docs/policy-lint.md', 'utf8');
    const told = [
      ...page.matchAll(/^### (\S+)\n\n\*\*(\w+)\.\*\* .{20,}\n\n```yaml\n[^`]+\n```\n\nFix: \S/gm),
    ];
    assert.deepEqual(
      told.map(([, id, severity]) => `${id} ${severity}`),
      catalogue.map(({ id, severity }) => `${id} ${severity}`),
    );
    assert.equal(told.length, page.match(/^### /gm)?.length);
    for (const { id } of catalogue) assert.ok(pageOf(id).endsWith(`/docs/policy-lint.md#${id}`), id);
  });

  it('throws every failure that it documents', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && name !== 'errors.ts',
    );
    const text = sources.map((name) => readFileSync(`src/${name}`, 'utf8')).join('\n');
    const unused = Object.keys(codes).filter((code) => !text.includes(`'${code}'`));
    assert.deepEqual(unused, []);
  });

  it('has a schema for every document that a command shows', () => {
    const files = readdirSync('src/commands', { recursive: true, encoding: 'utf8' });
    const named = files.flatMap((file) => {
      if (!file.endsWith('.ts')) return [];
      const text = readFileSync(`src/commands/${file}`, 'utf8');
      const schemas = [...text.matchAll(/schema: '([^']+)'/g)].map(([, schema]) => `${schema}.json`);
      // what is a Kubernetes object has its own
      return schemas.length === 0 && !text.includes('this.showObject(') ? [`none in ${file}`] : schemas;
    });
    const there = readdirSync('docs/schema');
    assert.deepEqual(
      named.filter((file) => !there.includes(file)),
      [],
    );
    assert.ok(there.includes('error.v1.json'));
  });

  it('has a summary, a description and two examples for every command', async () => {
    for (const [id, { summary, description = '', examples }] of Object.entries(await manifest())) {
      assert.ok(summary.length > 10, id);
      assert.ok(description.length > summary.length, `${id} is not described`);
      assert.ok(examples.length >= 2, `${id} has ${examples.length} examples`);
    }
  });
});
