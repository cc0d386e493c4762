// Texts that are mostly wrong in some way are taken or refused as the API server's own code takes or refuses them, for
// the same reasons, and mean the same when they are taken.
import assert from 'node:assert/strict';
import { drawRequest } from '../audit/policy/drawn/policies.ts';
import { drawBrokenText } from '../audit/policy/drawn/texts.ts';
import { draws } from '../support/draws.ts';
import { versionsOf } from './support/parts.ts';
import { hunt } from './support/policy-hunt.ts';
import type { Question } from './support/policy-agreement.ts';
import { seed, share } from './support/seeds.ts';

const texts = 6000 * share;

function* questions(): Generator<Question> {
  const chance = draws(seed);
  for (let i = 0; i < texts; i += 1) {
    const policy = drawBrokenText(chance);
    yield { policy, requests: Array.from({ length: 8 }, () => drawRequest(chance)) };
  }
}

/** Kinds of answers, each of which has to be given often. */
const kinds: readonly (readonly [kind: string, error: RegExp])[] = [
  ['taken', /^$/],
  ['a value', /^\[?(?:rules|omitStages)\[/],
  ['no rules', /^loaded illegal policy/],
  ['YAML', /^failed decoding: (?:yaml|.*error converting YAML)/],
  ['type', /cannot unmarshal|expects|readObject|decode slice|but found/],
  ['version or kind', /no kind|unknown group version|GroupVersion|converting|couldn't get version/],
];

for (const server of versionsOf('policy-oracle'))
  describe(`a policy's text, here and on ${server}`, function () {
    this.timeout(600_000);

    it(`is taken or refused alike, for ${texts} by chance, SEED=${seed}`, async () => {
      const told = new Map<string, number>();
      const found = await hunt({
        server,
        questions: questions(),
        told: (_, { error = '' }) => {
          const [kind] = kinds.find(([, words]) => words.test(error)) ?? ['else'];
          told.set(kind, (told.get(kind) ?? 0) + 1);
        },
      });
      assert.ok(found.length === 0, `on ${server}, SEED=${seed}:\n\n${found.join('\n\n')}\n`);
      const rare = kinds.filter(([kind]) => (told.get(kind) ?? 0) < 30 * share);
      assert.deepEqual(rare, [], `answers that were hardly given: ${JSON.stringify([...told])}`);
    });
  });
