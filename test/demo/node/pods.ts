// Pods that tests of the imitated node run on it: a second API server made from the manifest, and shell scripts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { ImitatedNode } from '../../../src/demo/node/node.ts';
import type { Nodes, OneNode } from '../../../src/demo/node/nodes.ts';
import type { PodSeen } from '../../contract/kubelet.contract.ts';
import { fresh } from '../../contract/subject.ts';
import { ask } from './ask.ts';

export const pods = '/api/v1/namespaces/default/pods';

/** However quick a node is, the machine may be slow. */
export const patienceMs = 40_000;

/** Asks again and again until there is an answer. */
export async function eventually<T>(
  what: string,
  so: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + patienceMs / 2;
  for (;;) {
    const answer = await so();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) assert.fail(`${what}: not within ${patienceMs / 2} ms`);
    await sleep(3);
  }
}

/** A pod as the API shows it; undefined when it is not there. */
export async function podOf(cluster: Nodes, name: string, at = pods): Promise<PodSeen | undefined> {
  const { status, text } = await ask(cluster, 'GET', `${at}/${name}`);
  return status === 200 ? (JSON.parse(text) as PodSeen) : undefined;
}

export async function logOf(cluster: Nodes, name: string): Promise<string> {
  return (await ask(cluster, 'GET', `${pods}/${name}/log`)).text;
}

interface Manifest {
  metadata: { name: string; namespace?: string };
  spec: {
    nodeName?: string;
    restartPolicy?: string;
    containers: {
      command: string[];
      volumeMounts: object[];
      startupProbe?: unknown;
      readinessProbe?: unknown;
    }[];
    volumes: object[];
  };
}

/** The API server's manifest as it is now. */
export function manifestOf(node: ImitatedNode): Manifest {
  return parse(readFileSync(join(node.manifests, 'kube-apiserver.yaml'), 'utf8')) as Manifest;
}

/** Gives a manifest mounts of these folders of the node, flags, and takes flags away that are given anew. */
export function changed(
  manifest: Manifest,
  flags: readonly string[],
  mounts: Readonly<Record<string, object>>,
): Manifest {
  const [container] = manifest.spec.containers;
  assert.ok(container);
  const names = flags.map((flag) => `${flag.split('=')[0]}=`);
  container.command = [
    ...container.command.filter((word) => !names.some((name) => word.startsWith(name))),
    ...flags,
  ];
  for (const [path, more] of Object.entries(mounts)) {
    const name = path.replaceAll('/', '-').slice(1);
    manifest.spec.volumes.push({ name, hostPath: { path, type: 'DirectoryOrCreate' } });
    container.volumeMounts.push({ name, mountPath: path, ...more });
  }
  return manifest;
}

/** Starts a second API server on port 7443 beside the real one. */
export async function startTwin(
  cluster: Nodes,
  node: ImitatedNode,
  flags: readonly string[] = [],
  mounts: Readonly<Record<string, object>> = {},
): Promise<string> {
  const own = ['--secure-port=7443', '--endpoint-reconciler-type=none', ...flags];
  const twin = changed(manifestOf(node), own, mounts);
  const name = fresh('twin');
  twin.metadata = { name };
  Object.assign(twin.spec, { nodeName: node.name, restartPolicy: 'Never' });
  for (const container of twin.spec.containers) {
    delete container.startupProbe;
    delete container.readinessProbe;
  }
  const { status, text } = await ask(cluster, 'POST', pods, twin);
  assert.equal(status, 201, text);
  return name;
}

/** Starts one and waits until it serves. */
export async function twinThatServes(
  cluster: OneNode,
  ...rest: [flags?: readonly string[], mounts?: Readonly<Record<string, object>>]
): Promise<string> {
  const name = await startTwin(cluster, cluster.node, ...rest);
  await eventually('the twin to serve', () => cluster.node.listens(7443));
  return name;
}

/** A pod with the node's root at /host that runs a script. */
export function scriptPod(node: ImitatedNode, name: string, script: string): object {
  const container = {
    name: 'main',
    image: 'registry.k8s.io/kube-apiserver:v1.37.2',
    command: ['/bin/sh', '-c', script],
    volumeMounts: [{ name: 'host', mountPath: '/host' }],
  };
  const volumes = [{ name: 'host', hostPath: { path: '/', type: 'Directory' } }];
  const spec = { nodeName: node.name, restartPolicy: 'Never', containers: [container], volumes };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

/** Starts a script on the node. */
export async function startScript(cluster: OneNode, script: string): Promise<string> {
  const name = fresh('script');
  const { status, text } = await ask(cluster, 'POST', pods, scriptPod(cluster.node, name, script));
  assert.equal(status, 201, text);
  return name;
}

/** Runs a script on the node to its end. */
export async function runScript(
  cluster: OneNode,
  script: string,
): Promise<{ readonly exitCode: number | undefined; readonly log: string }> {
  const name = await startScript(cluster, script);
  const pod = await eventually('the script to end', async () => {
    const seen = await podOf(cluster, name);
    return seen !== undefined && ['Succeeded', 'Failed'].includes(seen.status?.phase) && seen;
  });
  const log = await logOf(cluster, name);
  return { exitCode: pod.status.containerStatuses?.[0]?.state.terminated?.exitCode, log };
}
