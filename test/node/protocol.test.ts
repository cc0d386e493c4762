// What the node says is understood, and nothing else is taken for it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { nodeScripts } from '../../src/io/scripts.ts';
import { nodeLook } from '../../src/node/look.ts';
import { isOver, parseAnswer, phaseArguments, phaseCodes, phases } from '../../src/node/protocol.ts';

const sum = 'a'.repeat(64);

describe('the arguments of a phase', () => {
  it('are the phase, the run and what is given', () => {
    const args = { manifest: '/m/a b.yaml', old: sum, new: 'b', config: undefined, need: 5 };
    assert.deepEqual(phaseArguments('stage', 'r-1', args), [
      'stage',
      'run=r-1',
      'manifest=/m/a b.yaml',
      `old=${sum}`,
      'new=b',
      'need=5',
    ]);
    assert.deepEqual(phaseArguments('swap', 'r-1', {}), ['swap', 'run=r-1']);
  });
});

describe('an answer', () => {
  it('is its lines and its end', () => {
    assert.deepEqual(parseAnswer('a=1\nb-c=x=y z\na=2\nok\n'), {
      outcome: 'ok',
      lines: [
        ['a', '1'],
        ['b-c', 'x=y z'],
        ['a', '2'],
      ],
    });
    assert.deepEqual(parseAnswer('refused disk-full less than 5 KiB\n'), {
      outcome: 'refused',
      code: 'disk-full',
      text: 'less than 5 KiB',
      lines: [],
    });
    assert.equal(parseAnswer('failed decided late\r\n').outcome, 'failed');
  });

  it('may have lines of others before, between and behind', () => {
    const text =
      'mv: cannot stat x\na=1\nPerhaps=2\nok\nfailed to create fsnotify watcher: too many open files\n';
    assert.deepEqual(parseAnswer(text), { outcome: 'ok', lines: [['a', '1']] });
    assert.equal(parseAnswer('refused by nft\nok then\nnot ok\n').outcome, 'unknown');
  });

  for (const [what, text] of [
    ['empty', ''],
    ['without an end', 'a=1\nb=2\n'],
    ['cut off in its end', 'a=1\nok'],
    ['cut off in a word that begins like it', 'a=1\nokt'],
    ['cut off in a reason', 'a=1\nrefused disk-full less'],
    ['of a code that is not one', 'refused nonsense x\n'],
    ['of an end inside a line', 'a=ok\nb=refused disk-full x\n'],
  ] as const)
    it(`that is ${what} is unknown, never ok`, () => assert.equal(parseAnswer(text).outcome, 'unknown'));

  it('has no codes but those of the list, and each of the list is used', async () => {
    const used = [
      ...(await nodeScripts())['transaction.sh'].matchAll(/\b(?:refuse|fail) ([a-z]+-[a-z-]+|decided)\b/g),
    ];
    assert.deepEqual([...new Set(used.map(([, code]) => code))].sort(), [...phaseCodes].sort());
  });

  it('says that the transaction has ended already, in either of two ways', () => {
    const over = (text: string): boolean => isOver(parseAnswer(`${text}\n`));
    assert.ok(over('refused no-transaction this run has staged nothing here'));
    assert.ok(over('refused decided this run has ended: aborted the node was rebooted before the swap'));
    assert.ok(!over('refused decided restored: not confirmed within 300 s'), 'it is under way');
    assert.ok(!over('failed write-failed the guard goes on with it'));
    assert.ok(!over('ok'));
  });

  it('is given to every phase', () => {
    const text = readFileSync(new URL('../../src/node/transaction.sh', import.meta.url), 'utf8');
    const known = [...text.matchAll(/^ {2}([a-z-]+)\) phase_/gm)].map(([, phase]) => phase);
    assert.deepEqual(known.sort(), [...phases].sort());
  });
});

describe('a look', () => {
  const lines = (more: string): string => `arch=arm64\n${more}ok\n`;
  const look = (more: string): ReturnType<typeof nodeLook> => nodeLook(parseAnswer(lines(more)));

  it('keeps every byte of a manifest', () => {
    const text = '\uFEFFä: "\\u0000"\r\n# 龍\n';
    const base64 = Buffer.from(text).toString('base64');
    const seen = look(
      `manifest=/m/k.yaml\nsha=${sum}\nmanifest-base64=${base64}\noriginal=${sum}\noriginal-base64=${base64}\n`,
    );
    assert.deepEqual(seen?.manifest, { path: '/m/k.yaml', sha256: sum, text });
    assert.deepEqual(seen?.original, { sha256: sum, text });
  });

  it('takes what is missing for absent', () => {
    assert.deepEqual(look(''), {
      manifest: undefined,
      others: [],
      original: undefined,
      applied: undefined,
      open: undefined,
      last: undefined,
      files: [],
      free: { etc: 0, var: 0, log: 0 },
      carry: 'none',
      serviceProxy: 'other',
      carried: false,
      guard: { armed: false, alive: false },
      listening: [],
      arch: 'arm64',
    });
  });

  it('tells an open transaction and an ended one', () => {
    assert.deepEqual(look('tx=r-1 swapped\ndecision=restored\nreason=not confirmed within 60 s\n')?.open, {
      run: 'r-1',
      state: 'swapped',
      decision: 'restored',
      reason: 'not confirmed within 60 s',
    });
    assert.deepEqual(look('last=r-1 restored crash: a = b\n')?.last, {
      run: 'r-1',
      outcome: 'restored',
      reason: 'crash: a = b',
    });
    assert.deepEqual(look('last=r-1 confirmed\n')?.last, {
      run: 'r-1',
      outcome: 'confirmed',
      reason: undefined,
    });
  });

  it('is none when its end is missing, or when it is another answer', () => {
    assert.equal(nodeLook(parseAnswer('arch=amd64\n')), undefined);
    assert.equal(nodeLook(parseAnswer('arch=amd64\nrefused wrong-arguments run\n')), undefined);
    assert.equal(nodeLook(parseAnswer('ok\n')), undefined);
  });
});
