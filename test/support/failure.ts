// The one way to test a Failure: it fails when nothing is thrown, or when something else is.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Failure } from '../../src/errors.ts';
import { witness } from './secrets.ts';

/** The Failure that `run` ends with; all of it is searched for secrets when the test ends. */
export async function failure(run: () => unknown): Promise<Failure> {
  let thrown: unknown;
  let threw = false;
  try {
    await run();
  } catch (error) {
    thrown = error;
    threw = true;
  }
  assert.ok(threw, 'nothing was thrown');
  witness(inspect(thrown, { depth: 6, maxStringLength: null }));
  assert.ok(thrown instanceof Failure, `thrown was no Failure: ${inspect(thrown)}`);
  return thrown;
}
