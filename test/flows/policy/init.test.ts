// policy init: what is given is not asked, what is asked is answered or as usual, and a file is written or left alone.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { policyFrom } from '../../../src/audit/policy/init.ts';
import type { Answers } from '../../../src/audit/policy/init-answers.ts';
import { initPolicy, readBack } from '../../../src/flows/policy/init.ts';
import type { InitRequest } from '../../../src/flows/policy/init.ts';
import { openWorld } from '../../../src/io/world.ts';
import type { World } from '../../../src/io/world.ts';
import { version } from '../../support/facts.ts';
import { failure } from '../../support/failure.ts';
import { temporary } from '../../support/secrets.ts';

/** A terminal that answers one line after the other, and what it was asked; without lines nobody is there. */
function worldOf(lines?: readonly string[], noInput = false): { world: World; asked: string[] } {
  const isTTY = lines !== undefined;
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const asked: string[] = [];
  let seen = '';
  stderr.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    if (!/: $/.test(seen.split('\n').at(-1) ?? '') || !chunk.toString().includes(': ')) return;
    asked.push(seen.split('\n').at(-1) ?? '');
    seen = '';
    stdin.write(`${lines?.[asked.length - 1] ?? ''}\r`);
  });
  const { signal } = new AbortController();
  return { world: openWorld({ connection: {}, signal, stdin, stderr, noInput, env: {} }), asked };
}

const nothing: InitRequest = {
  ...{
    preset: undefined,
    reads: undefined,
    bodies: undefined,
    namespaces: undefined,
    ignoredUsers: undefined,
  },
  ...{ omitManagedFields: true, version: undefined, file: undefined, force: false },
  tell: () => undefined,
};
const all: Answers = {
  reads: 'people',
  bodies: 'workloads',
  namespaces: ['shop', 'pay'],
  ignoredUsers: ['jane', 'joe'],
  omitManagedFields: true,
};
const newest = version('v1.37.0');
const usual: Answers = {
  reads: 'all',
  bodies: 'rbac',
  namespaces: [],
  ignoredUsers: [],
  omitManagedFields: true,
};

describe('policy init', () => {
  it('asks what was not answered, five questions, each with what is usual', async () => {
    const { world, asked } = worldOf(['vendor', 'People', 'workloads', 'shop, pay,', 'jane,joe']);
    assert.equal(await initPolicy(world, nothing), policyFrom(all, newest));
    assert.equal(asked.length, 5);
    assert.match(asked[0] ?? '', /\(recommended, minimal, vendor\) \[recommended\]: /);
    assert.match(asked[1] ?? '', /\(none, people, all\) \[all\]: /);
    assert.match(asked[2] ?? '', /\(none, rbac, workloads\) \[workloads\]: /);
  });

  it('takes what is usual for empty lines, and asks again after an answer that is none', async () => {
    const empty = worldOf([]);
    assert.equal(await initPolicy(empty.world, nothing), policyFrom(usual, newest));
    const { world, asked } = worldOf(['minimal', 'some', 'people', '', 'Shop', 'shop', '']);
    const expected = { ...usual, reads: 'people', bodies: 'none', namespaces: ['shop'] } as const;
    assert.equal(await initPolicy(world, nothing), policyFrom(expected, newest));
    assert.equal(asked.length, 7);
    assert.match(asked[5] ?? '', /"Shop" cannot be the name of a namespace\. Namespaces to record/);
  });

  it('asks nothing that was answered', async () => {
    const { world, asked } = worldOf(['never']);
    assert.equal(await initPolicy(world, { ...nothing, ...all, preset: 'minimal' }), policyFrom(all, newest));
    assert.deepEqual(asked, []);
  });

  it('takes the preset for answers where nobody can be asked', async () => {
    for (const { world, asked } of [worldOf(), worldOf(['never'], true)]) {
      for (const [preset, reads, bodies] of [
        ['recommended', 'all', 'rbac'],
        ['minimal', 'none', 'none'],
        ['vendor', 'all', 'workloads'],
      ] as const)
        assert.equal(
          await initPolicy(world, { ...nothing, preset }),
          policyFrom({ ...usual, reads, bodies }, newest),
        );
      assert.equal(await initPolicy(world, nothing), policyFrom(usual, newest));
      assert.deepEqual(asked, []);
    }
  });

  it('is for the version that is named', async () => {
    const old = version('v1.20.0');
    const text = await initPolicy(worldOf().world, { ...nothing, version: old });
    assert.equal(text, policyFrom(usual, old));
    assert.match(text, /^# Audit policy for Kubernetes 1\.20, /);
    assert.equal('omitManagedFields' in (await readBack(text, old)), false);
    assert.equal((await readBack(text)).rules?.at(-1)?.level, 'Metadata');
  });

  it('writes the file, and says for which Kubernetes', async () => {
    const file = join(temporary().path, 'policy.yaml');
    const told: string[] = [];
    const request = { ...nothing, file, tell: (text: string): unknown => told.push(text) };
    const text = await initPolicy(worldOf().world, request);
    assert.equal(readFileSync(file, 'utf8'), text);
    assert.match(
      told.join(),
      /policy\.yaml holds a policy for Kubernetes 1\.37; --kubernetes-version names another/,
    );
    await initPolicy(worldOf().world, { ...request, version: newest, force: true, reads: 'none' });
    assert.notEqual(readFileSync(file, 'utf8'), text);
    assert.doesNotMatch(told.at(-1) ?? '', /names another/);
  });

  it('asks nobody anything where the file is there already, and leaves it', async () => {
    const file = join(temporary().path, 'policy.yaml');
    writeFileSync(file, 'theirs');
    const { world, asked } = worldOf([]);
    const error = await failure(() => initPolicy(world, { ...nothing, file }));
    assert.equal(error.code, 'usage');
    assert.match(error.suggestions.join(), /--force/);
    assert.deepEqual(asked, []);
    assert.equal(readFileSync(file, 'utf8'), 'theirs');
  });

  it('makes no file out of names that cannot be', async () => {
    const file = join(temporary().path, 'policy.yaml');
    for (const wrong of [{ namespaces: ['Shop'] }, { ignoredUsers: [''] }]) {
      const error = await failure(() => initPolicy(worldOf().world, { ...nothing, ...wrong, file }));
      assert.equal(error.code, 'usage');
      assert.match(error.message, /cannot be the name of a /);
    }
    assert.equal(existsSync(file), false);
  });
});
