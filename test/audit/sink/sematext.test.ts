// Where events go: regions, receivers of one's own, and URLs made safe to keep.
import assert from 'node:assert/strict';
import {
  hostOf,
  isSematextReceiver,
  maskUrl,
  receiverUrlWithSlot,
  sinkOf,
} from '../../../src/audit/sink/sematext.ts';
import type { Sink } from '../../../src/audit/sink/sematext.ts';
import { secrets } from '../../support/secrets.ts';

const us = 'https://logsene-k8s-audit-receiver.sematext.com';
const eu = 'https://logsene-k8s-audit-receiver.eu.sematext.com';

const sinks: readonly (readonly [what: string, asked: Parameters<typeof sinkOf>, sink: Sink])[] = [
  ['US', ['us'], { region: 'us', receiver: us, search: 'https://logsene-search.sematext.com' }],
  ['EU', ['eu'], { region: 'eu', receiver: eu, search: 'https://logsene-search.eu.sematext.com' }],
  [
    'a search of one’s own',
    ['eu', undefined, 'http://s:1/'],
    { region: 'eu', receiver: eu, search: 'http://s:1' },
  ],
  [
    'a receiver of one’s own has no search',
    ['eu', 'http://r:1//'],
    { region: 'own', receiver: 'http://r:1', search: undefined },
  ],
  [
    'a receiver and a search of one’s own',
    ['us', 'http://r:1/a/', 'http://s:1/b/'],
    { region: 'own', receiver: 'http://r:1/a', search: 'http://s:1/b' },
  ],
];

describe('sinkOf', () => {
  for (const [what, asked, sink] of sinks) it(what, () => assert.deepEqual(sinkOf(...asked), sink));

  it('puts the slot where the token belongs', () =>
    assert.equal(receiverUrlWithSlot(sinkOf('eu')), `${eu}/\${LOGS_TOKEN}/`));
});

const hosts: readonly (readonly [url: string, host: string])[] = [
  ['https://h.example.com/a/b', 'h.example.com'],
  ['http://127.0.0.1:8080', '127.0.0.1:8080'],
  ['https://h.example.com?x', 'h.example.com'],
  ['https://h.example.com#x', 'h.example.com'],
  ['http://[::1]:8080/a', '[::1]:8080'],
  ['https://user:word@h.example.com/a', 'h.example.com'],
  ['HTTPS://h.example.com/a@b', 'h.example.com'],
  ['no URL', 'no URL'],
];

describe('hostOf', () => {
  for (const [url, host] of hosts) it(url, () => assert.equal(hostOf(url), host));
});

const receivers: readonly (readonly [url: string, is: boolean])[] = [
  [`${us}/x/`, true],
  [`${eu}/x`, true],
  [`${eu}:443/x`, true],
  [`${eu.toUpperCase()}/x`, true],
  ['https://logsene-k8s-audit-receiver.sematext.com.example.com/x', false],
  ['https://example.com/logsene-k8s-audit-receiver.sematext.com', false],
  ['https://logsene-receiver.sematext.com/x', false],
];

describe('isSematextReceiver', () => {
  for (const [url, is] of receivers) it(`${url}: ${is}`, () => assert.equal(isSematextReceiver(url), is));
});

const { token, otherToken } = secrets;
const fingerprint = (text: string): string => (text === otherToken ? 'f1' : text === token ? 'f0' : '?');
const masked: readonly (readonly [what: string, url: string, safe: string])[] = [
  ['our token', `${eu}/${token}/`, `${eu}/\${LOGS_TOKEN}/`],
  ['our token in upper case', `${eu}/${token.toUpperCase()}`, `${eu}/\${LOGS_TOKEN}`],
  ['another token', `${eu}/${otherToken}/`, `${eu}/<token f1>/`],
  ['another token in upper case', `${eu}/${otherToken.toUpperCase()}/`, `${eu}/<token f1>/`],
  ['two tokens', `${eu}/${otherToken}/${token}`, `${eu}/<token f1>/\${LOGS_TOKEN}`],
  ['a token in the query', `${eu}/?t=${otherToken}`, `${eu}/?t=<token f1>`],
  ['a token inside a word', `${eu}/a${otherToken}b`, `${eu}/a<token f1>b`],
  ['no token', `${eu}/logs`, `${eu}/logs`],
];

describe('maskUrl', () => {
  for (const [what, url, safe] of masked)
    it(what, () => {
      assert.equal(maskUrl(url, token, fingerprint), safe);
      const without = maskUrl(url, undefined, fingerprint).toLowerCase();
      assert.ok(!without.includes(token) && !without.includes(otherToken), 'not even when ours is not known');
    });
});
