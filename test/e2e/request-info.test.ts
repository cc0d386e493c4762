// What a request asks for, and what an event says that was asked for, is what the API server's own RequestInfoFactory
// takes it for: on requests by chance.
import assert from 'node:assert/strict';
import { eventsIn } from '../../src/audit/event/shapes.ts';
import { askedBy, attributesOf } from '../../src/audit/policy/request.ts';
import type { Asked } from '../../src/audit/policy/request.ts';
import { drawSent } from '../audit/policy/drawn/uris.ts';
import type { Sent } from '../audit/policy/drawn/uris.ts';
import { draws } from '../support/draws.ts';
import { shrink } from '../support/shrink.ts';
import { versionsOf } from './support/parts.ts';
import { each, startOracle } from './support/policy-oracle.ts';
import type { Questions } from './support/policy-oracle.ts';
import { seed, share } from './support/seeds.ts';

const requests = 30_000 * share;

function* drawn(): Generator<Sent> {
  const chance = draws(seed);
  for (let i = 0; i < requests; i += 1) yield drawSent(chance);
}

const same = (one: Asked | undefined, other: Asked | undefined): boolean =>
  JSON.stringify(Object.entries(one ?? {}).sort()) === JSON.stringify(Object.entries(other ?? {}).sort());

/** Of what an API server answers with an error there is nothing to know. */
function disagreement(sent: Sent, theirs: Questions['attributes']['answer']): string | undefined {
  const asked = theirs.error === undefined ? theirs : undefined;
  const ours = askedBy(sent.method, sent.uri);
  if (!same(ours, asked))
    return `API server: ${JSON.stringify(theirs)}\nthis code:  ${JSON.stringify(ours) ?? 'refuses it'}`;
  if (asked === undefined) return undefined;
  const noted = { auditID: 'a', stage: 'RequestReceived', verb: asked.verb, requestURI: sent.uri };
  const [event] = eventsIn(noted) ?? [];
  const recorded = event && attributesOf(event);
  return same(recorded, asked)
    ? undefined
    : `API server: ${JSON.stringify(asked)}\nevent:      ${JSON.stringify(recorded)}`;
}

for (const server of versionsOf('policy-oracle'))
  describe(`what a request asks for, here and on ${server}`, function () {
    this.timeout(120_000);

    it(`is the same for ${requests} by chance, SEED=${seed}`, async () => {
      const oracle = startOracle(server, 'attributes');
      const verbs = new Map<string, number>();
      const found: Sent[] = [];
      await each(drawn(), async (sent) => {
        const theirs = await oracle.ask(sent);
        if (disagreement(sent, theirs) !== undefined) found.push(sent);
        const verb =
          theirs.error === undefined ? `${theirs.verb}${theirs.name === '' ? '' : ' one'}` : 'refused';
        verbs.set(verb, (verbs.get(verb) ?? 0) + 1);
      });
      if (found[0]) {
        const { method, uri } = found[0];
        const says = async (uri: string): Promise<string | undefined> =>
          uri.startsWith('/') ? disagreement({ method, uri }, await oracle.ask({ method, uri })) : undefined;
        const small = await shrink(uri, async (less) => (await says(less)) !== undefined);
        assert.fail(
          `on ${server}, SEED=${seed}, ${found.length} times:\n${method} ${small}\n${await says(small)}`,
        );
      }
      await oracle.stop();
      const all = [
        'get one',
        'list',
        'list one',
        'watch',
        'watch one',
        'create',
        'update one',
        'patch',
        'delete one',
      ];
      const rare = [...all, 'deletecollection', 'options', 'refused', ''].filter(
        (verb) => (verbs.get(verb) ?? 0) < 30,
      );
      assert.deepEqual(rare, [], `hardly asked: ${JSON.stringify([...verbs])}`);
    });
  });
