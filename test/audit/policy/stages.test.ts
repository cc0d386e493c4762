// Which stages come into the log. test/e2e/policy-decides.test.ts asks real API servers the same.
import assert from 'node:assert/strict';
import type { Attributes } from '../../../src/audit/policy/policy.ts';
import { askedBy } from '../../../src/audit/policy/request.ts';
import type { Asked } from '../../../src/audit/policy/request.ts';
import { isTimeoutRefused, recordedStages, stagesOf } from '../../../src/audit/policy/stages.ts';
import { version } from '../../support/facts.ts';

const user = { name: 'a', groups: [] };
function asked(request: string): Asked {
  const [method = '', uri = ''] = request.split(' ');
  return askedBy(method, uri) ?? assert.fail(request);
}

const long: readonly string[] = [
  'GET /api/v1/pods?watch=1',
  'GET /api/v1/watch/pods',
  'GET /api/v1/proxy/namespaces/d/services/s',
  'GET /api/v1/namespaces/d/pods/p/exec',
  'POST /api/v1/namespaces/d/pods/p/attach',
  'POST /api/v1/namespaces/d/pods/p/portforward',
  'GET /api/v1/namespaces/d/pods/p/log',
  'GET /api/v1/nodes/n/proxy/logs/',
  'GET /debug/pprof/heap',
];
const short: readonly string[] = [
  'GET /api/v1/pods',
  'GET /api/v1/namespaces/d/pods/p?watch=1',
  'PATCH /api/v1/namespaces/d/pods/p/status',
  'POST /api/v1/namespaces/d/pods/p/eviction',
  'GET /debug/flags',
  'GET /watch',
  'GET /exec',
];

describe('stages', () => {
  for (const request of long)
    it(`${request} goes through three`, () =>
      assert.deepEqual(stagesOf({ ...asked(request), user }), [
        'RequestReceived',
        'ResponseStarted',
        'ResponseComplete',
      ]));
  for (const request of short)
    it(`${request} goes through two`, () =>
      assert.deepEqual(stagesOf({ ...asked(request), user }), ['RequestReceived', 'ResponseComplete']));
  for (const request of ['GET /api/v1/pods?watch=1', 'GET /version'])
    it(`${request} after a failed login goes through one`, () =>
      assert.deepEqual(stagesOf(asked(request)), ['ResponseStarted']));

  it('are recorded but for those that are left out, and none at level None', () => {
    const exec: Attributes = { ...asked('GET /api/v1/namespaces/d/pods/p/exec'), user };
    const omitStages = ['RequestReceived', 'Panic'] as const;
    assert.deepEqual(recordedStages(exec, { level: 'Metadata', omitStages }), [
      'ResponseStarted',
      'ResponseComplete',
    ]);
    assert.deepEqual(recordedStages(exec, { level: 'None', omitStages }), []);
    assert.deepEqual(
      recordedStages(asked('GET /a'), { level: 'Request', omitStages: ['ResponseStarted'] }),
      [],
    );
  });
});

describe('isTimeoutRefused', () => {
  const refused = (query: string, server = 'v1.37.2', path = '/api/v1/pods'): boolean =>
    isTimeoutRefused(asked(`GET ${path}${query}`), `${path}${query}`, version(server));

  for (const query of ['soon', '5', '5x', '1h 2m', '-', '.s', '5s5', 'true'])
    it(`${query} is no duration`, () => assert.ok(refused(`?timeout=${query}`)));
  for (const query of ['5s', '0', '-1s', '%2B1.5h', '1h2m3.4s', '.5s', '1.s', '10%C2%B5s', ''])
    it(`${query || 'nothing'} is one`, () => assert.equal(refused(`?timeout=${query}`), false));

  it('is for requests that may not take long, from 1.21 on', () => {
    const query = '?a=b&timeout=soon';
    assert.deepEqual(
      [refused(query, 'v1.20.15'), refused(query, 'v1.21.0'), refused(`${query}&watch=1`), refused('')],
      [false, true, false, false],
    );
    assert.ok(refused(query, 'v1.37.2', '/healthz'));
  });
});
