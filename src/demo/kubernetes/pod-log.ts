// GET pods/log: which container is meant, and how much of its log is wanted (kubernetes pkg/registry/core/pod
// strategy.go, kubelet pkg/kubelet/server.go).
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerLog, Kubelets, LogLine } from './kubelets.ts';
import { isRecord, type KubeObject } from './object.ts';
import type { Answer } from './plain-paths.ts';
import { badRequest } from './status.ts';

const followMs = 10;
const type = { 'content-type': 'text/plain' };

function containerOf(pod: KubeObject, asked: string): string {
  const spec = isRecord(pod['spec']) ? pod['spec'] : {};
  const all = Array.isArray(spec['containers']) ? (spec['containers'] as { name: string }[]) : [];
  const names = all.map(({ name }) => name);
  const { name } = pod.metadata;
  if (!asked && names.length > 1)
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`,
    );
  const container = asked || (names[0] ?? '');
  if (!names.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
  return container;
}

function written(lines: readonly LogLine[], query: URLSearchParams): string {
  // the API server hands on whole seconds (apimachinery meta/v1 Time, MarshalQueryParameter)
  const since = query.get('sinceTime')?.replace(/\.\d+/, '');
  const young = since ? lines.filter(({ time }) => Date.parse(time) >= Date.parse(since)) : lines;
  const tail = query.get('tailLines');
  const some = tail === null ? young : young.slice(Math.max(0, young.length - Number(tail)));
  const stamped = query.get('timestamps') === 'true';
  const text = some
    .map((line) => `${stamped ? `${line.time} ` : ''}${line.text}${line.whole ? '\n' : ''}`)
    .join('');
  const limit = query.get('limitBytes');
  return limit === null ? text : Buffer.from(text).subarray(0, Number(limit)).toString();
}

/** Answers it; `kubelets` is undefined where no node runs anything. */
export function answerLog(
  pod: KubeObject,
  query: URLSearchParams,
  kubelets: Kubelets | undefined,
  ended: AbortSignal,
): Answer {
  const container = containerOf(pod, query.get('container') ?? '');
  // the API server has nowhere to go with a pod that is on no node
  if (!kubelets) return { status: 200, headers: type, body: '' };
  const read = (): ContainerLog => kubelets.log(pod, container, query.get('previous') === 'true');
  const now = read();
  if (query.get('follow') !== 'true') return { status: 200, headers: type, body: written(now.lines, query) };
  return {
    status: 200,
    headers: type,
    stream: async (write, closed) => {
      write(written(now.lines, query));
      const over = AbortSignal.any([closed, ended]);
      let [known, open] = [now.lines.length, now.open];
      while (open && !over.aborted) {
        await sleep(followMs);
        const { lines, ...later } = read();
        write(
          written(lines.slice(known), new URLSearchParams({ timestamps: query.get('timestamps') ?? '' })),
        );
        [known, open] = [lines.length, later.open];
      }
    },
  };
}
