// How each class of failure ends: the exit number, the document for scripts, and words for people; and what a
// hostile cluster can make the program print.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { names } from '../../src/audit/names.ts';
import { recordObject } from '../../src/audit/plan/record.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import { codes } from '../../src/errors.ts';
import type { Code } from '../../src/errors.ts';
import { write } from '../../src/io/api.ts';
import { openWorld } from '../../src/io/world.ts';
import { recordOf } from '../support/facts.ts';
import { secrets, temporary } from '../support/secrets.ts';
import { valid } from './documents.ts';
import { openPlace } from './run.ts';
import type { Place } from './run.ts';

const sinksPath = '/apis/auditregistration.k8s.io/v1alpha1/auditsinks';
let place: Place;

const heal = (): void => {
  place.api.faults.heal();
  place.sematext.faults.receiver.heal();
  place.sematext.faults.search.heal();
  for (const object of place.api.objects.all())
    if (object.kind === 'AuditSink' || object.metadata.name === names.object) place.api.objects.drop(object);
};
const sink = (metadata: object = {}): KubeObject => ({
  apiVersion: 'auditregistration.k8s.io/v1alpha1',
  kind: 'AuditSink',
  metadata: { name: names.object, ...metadata },
  spec: {
    policy: { level: 'Metadata', stages: ['ResponseComplete'] },
    webhook: { clientConfig: { url: `${place.sematext.receiverUrl}/${secrets.token}/` } },
  },
});
const put = (object: object): void => void place.api.objects.put(object as KubeObject);

type Case = readonly [
  code: Code,
  what: string,
  line: string,
  given?: (() => void) | undefined,
  env?: Record<string, string | undefined>,
];
const cases: readonly Case[] = [
  ['usage', 'a flag that there is not', 'status --colour'],
  ['usage', 'a stage that is none', 'enable --dynamic --stages Never'],
  ['usage', 'a region that is none', 'status --region asia'],
  ['usage', 'a region that is none in the environment', 'status', undefined, { SEMATEXT_REGION: 'asia' }],
  ['kubeconfig-invalid', 'a context that there is not', 'status --context elsewhere'],
  ['token-missing', 'no token and nobody to ask', 'enable --dynamic', undefined, { LOGS_TOKEN: undefined }],
  ['token-malformed', 'a token that is none', 'enable --dynamic', undefined, { LOGS_TOKEN: 'abc' }],
  ['confirmation-needed', 'a sink without a record and nobody to ask', 'disable', () => put(sink())],
  ['cluster-unauthorized', 'a cluster that does not know us', 'status', () => place.api.faults.status(401)],
  ['cluster-forbidden', 'a record that may not be read', 'disable', () => place.api.faults.status(403)],
  ['cluster-unreachable', 'a cluster that hangs up', 'disable', () => place.api.faults.down()],
  ['cluster-answer', 'a cluster that is a web page', 'status', () => place.api.faults.garbage('html')],
  [
    'cluster-answer',
    'a record that is none',
    'disable',
    () => put({ ...recordObject(recordOf()), data: {} }),
  ],
  [
    'token-refused',
    'a receiver that refuses',
    'test-event --direct',
    () => place.sematext.faults.receiver.status(403),
  ],
  [
    'receiver-unreachable',
    'a receiver that hangs up',
    'test-event --direct',
    () => place.sematext.faults.receiver.down(),
  ],
  [
    'search-refused',
    'a search that refuses',
    'test-event --direct',
    () => place.sematext.faults.search.status(401),
  ],
  [
    'search-unreachable',
    'a search that is broken',
    'test-event --direct --timeout 1s',
    () => place.sematext.faults.search.status(500),
  ],
  [
    'another-run',
    'a sink that somebody else made meanwhile',
    'enable --dynamic --no-wait',
    () => {
      const race = ({ method, path }: { method: string; path: string }): boolean =>
        method === 'POST' && path === sinksPath;
      place.api.faults.down({ when: (request) => (race(request) && put(sink()), false) });
    },
  ],
];

describe('a command that cannot do it', function () {
  this.timeout(30_000);
  before(async () => {
    place = await openPlace();
  });
  after(() => place.stop());
  beforeEach(heal);

  for (const [code, what, line, given, env] of cases)
    it(`${what}: ${code}, exit ${codes[code]}`, async () => {
      given?.();
      const ran = await place.run(`${line} -o json`, env);
      const error = valid(ran, 'error.v1')['error'] as { code: string; exit: number; message: string };
      const expected = code === 'another-run' ? ['another-run', 'rolled-back'] : [code];
      assert.ok(expected.includes(error.code), `${error.code}: ${error.message}`);
      assert.deepEqual([ran.exit, error.exit], [codes[code], codes[code]]);
      assert.ok(ran.stderr.includes(`Error: ${error.message}\n`));
    });

  it('is interrupted while it waits: exit 130, and the word for it', async () => {
    let end = (): void => undefined;
    place.sematext.faults.search.down({ when: () => (end(), false) });
    const ran = await place.run('test-event --direct -o json', {}, (_all, stop) => (end = stop));
    assert.equal(ran.exit, 130, ran.stderr);
    const error = valid(ran, 'error.v1')['error'] as { code: string };
    assert.equal(error.code, 'interrupted');
  });
});

describe('what enable prints for a repository', function () {
  this.timeout(30_000);
  before(async () => {
    place = await openPlace();
  });
  after(() => place.stop());

  it('is a manifest that the API server takes, once the token stands in its slot', async () => {
    const line =
      'enable --dynamic --dry-run --level Request --stages RequestReceived,Panic --qps 7 --burst 8 -o yaml';
    const { exit, stdout } = await place.run(line);
    assert.equal(exit, 0);
    assert.equal(stdout.split('${LOGS_TOKEN}').length, 2, 'one slot');
    const kubeconfig = join(temporary().path, 'kubeconfig');
    writeFileSync(kubeconfig, place.api.kubeconfig(), { mode: 0o600 });
    const { signal } = new AbortController();
    const { stdin, stderr } = process;
    const world = openWorld({ connection: { kubeconfig }, signal, stdin, stderr, noInput: true, env: {} });
    const body = parse(stdout.replace('${LOGS_TOKEN}', secrets.otherToken)) as object;
    await write(await world.cluster(), { method: 'POST', path: sinksPath, body });
    const made = place.api.objects.all().find(({ kind }) => kind === 'AuditSink');
    assert.deepEqual(made?.['spec'], {
      policy: { level: 'Request', stages: ['RequestReceived', 'Panic'] },
      webhook: {
        throttle: { qps: 7, burst: 8 },
        clientConfig: { url: `${place.sematext.receiverUrl}/${secrets.otherToken}/` },
      },
    });
  });
});

describe('a cluster that wants to steer the terminal', function () {
  this.timeout(30_000);
  const steering = '/a\u001b]0;owned\u0007\u001b[2J\u202eb';
  before(async () => {
    const flags = { 'audit-log-path': steering, 'audit-policy-file': '/p' };
    place = await openPlace({ version: '1.37.2', flags });
  });
  after(() => place.stop());

  it('does not: what it says is shown with question marks', async () => {
    const { stdout } = await place.run('status -o wide');
    assert.match(stdout, /log-backend \(\/a\?\]0;owned\?\?\[2J\?b\)/);
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('and a script gets what was there', async () => {
    const document = valid(await place.run('status -o json'), 'status.v1');
    assert.deepEqual(document['apiServers'], [
      { name: 'api', flagsFrom: 'flagz', backends: [`log-backend (${steering})`] },
    ]);
  });
});
