// A preset as a text and as an object are the same policy, for each version that a policy is thought of for.
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { presetNames } from '../../../src/flows/policy/open.ts';
import { presetObject, presetText } from '../../../src/flows/policy/show.ts';
import { version } from '../../support/facts.ts';

describe('policy show', () => {
  for (const name of presetNames)
    it(`${name} is the same as text and as an object`, async () => {
      for (const minor of [13, 18, 23, 37]) {
        const on = version(`v1.${minor}.0`);
        const object = await presetObject(name, on);
        assert.deepEqual(object, parse(presetText(name, on)));
        assert.equal(JSON.stringify(object).includes('omitManagedFields'), minor >= 23 && name !== 'minimal');
      }
    });

  it('is for the newest version that is known where none is named', () =>
    assert.equal(presetText('recommended'), presetText('recommended', version('v1.37.0'))));
});
