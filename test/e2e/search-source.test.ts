// The search as a source of events, on a real OpenSearch: the filters on each mapping of strings, the whole way through
// Logagent, events that come late and twice, and what following costs.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../../src/audit/event/event.ts';
import { eventsIn } from '../../src/audit/event/shapes.ts';
import { fields, matcher } from '../../src/audit/event/match.ts';
import type { Selection } from '../../src/audit/event/match.ts';
import type { Simulated } from '../../src/audit/policy/simulate/report.ts';
import { sinkOf } from '../../src/audit/sink/sematext.ts';
import { searchSource } from '../../src/flows/sources/search.ts';
import type { SearchOptions } from '../../src/flows/sources/search.ts';
import { openWorld } from '../../src/io/world.ts';
import type { World } from '../../src/io/world.ts';
import { randomEvent, randomSelection, selectionOf } from '../audit/sink/selections.ts';
import { draws } from '../support/draws.ts';
import { secrets, witness } from '../support/secrets.ts';
import { cli, documentOf, shown } from './support/cli.ts';
import { eventually } from './support/eventually.ts';
import { exchange } from './support/http.ts';
import { startOpenSearch, type OpenSearch } from './support/opensearch.ts';
import { folder } from './support/running.ts';
import { startSematext, type Sematext } from './support/sematext.ts';

type Fields = Readonly<Record<string, unknown>>;

const recorded = readFileSync(new URL('../golden/tail/audit.log', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Fields);

/** A run of the source, and what it costs. */
class Run {
  requests = 0;
  sent = 0;
  received = 0;
  readonly events: Event[] = [];
  readonly notes: string[] = [];
  position: unknown;
  private readonly search: string;
  private readonly cancel = new AbortController();

  constructor(search: string) {
    this.search = search;
  }

  async read(options: Partial<SearchOptions> = {}): Promise<readonly Event[]> {
    const sink = sinkOf('us', 'http://127.0.0.1:9', this.search);
    const access = { sink, token: secrets.token, apiKey: secrets.apiKey };
    const all = { selection: selectionOf({}), follow: false, ...options };
    for await (const { events, notes = [], position } of searchSource(this.world(), access, all).batches()) {
      this.events.push(...events);
      this.notes.push(...notes);
      this.position = position ?? this.position;
      witness(`${JSON.stringify(position)} ${notes.join(' ')} ${events.map(({ json }) => json).join(' ')}`);
    }
    return this.events;
  }

  /** Follows in the background until `stop`. */
  follow(options: Partial<SearchOptions>): { stop: () => Promise<void> } {
    const end = this.read({ ...options, follow: true }).then(
      () => assert.fail('following came to an end'),
      (error: unknown) => error,
    );
    return {
      stop: async () => {
        this.cancel.abort();
        assert.equal(((await end) as { code?: unknown }).code, 'interrupted');
      },
    };
  }

  private world(): World {
    const [stdin, stderr] = [new PassThrough(), new PassThrough()];
    const { signal } = this.cancel;
    const world = openWorld({ connection: {}, signal, stdin, stderr, noInput: true, env: {} });
    return {
      ...world,
      http: async (request) => {
        const answer = await world.http(request);
        this.requests++;
        this.sent += request.body?.length ?? 0;
        this.received += answer.text.length;
        return answer;
      },
    };
  }
}

const keyOf = ({ auditId, stage, at }: Event): string => `${auditId} ${stage} ${at}`;
/** Without those that are there twice, as one of the recorded ones is. */
const keys = (events: readonly Event[]): string[] => [...new Set(events.map(keyOf))].sort();

/** Every filter with texts that stand in recorded events, whole and as a beginning, wanted and not. */
function selectionsOf(events: readonly Event[]): Selection[] {
  const texts = events.flatMap(
    ({ user, verb, namespace, resource, name, agent, level, stage, sourceIps }) => [
      ...[user, verb, namespace, resource, name, agent, level, stage, ...sourceIps],
    ],
  );
  const values = [...new Set(texts)].filter((text) => text !== '');
  const patterns = values.flatMap((text) => [text, `${text.slice(0, 5)}*`]);
  const filters = fields.flatMap((field) =>
    patterns.flatMap((pattern) => [false, true].map((not) => ({ field, patterns: [pattern], not }))),
  );
  const draw = draws(7);
  return filters.filter(() => draw.below(15) === 0).map((filter) => selectionOf({ filters: [filter] }));
}

const micros = (ms: number): string => new Date(ms).toISOString().replace('Z', '123Z');
const event = (auditID: string, ms: number): Fields => ({
  ...{ auditID, stage: 'ResponseComplete', level: 'Metadata', verb: 'get' },
  ...{ requestReceivedTimestamp: micros(ms), stageTimestamp: micros(ms), responseStatus: { code: 200 } },
});

const strings = (mapping: object): object => ({
  mappings: { dynamic_templates: [{ strings: { match_mapping_type: 'string', mapping } }] },
});
const mappings: Readonly<Record<string, object>> = {
  'as OpenSearch does of itself': {},
  'with a copy as at Sematext': strings({
    type: 'text',
    fields: { raw: { type: 'keyword', ignore_above: 100 } },
  }),
  'as they are': strings({ type: 'keyword', ignore_above: 256 }),
};

describe('the search as a source', function () {
  this.timeout(180_000);
  let engine: OpenSearch;
  before(async () => {
    engine = await startOpenSearch();
  });
  after(() => engine?.stop());
  const index = (): string => `${engine.url}/${secrets.token}`;
  afterEach(() => exchange(index(), { method: 'DELETE' }));
  const store = async (documents: readonly Fields[]): Promise<void> => {
    const lines = documents.flatMap((one) => [{ index: {} }, one]).map((one) => `${JSON.stringify(one)}\n`);
    const headers = { 'content-type': 'application/x-ndjson' };
    const sending = { method: 'POST', body: lines.join(''), headers };
    const stored = await exchange(`${index()}/_bulk?refresh=true`, sending);
    assert.match(stored.body, /"errors":false/);
  };

  for (const [name, mapping] of Object.entries(mappings))
    it(`finds all that the matcher wants, with strings mapped ${name}`, async () => {
      const draw = draws(1);
      const documents = [...recorded, ...Array.from({ length: 300 }, (_, i) => randomEvent(draw, i))];
      const made = await exchange(index(), { method: 'PUT', body: mapping });
      assert.equal(made.status, 200, made.body);
      await store(documents);

      const all = documents.flatMap((one) => eventsIn(one) ?? []);
      const read = await new Run(engine.url).read();
      assert.deepEqual(read.map(keyOf).sort(), keys(all));
      assert.deepEqual(
        read.map(({ at }) => at),
        read.map(({ at }) => at).sort(),
      );
      const selections = [
        ...selectionsOf(all.slice(0, recorded.length)),
        ...Array.from({ length: 100 }, () => randomSelection(draw)),
        ...['failed', 'writes', 'byPeople'].map((short) => selectionOf({ [short]: true })),
      ];
      let [wanted, found] = [0, 0];
      for (const selection of selections) {
        const { stage, request } = matcher(selection);
        const wants = (one: Event): boolean => stage(one) && request(one);
        const run = new Run(engine.url);
        const events = await run.read({ selection });
        assert.deepEqual(run.notes, [], JSON.stringify(selection.filters));
        assert.deepEqual(
          events.filter(wants).map(keyOf).sort(),
          keys(all.filter(wants)),
          JSON.stringify(selection.filters),
        );
        wanted += all.filter(wants).length;
        found += events.length;
      }
      assert.ok(selections.length > 150 && wanted > 1000, `${wanted} of ${selections.length} selections`);
      const most = name === 'as they are' ? 0.8 : 0.6;
      assert.ok(
        found < wanted + (selections.length * all.length - wanted) * most,
        `${found}, ${wanted} wanted`,
      );
    });

  it('costs one small request a poll while nothing comes, whatever came before', async () => {
    const count = 3000;
    const began = Date.now();
    await store(Array.from({ length: count }, (_, i) => event(`e-${i}`, began - i * 90)));
    const run = new Run(engine.url);
    const following = run.follow({ everyMs: 500 });
    await eventually({
      what: 'all events shown',
      timeoutMs: 30_000,
      ask: async () => (run.events.length === count ? true : undefined),
    });
    await sleep(1000);
    const [requests, received, sent] = [run.requests, run.received, run.sent];
    await sleep(5000);
    await following.stop();
    const polls = run.requests - requests;
    assert.ok(polls >= 5 && polls <= 11, `${polls} requests in 5 s`);
    assert.ok(
      (run.received - received) / polls < 1500,
      `${(run.received - received) / polls} bytes an answer`,
    );
    assert.ok((run.sent - sent) / polls < 5000, `${(run.sent - sent) / polls} bytes a request`);
    assert.equal(run.events.length, count);
  });
});

describe('following the search behind Logagent', function () {
  this.timeout(180_000);
  let sematext: Sematext;
  before(async () => {
    sematext = await startSematext({ apiKey: secrets.apiKey });
  });
  after(() => sematext?.stop());
  afterEach(() => sematext.forget(secrets.token));
  const post = async (...items: Fields[]): Promise<void> => {
    const url = `${sematext.receiverUrl}/${secrets.token}/`;
    const { status } = await exchange(url, { method: 'POST', body: { kind: 'EventList', items } });
    assert.equal(status, 200);
  };
  const arrived = (count: number): Promise<unknown> =>
    eventually({
      what: `${count} documents in the search`,
      timeoutMs: 60_000,
      ask: async () => ((await sematext.eventsOf(secrets.token)).length === count ? true : undefined),
    });

  it('gives recorded events as they were, in their order', async () => {
    await post(...recorded);
    await arrived(recorded.length);
    const events = await new Run(sematext.searchUrl).read();
    assert.deepEqual(events.map(keyOf).sort(), keys(recorded.flatMap((one) => eventsIn(one) ?? [])));
    const sample = JSON.parse(events[0]?.json ?? '') as Fields;
    assert.deepEqual([sample['severity'], sample['_index']], [sample['level'], undefined]);
  });

  it('shows late events, none twice, and goes on after a stop', async () => {
    const began = Date.now();
    const since = new Date(began - 600_000).toISOString();
    await post(event('first', began - 60_000));
    await arrived(1);
    const run = new Run(sematext.searchUrl);
    const options = { selection: selectionOf({ since }), everyMs: 300 };
    const following = run.follow(options);
    const shown = (count: number): Promise<unknown> =>
      eventually({
        what: `${count} events shown`,
        timeoutMs: 30_000,
        ask: async () => (run.events.length >= count ? true : undefined),
      });
    await shown(1);
    await post(event('late', began - 200_000), event('first', began - 60_000), event('new', Date.now()));
    await shown(3);
    await sleep(1500);
    await following.stop();
    assert.deepEqual(run.events.map(({ auditId }) => auditId).sort(), ['first', 'late', 'new']);
    assert.deepEqual(run.notes, []);
    await post(event('late', began - 200_000), event('missed', began - 190_000));
    await arrived(6);
    const { position } = run;
    const again = await new Run(sematext.searchUrl).read({ ...options, position });
    assert.deepEqual(
      again.map(({ auditId }) => auditId),
      ['missed'],
    );
  });

  it('tries a policy on what is stored as on the log itself', async () => {
    await post(...recorded);
    await arrived(recorded.length);
    const home = await folder('simulate');
    try {
      const once = join(home.path, 'audit.log'); // the search gives none twice
      const lines = [...new Set(recorded.map((one) => JSON.stringify(one)))];
      writeFileSync(once, lines.map((line) => `${line}\n`).join(''));
      const { receiverUrl, searchUrl } = sematext;
      const urls = ['--receiver-url', receiverUrl, '--search-url', searchUrl];
      const decided = async (...log: readonly string[]): Promise<readonly number[]> => {
        const end = await cli(['policy', 'simulate', 'recommended', ...log, '-o', 'json'], {});
        const { rules } = documentOf<Simulated>(end);
        assert.ok(rules, shown(end));
        return rules.map((rule) => rule.decided);
      };
      const since = ['--since', '2026-11-01T00:00:00Z'];
      const searched = await decided('--log', 'sematext', ...since, ...urls);
      assert.deepEqual(searched, await decided('--log', once));
      assert.equal(
        searched.reduce((sum, one) => sum + one, 0),
        lines.length,
      );
    } finally {
      await home.remove();
    }
  });
});
