// policy lint as it is typed: exits, documents, streams.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { temporary } from '../support/secrets.ts';
import { holds, valid } from './documents.ts';
import type { Document } from './documents.ts';
import { openPlace } from './run.ts';
import type { Place } from './run.ts';

const text = (verb: string): string =>
  `apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n  - level: Metadata\n    verbs: [get, ${verb}]\n  - level: Metadata\n`;

describe('policy lint', function () {
  this.timeout(60_000);
  let place: Place;
  let folder: string;
  before(async () => {
    place = await openPlace({ version: '1.37.2' });
  });
  after(() => place.stop());
  beforeEach(() => (folder = temporary().path));
  const file = (verb: string): string => {
    const path = join(folder, 'p.yaml');
    writeFileSync(path, text(verb));
    return path;
  };

  it('exits by what it found, and prints it either way', async () => {
    const cases: readonly (readonly [verb: string, flags: string, exit: number])[] = [
      ['list', '--strict', 0],
      ['LIST', '', 0],
      ['LIST', '--strict', 3],
      ['LIST', '--strict --ignore verb-case', 0],
      ['[a]', '', 3],
    ];
    for (const [verb, flags, exit] of cases) {
      const ran = await place.run(`policy lint ${file(verb)} ${flags} -o json`);
      assert.equal(ran.exit, exit, `${verb} ${flags} ${ran.stderr}`);
      assert.equal(valid(ran, 'policy-lint.v1')['faulty'], exit === 3);
    }
    assert.equal((await place.run('policy lint')).exit, 2);
    assert.equal((await place.run(`policy lint ${join(folder, 'none.yaml')}`)).exit, 2);
  });

  it('asks the cluster where it is told to, and takes no name of one', async () => {
    const ran = await place.run(`policy lint --cluster ${file('list')} -o json`);
    const { kubernetes, resources } = valid(ran, 'policy-lint.v1');
    assert.deepEqual([kubernetes, resources], [{ version: '1.37', from: 'cluster' }, 'cluster']);
    const before = place.api.requests.length;
    await place.run(`policy lint ${file('list')}`);
    assert.equal(place.api.requests.length, before);
  });

  it('writes YAML and SARIF', async () => {
    const yaml = await place.run(`policy lint ${file('LIST')} -o yaml`);
    holds(parse(yaml.stdout) as Document);
    const sarif = JSON.parse((await place.run(`policy lint ${file('LIST')} -o sarif`)).stdout) as {
      readonly runs: readonly { readonly results: readonly { readonly ruleId: string }[] }[];
    };
    assert.deepEqual(
      sarif.runs[0]?.results.map(({ ruleId }) => ruleId),
      ['verb-case'],
    );
  });

  it('mends a file, and says what it did', async () => {
    const path = file('LIST');
    const ran = await place.run(`policy lint ${path} --fix`);
    assert.equal(readFileSync(path, 'utf8'), text('list'));
    assert.match(ran.stdout, /p\.yaml:6:18: ✔ wrote list for LIST \[verb-case\]/);
    assert.match(ran.stdout, /Nothing found/);
  });

  it('does not let a policy steer the terminal', async () => {
    const ran = await place.run(`policy lint ${file('"\\u009b2J\\u202e", "LIST"')}`);
    assert.doesNotMatch(ran.stdout + ran.stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    assert.match(ran.stdout, /verb-case/);
  });
});
