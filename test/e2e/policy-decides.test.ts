// Real API servers, old and new, record of many real requests exactly what is predicted of them: the level and the
// stages, from the request as it is sent and from the events as they were recorded; and nothing else.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as open } from 'node:https';
import { join } from 'node:path';
import { eventsIn } from '../../src/audit/event/shapes.ts';
import type { Event } from '../../src/audit/event/event.ts';
import { evaluate } from '../../src/audit/policy/evaluate.ts';
import type { Attributes, Policy } from '../../src/audit/policy/policy.ts';
import { checkPolicy } from '../../src/audit/policy/check.ts';
import { readPolicy } from '../../src/audit/policy/read.ts';
import { askedBy, attributesOf } from '../../src/audit/policy/request.ts';
import { isTimeoutRefused, recordedStages } from '../../src/audit/policy/stages.ts';
import { version } from '../support/facts.ts';
import { startApiServer, type ApiServer, type ApiServerVersion } from './support/api-server.ts';
import { startEtcd, type Etcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { exchange } from './support/http.ts';
import {
  policiesFor,
  policyRequests,
  preparation,
  users,
  type PolicyRequest,
} from './support/policy-requests.ts';
import { folder } from './support/running.ts';

const servers: readonly ApiServerVersion[] = ['1.37.2', '1.18.19'];

/** Who a user is to the API server; nobody where it knows none. */
function userOf(by: string): Attributes['user'] {
  if (by === 'stranger') return undefined;
  if (by === 'nobody') return { name: 'system:anonymous', groups: ['system:unauthenticated'] };
  const groups = by === 'admin' ? ['system:masters'] : (users[by] ?? []);
  return { name: by, groups: [...groups, 'system:authenticated'] };
}

/** `level stage` of each event that is predicted of a request. */
function predicted(policy: Policy, attributes: Attributes, server: ApiServerVersion): readonly string[] {
  const verdict = evaluate(policy, attributes, version(`v${server}`));
  return recordedStages(attributes, verdict).map((stage) => `${verdict.level} ${stage}`);
}

function fromRequest({ by, method, uri }: PolicyRequest, server: ApiServerVersion): Attributes {
  const asked = askedBy(method, uri);
  assert.ok(asked, uri);
  const user = userOf(by);
  const known = user !== undefined && !isTimeoutRefused(asked, uri, version(`v${server}`));
  return { ...asked, ...(known && { user }) };
}

/** Sends a request with its Audit-ID, and returns the status of its answer. */
async function send(api: ApiServer, request: PolicyRequest, id: string): Promise<number> {
  const { by, method, uri, body, cut = false } = request;
  const token = by === 'stranger' ? 'wrong' : api.tokenOf(by);
  const login = by === 'nobody' ? undefined : { authorization: `Bearer ${token}` };
  const headers = { ...login, ...request.headers, 'audit-id': id };
  if (!cut)
    return (await exchange(`${api.url}${uri}`, { method, body, headers, ca: api.ca, timeoutMs: 60_000 }))
      .status;
  return new Promise((resolve, reject) => {
    const opened = open(`${api.url}${uri}`, { method, headers, ca: api.ca, agent: false }, (response) => {
      resolve(response.statusCode ?? 0);
      response.on('error', () => undefined); // it is cut off here
      response.destroy();
    });
    opened.once('error', reject);
    opened.end();
  });
}

interface Sent {
  readonly request: PolicyRequest;
  readonly id: string;
  readonly status: number;
}

type Events = ReadonlyMap<string, readonly Event[]>;

/** The events of a log by their Audit-ID. */
async function eventsBy(path: string): Promise<Events> {
  const found = new Map<string, Event[]>();
  for (const line of (await readFile(path, 'utf8')).split('\n').slice(0, -1))
    for (const event of eventsIn(JSON.parse(line), line) ?? [])
      found.set(event.auditId, [...(found.get(event.auditId) ?? []), event]);
  return found;
}

/** Waits until a log holds so many events of each request. */
function awaitEvents(path: string, wanted: readonly (readonly [id: string, count: number])[]): Promise<true> {
  return eventually<true>({
    what: 'the events of all requests',
    timeoutMs: 60_000,
    ask: async () => {
      const events = await eventsBy(path);
      const short = wanted.find(([id, count]) => (events.get(id)?.length ?? 0) < count);
      if (short === undefined) return true;
      throw new Error(`${short[0]}: ${events.get(short[0])?.length ?? 0} of ${short[1]}`);
    },
  });
}

for (const server of servers)
  for (const [name, text] of Object.entries(policiesFor(server)))
    describe(`kube-apiserver ${server} records what is predicted: ${name}`, function () {
      this.timeout(300_000);
      const policy = readPolicy(text, version(`v${server}`)).policy as Policy;
      let etcd: Etcd | undefined;
      let api: ApiServer | undefined;
      let home: Awaited<ReturnType<typeof folder>> | undefined;
      const sent: Sent[] = [];
      let events: Events = new Map();

      before(async () => {
        assert.deepEqual(checkPolicy(text, version(`v${server}`)), []);
        etcd = await startEtcd();
        home = await folder('decides');
        const logPath = join(home.path, 'audit.log');
        api = await startApiServer({ version: server, etcd, policy: text, logPath, users });
        for (const [path, body] of preparation) {
          const made = await api.request(path, { method: 'POST', body });
          assert.ok(made.status < 300, `${path}: ${made.status} ${made.body}`);
        }
        for (const request of policyRequests) {
          const id = randomUUID();
          sent.push({ request, id, status: await send(api, request, id) });
        }
        const wanted = sent.map(
          ({ request, id }) => [id, predicted(policy, fromRequest(request, server), server).length] as const,
        );
        // with the API server gone, what is not there by then does not come
        await awaitEvents(logPath, wanted).finally(() => api?.stop());
        events = await eventsBy(logPath);
      });
      after(async () => {
        await api?.stop();
        await etcd?.stop();
        await home?.remove();
      });

      policyRequests.forEach((request, i) =>
        it(`${request.by} ${request.method} ${request.uri}`, () => {
          const { id, status } = sent[i] ?? assert.fail('it was not sent');
          const allowed = request.status?.includes(status) ?? status < 400;
          assert.ok(allowed, `answered ${status}`);
          const had = events.get(id) ?? [];
          const expected = predicted(policy, fromRequest(request, server), server);
          assert.deepEqual(had.map(({ level, stage }) => `${level} ${stage}`).sort(), [...expected].sort());
          for (const event of had)
            assert.deepEqual(predicted(policy, attributesOf(event), server), expected, event.json);
        }),
      );

      it('decides by every rule, and records by every level and stage', () => {
        const verdicts = policyRequests.map((request) => {
          const attributes = fromRequest(request, server);
          const verdict = evaluate(policy, attributes, version(`v${server}`));
          return { ...verdict, stages: recordedStages(attributes, verdict) };
        });
        const decided = new Set(verdicts.map(({ rule }) => rule));
        const all = name === 'many rules' ? [-1, ...policy.rules.keys()] : [...policy.rules.keys()];
        assert.deepEqual(
          all.filter((rule) => !decided.has(rule)),
          [],
        );
        assert.equal(new Set(verdicts.map(({ level }) => level)).size, 4);
        const stages = new Set(verdicts.flatMap((verdict) => verdict.stages));
        const never = policy.omitStages === undefined ? 0 : 1; // RequestReceived
        assert.deepEqual(
          [...stages].sort(),
          ['RequestReceived', 'ResponseComplete', 'ResponseStarted'].slice(never),
        );
      });

      if (server === '1.37.2')
        it('leaves managed fields out where it is said to', () => {
          const bodies = { kept: 0, left: 0 };
          for (const { request, id } of sent) {
            const { level, omitManagedFields } = evaluate(
              policy,
              fromRequest(request, server),
              version(`v${server}`),
            );
            if (level !== 'RequestResponse') continue;
            const has = (events.get(id) ?? []).some(({ json }) => json.includes('"managedFields"'));
            if (omitManagedFields) assert.ok(!has, request.uri);
            bodies[has ? 'kept' : 'left'] += omitManagedFields === has ? 0 : 1;
          }
          assert.ok(bodies.kept > 0 && bodies.left > 0, JSON.stringify(bodies));
        });
    });
