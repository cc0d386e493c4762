// Log files of a node, read through its kubelet, which serves /var/log by Go's http.FileServer: parts of files by Range,
// and a folder as a page of links, whose addresses the API server rewrites.
import { Failure } from '../../errors.ts';
import { refusal } from '../api.ts';
import type { Answer, ApiRequest, Cluster } from '../world.ts';
import type { LogFolder, Part } from './folder.ts';

/** What kubelets serve. */
export const nodeLogs = '/var/log';

const address = (node: string, path: string): string =>
  `/api/v1/nodes/${encodeURIComponent(node)}/proxy/logs${path.split('/').map(encodeURIComponent).join('/')}`;

/**
 * The files in a folder of a node.
 * @param folder absolute, /var/log or below it
 */
export function nodeFolder(cluster: Cluster, node: string, folder: string): LogFolder {
  const below = folder.slice(nodeLogs.length);
  return {
    names: async () => {
      const request = { path: `${address(node, below)}/` };
      const answer = await cluster.request({ ...request, headers: { accept: '*/*' } });
      if (isNoFile(answer)) return [];
      if (answer.status !== 200) throw unread(cluster, node, request, answer);
      return linkedNames(answer.text);
    },
    read: async (name, from, most) => {
      const request: ApiRequest = { path: address(node, `${below}/${name}`), binary: true };
      const range = `bytes=${from}-${from + most - 1}`;
      const answer = await cluster.request({ ...request, headers: { accept: '*/*', range } });
      if (isNoFile(answer)) return undefined;
      // a range behind the end
      if (answer.status === 416) return { bytes: Buffer.alloc(0), more: false };
      if (answer.status !== 200 && answer.status !== 206) throw unread(cluster, node, request, answer);
      return partOf(answer, from, most);
    },
  };
}

function partOf({ status, headers, text }: Answer, from: number, most: number): Part {
  const bytes = Buffer.from(text, 'latin1');
  // of an empty file there is no part: all of it comes; and something in between may know no ranges
  if (status === 200) return { bytes: bytes.subarray(from, from + most), more: from + most < bytes.length };
  const [, begin, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  if (Number(begin) !== from) throw new Error(`asked for ${from}, got ${headers['content-range']}`);
  return { bytes, more: from + bytes.length < Number(size) };
}

// 404 of the kubelet's file server; one of the API server is an object, and means that there is no such node
const isNoFile = ({ status, text }: Answer): boolean =>
  status === 404 && text.startsWith('404 page not found');

function linkedNames(page: string): readonly string[] {
  return [...page.matchAll(/<a href="([^"]*)">/g)].flatMap(([, link = '']) => {
    const last =
      link
        .replaceAll('&amp;', '&')
        .replace(/[?#].*$/, '')
        .split('/')
        .at(-1) ?? '';
    return last === '' ? [] : [decodeURIComponent(last)]; // a folder ends with a slash
  });
}

/**
 * Why the files of a node cannot be read.
 * @returns Failure cluster-forbidden (403) | cluster-unauthorized (401) | cluster-refused
 */
function unread(cluster: Cluster, node: string, request: ApiRequest, answer: Answer): Failure {
  if (answer.status === 403)
    return new Failure(
      'cluster-forbidden',
      `You may not read log files of node ${node}: it needs get nodes/proxy.`,
      [
        'Ask a cluster administrator for the verb get on nodes/proxy, or use a context that has it.',
        'On the node itself, `tail FILE -f` needs no permission of the cluster.',
      ],
    );
  if (answer.status === 405)
    return new Failure('cluster-refused', `The kubelet of node ${node} serves no log files.`, [
      'Set enableSystemLogHandler: true in its configuration, or run `tail FILE -f` on the node.',
    ]);
  return refusal(cluster, request, answer);
}
