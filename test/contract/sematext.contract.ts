// What this tool takes for granted of the receiver and the search, stated as requests and answers: the same for the
// embedded Sematext and for a real Logagent before a real OpenSearch.
import assert from 'node:assert/strict';
import { secrets } from '../support/secrets.ts';
import { receiverContract } from './receiver.contract.ts';
import { searchContract } from './search.contract.ts';
import { ask, type Found, type SematextSubject } from './sematext-subject.ts';

/** States the contract for one kind of Sematext. */
export function sematextContract(name: string, start: () => Promise<SematextSubject>): void {
  describe(`${name}: Sematext`, function () {
    this.timeout(120_000);
    let subject: SematextSubject;
    before(async () => {
      subject = await start();
    });
    after(async () => subject?.stop());
    const running = (): SematextSubject => subject;
    unknown(running);
    receiverContract(running);
    searchContract(running);
  });
}

function unknown(subject: () => SematextSubject): void {
  it('finds nothing for a token that never got a document', async () => {
    const { unknownToken } = subject();
    const reply = await ask(subject(), { query: { match_all: {} } }, undefined, secrets.otherToken);
    assert.equal(reply.status, unknownToken);
    const answer = JSON.parse(reply.text) as { error?: { type: string }; hits?: Found };
    if (unknownToken === 404) assert.equal(answer.error?.type, 'index_not_found_exception');
    else assert.deepEqual(answer.hits?.hits, []);
  });

  it('searches only for who has the key, in either of its two forms', async () => {
    const basic = Buffer.from(`apiKey:${subject().apiKey}`).toString('base64');
    const right = [`apiKey ${subject().apiKey}`, `Basic ${basic}`];
    for (const authorization of right)
      assert.notEqual((await ask(subject(), {}, authorization)).status, 401, authorization.split(' ')[0]);
    for (const authorization of ['', `apiKey ${secrets.otherToken}`, `Bearer ${subject().apiKey}`])
      assert.equal((await ask(subject(), {}, authorization)).status, 401);
  });
}
