// Templates of jsonpath, as the real kubectl writes them: it takes the same cases from a file, without a cluster.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alike, refused, subject } from '../support/jsonpath-cases.ts';
import { temporary } from '../support/secrets.ts';
import { partPath } from './support/parts.ts';

/** What kubectl writes of the subject, with an annotation of its own that no case asks for. */
function kubectl(template: string): string {
  const file = join(temporary().path, 'event.json');
  writeFileSync(file, JSON.stringify(subject));
  const argv = ['--kubeconfig', '/dev/null', 'annotate', '--local', '-f', file, 'x=y', '-o'];
  return execFileSync(partPath('kubectl', 'kubectl'), [...argv, `jsonpath=${template}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe('jsonpath of the real kubectl', () => {
  for (const [template, text] of alike)
    it(`writes the same for ${template}`, () => assert.equal(kubectl(template), text));

  for (const template of refused)
    it(`refuses ${template} as well`, () => assert.throws(() => kubectl(template), /jsonpath/));
});
