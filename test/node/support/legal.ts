// What may be found on a node: at any moment, and when a transaction is over.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { states } from '../../../src/node/look.ts';
import {
  newManifest,
  oldManifest,
  guardFile,
  hash,
  manifestPath,
  manifests,
  run,
  type ImitatedNode,
} from './imitated-node.ts';
import { policy } from './road.ts';

const state = '/var/lib/sematext-audit';
const config = '/etc/kubernetes/sematext-audit';
const policyPath = `${config}/${hash}/policy.yaml`;

/** At any moment, whoever was killed: what the kubelet reads is whole, and what was begun can be ended. */
export function assertLegal(node: ImitatedNode): void {
  const manifest = node.read(manifestPath);
  assert.ok(manifest === oldManifest || manifest === newManifest, `the manifest is neither: ${manifest}`);
  if (manifest === newManifest)
    assert.equal(node.read(policyPath), policy, 'the new manifest has its configuration');
  const guard = node.read(guardFile);
  assert.ok(guard === undefined || guard === run, `half a guard: ${guard}`);
  const seen = node.list(manifests).filter((name) => !name.startsWith('.'));
  assert.deepEqual(
    seen.filter((name) => name !== 'sematext-audit-guard.yaml'),
    ['kube-apiserver.yaml'],
  );
  if (node.read(policyPath) !== undefined) assert.equal(node.read(policyPath), policy);
  if (!node.list(state).includes('tx')) return;
  const tx = (name: string): string | undefined => node.read(`${state}/tx/${name}`);
  assert.deepEqual([tx('old.yaml'), tx('new.yaml')], [oldManifest, newManifest]);
  assert.ok(states.includes(tx('phase')?.trim() as never), `phase ${tx('phase')}`);
  assert.match(tx('decision') ?? 'restored\n', /^(confirmed|restored)\n$/);
}

/** When it is over: nothing stays but what the manifest in force needs, and the account of what was done. */
export function assertOver(node: ImitatedNode, manifest: 'old' | 'new'): void {
  assert.equal(node.read(manifestPath), manifest === 'old' ? oldManifest : newManifest);
  assert.deepEqual(node.list(manifests), ['kube-apiserver.yaml']);
  assert.deepEqual(node.list(config), manifest === 'old' ? [] : [hash]);
  assert.deepEqual(node.list(`${config}/${hash}`), manifest === 'old' ? [] : ['policy.yaml']);
  const kept = manifest === 'old' ? ['last'] : ['applied', 'last', 'original.yaml'];
  // the sign of life of the last guard; and what a confirm that was killed and repeated holds for the way back
  const may = ['alive', ...(manifest === 'new' ? ['previous.yaml'] : [])];
  assert.deepEqual(
    node.list(state).filter((name) => !may.includes(name)),
    kept,
  );
  if (manifest === 'new') assert.equal(node.read(`${state}/original.yaml`), oldManifest);
  assert.deepEqual(redirects(node), []);
}

/** Tables and chains of ours that are in place. */
export function redirects(node: ImitatedNode): readonly string[] {
  const tables = readdirSync(node.shim('.')).filter((name) => name.startsWith('table-'));
  const chains = ['iptables', 'ip6tables'].filter((name) => node.readShim(name) !== '');
  return [...tables, ...chains].sort();
}

/** Every file of ours but the guard's sign of life, with its content: to see that nothing was changed. */
export function disk(node: ImitatedNode): Readonly<Record<string, string | undefined>> {
  const files = ['/etc', '/var/lib'].flatMap((top) =>
    (readdirSync(node.path(top), { recursive: true, encoding: 'utf8' }) as string[]).map((path) =>
      join(top, path),
    ),
  );
  const ours = files.filter((path) => !/\/alive$|\.sematext-audit\.alive$/.test(path)).sort();
  return Object.fromEntries(ours.map((path) => [path, node.read(path)]));
}
