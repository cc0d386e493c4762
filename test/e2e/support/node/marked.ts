// Knows how to make a request to a node's API server whose event can be found again.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { exchange } from '../http.ts';
import type { Node } from '../node.ts';

/** A list of namespaces by nobody, which is refused; its audit ID. */
export async function markedOn(node: Node): Promise<string> {
  const id = randomUUID();
  const ca = await readFile(node.path('/etc/kubernetes/pki/ca.crt'), 'utf8');
  const { status } = await exchange(`${node.url}/api/v1/namespaces`, { ca, headers: { 'audit-id': id } });
  assert.equal(status, 403);
  return id;
}
