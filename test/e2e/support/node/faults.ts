// Knows how to bring faults to a real node from outside, as they come to nodes, and how to take them away.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Node } from '../node.ts';

/** Takes the fault away. */
export type Heal = () => Promise<unknown>;

/** The configuration's file system is a small one of its own from here on, as on nodes with small partitions. */
async function smallDisk({ exec, stopService, startService }: Node): Promise<void> {
  const { stdout } = await exec('findmnt --noheadings --output FSTYPE /etc/kubernetes || true');
  if (stdout !== '') return;
  await stopService('kubelet');
  await exec(`cp -a /etc/kubernetes /run/kubernetes
    mount -t tmpfs -o size=12m,mode=755 small /etc/kubernetes
    cp -a /run/kubernetes/. /etc/kubernetes`);
  await startService('kubelet');
}

const fill = 'dd if=/dev/zero of=/etc/kubernetes/filled bs=16k 2>/dev/null || true';

/** The disk of the configuration is full at once, or as soon as it is time to. */
export async function fullDisk(node: Node, isTime?: () => boolean): Promise<Heal> {
  await smallDisk(node);
  if (isTime === undefined) await node.exec(fill);
  let filled = Promise.resolve<unknown>(undefined);
  const watching = setInterval(() => {
    if (isTime?.() !== true) return;
    clearInterval(watching);
    filled = node.exec(fill);
  }, 20);
  return async () => {
    clearInterval(watching);
    await filled;
    await node.exec('rm -f /etc/kubernetes/filled');
  };
}

const kept = 'registry.k8s.io/kept:latest';

/** The API server's image is on the node no more, and there is nowhere to pull it from; what runs goes on. */
export async function missingImage({ exec }: Node): Promise<Heal> {
  const images = 'ctr --namespace k8s.io images';
  const { stdout } = await exec(`${images} list --quiet | grep /kube-apiserver:`);
  const image = stdout.trim();
  await exec(`${images} tag --force ${image} ${kept} && ${images} remove --sync ${image}`);
  return () => exec(`${images} tag ${kept} ${image}`);
}

/** A process gets no more memory than that from when it is there: the kernel ends it, and the kubelet says OOMKilled. */
export function shortOfMemory(find: () => number | undefined, bytes: number): Heal {
  const watching = setInterval(() => {
    const pid = find();
    if (pid === undefined) return;
    const [, group = ''] = /^\d+:memory:(.+)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? [];
    writeFileSync(`/sys/fs/cgroup/memory${group}/memory.limit_in_bytes`, String(bytes));
    clearInterval(watching);
  }, 20);
  return async () => clearInterval(watching);
}

/** The kubelet does nothing for a while. Milliseconds. */
export function standingStill({ exec }: Node, afterMs: number, forMs: number): Heal {
  const signal = (name: string): Promise<unknown> => exec(`kill -${name} $(cat /run/node/kubelet.pid)`);
  const timers = [
    setTimeout(() => void signal('STOP'), afterMs),
    setTimeout(() => void signal('CONT'), afterMs + forMs),
  ];
  return async () => {
    for (const timer of timers) clearTimeout(timer);
    await signal('CONT');
  };
}

/** Admission of the cluster's own forbids second API servers. */
export async function forbiddenTwins(node: Node): Promise<Heal> {
  const kinds = { apiVersion: 'admissionregistration.k8s.io/v1' };
  const name = 'no-twin';
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
  const validations = [{ expression: '!object.metadata.name.contains("-twin-")' }];
  const policy = {
    ...{ ...kinds, kind: 'ValidatingAdmissionPolicy', metadata: { name } },
    spec: { matchConstraints: { resourceRules: [rule] }, validations },
  };
  const binding = {
    ...{ ...kinds, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name } },
    spec: { policyName: name, validationActions: ['Deny'] },
  };
  for (const object of [policy, binding]) {
    const { code, stderr } = await node.kubectl(['create', '-f', '-'], JSON.stringify(object));
    if (code !== 0) throw new Error(stderr);
  }
  await new Promise((resolve) => setTimeout(resolve, 5_000)); // API servers compile it within a second or two
  const both = 'validatingadmissionpolicybinding,validatingadmissionpolicy';
  return () => node.kubectl(['delete', both, name, '--wait=true']);
}
