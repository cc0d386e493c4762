// What `policy simulate` predicts from the log of a real API server with a wide policy, and what the same API server
// records of the same requests with the narrower policy: as many events of each rule and level, and their bytes.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Simulated } from '../../src/audit/policy/simulate/report.ts';
import { startApiServer, type ApiServer, type ApiServerVersion, type ApiUser } from './support/api-server.ts';
import { startCli } from './support/cli.ts';
import { startEtcd, type Etcd } from './support/etcd.ts';
import { folder } from './support/running.ts';

const header = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';
/** Everything that can be recorded. */
const wide = `${header}rules: [{level: RequestResponse}]\n`;
/** The first two rules keep out what comes of itself, and how often is chance: the API server's own, and who waits for it. */
const own = `${header}rules:
  - level: None
    users: [system:apiserver, system:anonymous]
  - level: None
    nonResourceURLs: ["/readyz*", "/livez*"]
`;
const narrow = (managed: string): string => `${own}  - level: Metadata
    resources: [{group: "", resources: [secrets]}]
  - level: RequestResponse
    verbs: [create, patch]
    namespaces: [shop]
    resources: [{group: "", resources: [configmaps]}]
${managed}  - level: None
    users: [admin]
    verbs: [list]
  - level: Request
    verbs: [update, delete]
    omitStages: [RequestReceived]
  - level: Metadata
    nonResourceURLs: ["/version"]
  - level: None
    nonResourceURLs: ["*"]
  - level: Metadata
    omitStages: [ResponseStarted]
`;
/** So many rules come first that say nothing of our requests. */
const notOurs = 2;
/** By which part bytes may differ: numbers in the answers, such as resourceVersion, have other lengths. */
const tolerance = 0.05;

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly body?: object;
  readonly type?: string;
  readonly user?: ApiUser;
}

const objects = '/api/v1/namespaces/shop';
const map = (name: string, data: object): object => ({ metadata: { name }, data });
const grow = { path: `${objects}/configmaps/grows`, type: 'application/merge-patch+json', method: 'PATCH' };
/** What is asked, the same on each API server; what is made is unmade. */
const requests: readonly Asked[] = [
  { path: '/version' },
  { path: '/apis' },
  { path: '/version', user: 'limited' },
  { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'shop' } } },
  { method: 'POST', path: `${objects}/configmaps`, body: map('grows', { a: 'äöü €', b: '<&>' }) },
  { ...grow, body: { data: { c: 'x'.repeat(3000) } } },
  { ...grow, body: { data: { d: '😀 "quoted" \\' } } },
  { method: 'PUT', path: `${objects}/configmaps/grows`, body: map('grows', { e: 'y'.repeat(500) }) },
  { method: 'POST', path: `${objects}/secrets`, body: map('key', { token: 'c2VjcmV0' }) },
  { path: `${objects}/secrets/key` },
  { path: `${objects}/secrets`, user: 'limited' },
  { path: `${objects}/configmaps` },
  { path: `${objects}/configmaps`, user: 'limited' },
  { path: `${objects}/configmaps/missing` },
  { path: `${objects}/configmaps?watch=true&timeoutSeconds=1` },
  { method: 'POST', path: `${objects}/configmaps`, body: map('grows', {}), user: 'limited' },
  { method: 'DELETE', path: `${objects}/secrets/key` },
  { method: 'DELETE', path: `${objects}/configmaps/grows`, body: { propagationPolicy: 'Background' } },
];

async function ask(api: ApiServer): Promise<void> {
  for (const { method = 'GET', path, body, type = 'application/json', user = 'admin' } of requests) {
    const headers = { 'audit-id': randomUUID(), 'content-type': type };
    const sending = { method, headers, user, ...(body !== undefined && { body: JSON.stringify(body) }) };
    await api.request(path, sending);
  }
}

async function simulated(policy: string, log: string, version: string): Promise<Simulated> {
  const argv = ['policy', 'simulate', policy, '--log', log, '--kubernetes-version', version, '-o', 'json'];
  const { code, stdout, stderr } = await (await startCli(argv)).ended;
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Simulated;
}

for (const [version, managed] of [
  ['1.37.2', '    omitManagedFields: true\n'],
  ['1.18.19', ''],
] as const satisfies readonly (readonly [ApiServerVersion, string])[])
  describe(`policy simulate and kube-apiserver ${version}`, function () {
    this.timeout(180_000);
    let etcds: Etcd[] = [];
    let home: { readonly path: string; readonly remove: () => Promise<void> };
    let predicted: Simulated;
    let happened: Simulated;
    let log: string;

    /** Runs the requests on an API server that is new, and gives its log. */
    async function recorded(name: string, policy: string): Promise<string> {
      const logPath = join(home.path, `${name}.log`);
      const etcd = await startEtcd();
      etcds.push(etcd);
      const api = await startApiServer({ version, etcd, policy, logPath });
      try {
        await ask(api);
      } finally {
        await api.stop();
      }
      return logPath;
    }

    before(async () => {
      home = await folder('simulate');
      const policy = join(home.path, 'narrow.yaml');
      await writeFile(policy, narrow(managed));
      predicted = await simulated(policy, await recorded('wide', wide), version);
      const narrowLog = await recorded('narrow', narrow(managed));
      happened = await simulated(policy, narrowLog, version);
      log = await readFile(narrowLog, 'utf8');
    });
    after(async () => {
      await Promise.all(etcds.map((etcd) => etcd.stop()));
      etcds = [];
      await home.remove();
    });

    const ours = ({ rules }: Simulated): Simulated['rules'] => rules.slice(notOurs);
    const each = (of: (rule: Simulated['rules'][number]) => unknown, from: Simulated): readonly unknown[] =>
      ours(from).map(of);

    it('the narrow log is recorded again by the policy that recorded it, byte by byte', () => {
      assert.deepEqual(happened.recorded, happened.log);
      assert.equal(happened.log.bytes, Buffer.byteLength(log));
    });

    it('as many events and requests of each rule, as was predicted', () => {
      assert.ok(ours(predicted).reduce((sum, { events }) => sum + events, 0) > requests.length);
      const counts = ({
        rule,
        level,
        events,
        requests: ended,
      }: Simulated['rules'][number]): readonly unknown[] => [...[rule, level, events, ended]];
      assert.deepEqual(each(counts, predicted), each(counts, happened));
    });

    it('as many events of each level', () => {
      const levels = (log.match(/"level":"\w+"/g) ?? []).sort();
      const expected = ours(predicted).flatMap(({ level, events }) =>
        Array.from({ length: events }, () => `"level":"${level}"`),
      );
      assert.deepEqual(expected.sort(), levels);
    });

    it(`bytes of each rule, but for ${tolerance * 100} %`, () => {
      for (const [index, { bytes, unsized, rule }] of ours(predicted).entries()) {
        const real = ours(happened)[index]?.bytes ?? NaN;
        assert.equal(unsized, 0, 'the wide log has all bodies');
        assert.ok(
          Math.abs(bytes - real) <= tolerance * real,
          `rule ${rule}: ${bytes} predicted, ${real} written`,
        );
      }
    });

    it('back from the narrow log only a lower bound is said, and that it is one', async () => {
      const policy = join(home.path, 'wide.yaml');
      await writeFile(policy, wide);
      const [back, whole] = await Promise.all([
        simulated(policy, join(home.path, 'narrow.log'), version),
        simulated(policy, join(home.path, 'wide.log'), version),
      ]);
      assert.ok(back.recorded.unsized > 0 && back.recorded.bytes < whole.recorded.bytes);
      const ids = back.unknowns.map(({ id }) => id);
      for (const id of ['not-recorded', 'stages-not-recorded', 'bodies-not-recorded'] as const)
        assert.ok(ids.includes(id), id);
    });
  });
