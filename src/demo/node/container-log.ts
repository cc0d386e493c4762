// Logs of containers as the kubelet and the container runtime keep them: /var/log/pods/NAMESPACE_NAME_UID/CONTAINER/N.log,
// each line with its time, stream, and whether it is whole (CRI log format). Of earlier runs only the last is kept.
import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogLine } from '../kubernetes/kubelets.ts';
import type { KubeObject } from '../kubernetes/object.ts';

/** Takes what a container writes. */
export type WriteLog = (text: string, stream?: 'stdout' | 'stderr') => void;

function folderOf(root: string, { metadata }: KubeObject): string {
  const { namespace = '', name, uid = '', annotations } = metadata;
  // a mirror pod has a uid of its own; its logs lie under the static pod's
  const own = annotations?.['kubernetes.io/config.hash'] ?? uid;
  return join(root, 'var/log/pods', `${namespace}_${name}_${own}`);
}

function now(): string {
  return `${new Date().toISOString().slice(0, -1)}${String(process.hrtime()[1] % 1_000_000).padStart(6, '0')}Z`;
}

/** Opens the log of a container's run of that number. */
export function openLog(root: string, pod: KubeObject, container: string, run: number): WriteLog {
  const folder = join(folderOf(root, pod), container);
  mkdirSync(folder, { recursive: true });
  rmSync(join(folder, `${run - 2}.log`), { force: true });
  const file = join(folder, `${run}.log`);
  writeFileSync(file, '');
  return (text, stream = 'stderr') => {
    const parts = text.split('\n');
    const last = parts.pop() ?? '';
    const time = now();
    const lines = parts.map((part) => `${time} ${stream} F ${part}\n`);
    if (last) lines.push(`${time} ${stream} P ${last}\n`);
    appendFileSync(file, lines.join(''));
  };
}

/** Reads the newest log of a container, or the one before it; undefined when there is none. */
export function readLog(
  root: string,
  pod: KubeObject,
  container: string,
  previous: boolean,
): readonly LogLine[] | undefined {
  const folder = join(folderOf(root, pod), container);
  try {
    const runs = readdirSync(folder).map((name) => Number(name.replace('.log', '')));
    const run = Math.max(...runs) - (previous ? 1 : 0);
    const lines = readFileSync(join(folder, `${run}.log`), 'utf8')
      .split('\n')
      .slice(0, -1);
    return lines.map((line) => {
      const [time = '', , tag, ...rest] = line.split(' ');
      return { time, text: rest.join(' '), whole: tag === 'F' };
    });
  } catch {
    // no such file: it never started, or not twice
    return undefined;
  }
}

const messageLines = 80;
const messageBytes = 2048;

/** What a status tells of the log of a container that has failed (kubernetes pkg/kubelet/kuberuntime). */
export function lastWords(root: string, pod: KubeObject, container: string): string {
  const lines = readLog(root, pod, container, false) ?? [];
  const text = lines
    .slice(-messageLines)
    .map((line) => `${line.text}\n`)
    .join('');
  return Buffer.from(text).subarray(-messageBytes).toString();
}

/** Takes a pod's logs away. */
export function removeLogs(root: string, pod: KubeObject): void {
  rmSync(folderOf(root, pod), { recursive: true, force: true });
}
