// What is masked in an event that is shown whole, and what is not.
import assert from 'node:assert/strict';
import { redacted } from '../../../src/audit/event/redact.ts';

const secret = 'hunter2hunter2';
const base64 = 'aHVudGVyMg==';
const url = 'https://logsene-k8s-audit-receiver.sematext.com/01234567-89ab-4cde-8f01-23456789abcd';
const events: Readonly<Record<string, object>> = {
  'the contents of a Secret': {
    responseObject: { kind: 'Secret', data: { a: secret }, stringData: { b: secret } },
  },
  'Secrets in a list': { responseObject: { kind: 'SecretList', items: [{ data: { a: secret } }] } },
  'a patch of a Secret': {
    objectRef: { resource: 'secrets' },
    requestObject: [{ op: 'replace', path: '/data/a', value: secret }],
  },
  'a merge patch of a Secret': { objectRef: { resource: 'secrets' }, requestObject: { data: { a: secret } } },
  'a token that was issued': { responseObject: { kind: 'TokenRequest', status: { token: secret } } },
  'a token that was reviewed': { requestObject: { kind: 'TokenReview', spec: { token: secret } } },
  'an environment variable': { requestObject: { env: [{ name: 'DB_PASSWORD', value: secret }] } },
  'the annotation of kubectl apply': {
    requestObject: {
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': secret } },
    },
  },
  'the patch of a webhook': { annotations: { 'patch.webhook.admission.k8s.io/round_0_index_0': secret } },
  'a bearer token': { responseStatus: { message: `bad header Bearer ${secret}` } },
  'the command of an exec': {
    requestURI: `/api/v1/namespaces/a/pods/b/exec?command=login&command=${secret}&stdin=true`,
  },
  'credentials of a query': { requestURI: `/x?access_token=${secret}&watch=1` },
  'credentials of a URL': { requestObject: { url: `https://user:${secret}@host/` } },
};

describe('masking', () => {
  for (const [name, event] of Object.entries(events))
    it(`masks ${name}`, () => {
      assert.ok(JSON.stringify(event).includes(secret));
      assert.ok(!JSON.stringify(redacted(event)).includes(secret));
    });

  it('masks a Logs token in the URL of a receiver', () => {
    const shown = JSON.stringify(redacted({ requestObject: { webhook: { url } } }));
    assert.ok(shown.includes('logsene-k8s-audit-receiver.sematext.com/***'));
  });

  it('keeps the keys of a Secret, and everything that is none', () => {
    const event = {
      auditID: '952bafcb-6c56-4787-8a2d-48c1ec4aa504',
      requestURI: '/api/v1/secrets?limit=500&stdin=true',
      objectRef: { resource: 'secrets', name: 'a' },
      responseObject: { kind: 'ConfigMap', data: { a: base64 }, automountServiceAccountToken: true },
    };
    const open = { ...event, objectRef: { resource: 'configmaps' } };
    assert.deepEqual(redacted(open), open);
    const hidden = { ...event, responseObject: { ...event.responseObject, data: { a: '***' } } };
    assert.deepEqual(redacted(event), hidden);
  });
});
