// GET nodes/proxy/logs: the files below /var/log of a node, as its kubelet serves them (Go's http.FileServer, net/http
// fs.go) behind the API server.
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Kubelets } from './kubelets.ts';
import type { Answer } from './plain-paths.ts';
import { Refusal } from './status.ts';

const text = { 'content-type': 'text/plain; charset=utf-8' };
const notFound: Answer = {
  status: 404,
  headers: { ...text, 'x-content-type-options': 'nosniff' },
  body: '404 page not found\n',
};

const to = (location: string): Answer => ({ status: 301, headers: { location }, body: '' });

/**
 * Answers it for a node that exists.
 * @param path what follows `proxy` in the request, as it was sent
 * @param range header, '' without one
 * @param kubelets undefined where no node runs anything
 * @throws Refusal
 */
export function answerNodeLogs(
  node: string,
  { path, range, method }: { readonly path: string; readonly range: string; readonly method: string },
  kubelets: Kubelets | undefined,
): Answer {
  const root = kubelets?.logs?.(node);
  if (root === undefined)
    throw new Refusal(
      503,
      'ServiceUnavailable',
      'error trying to reach service: dial tcp 127.0.0.1:10250: connect: connection refused',
      {},
    );
  if (path !== '/logs' && !path.startsWith('/logs/')) return notFound;
  if (method !== 'GET')
    return { status: 405, headers: { ...text, allow: 'GET' }, body: '405: Method Not Allowed' };
  if (path === '/logs') return { status: 307, headers: { location: '/logs/' }, body: '' };
  const parts = path.slice('/logs/'.length).split('/').map(decodeURIComponent);
  return parts.some((one) => one === '..' || one.includes('/')) ? notFound : served(root, parts, range);
}

/** What is there; `parts` end with an empty one where the path ends with a slash. */
function served(root: string, parts: readonly string[], range: string): Answer {
  const slash = parts.at(-1) === '';
  const names = slash ? parts.slice(0, -1) : parts;
  const file = join(root, ...names);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return notFound;
  if (found.isDirectory()) return slash ? listing(file) : to(`${names.at(-1)}/`);
  return slash ? to(`../${names.at(-1)}`) : part(file, range);
}

const escaped = (name: string): string =>
  name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A name in a path: Go leaves these signs as they are (net/url shouldEscape). */
const inPath = (name: string): string =>
  encodeURIComponent(name).replace(/%(?:24|26|2B|2C|2F|3A|3B|3D|40)/g, decodeURIComponent);

function listing(folder: string): Answer {
  const names = readdirSync(folder, { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort((a, b) => (a < b ? -1 : 1));
  const links = names.map((name) => {
    return `<a href="${escaped(inPath(name))}">${escaped(name)}</a>\n`;
  });
  const head = '<!doctype html>\n<meta name="viewport" content="width=device-width">\n';
  const body = `${head}<pre>\n${links.join('')}</pre>\n`;
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

function part(file: string, range: string): Answer {
  const open = openSync(file, 'r');
  try {
    const { size } = fstatSync(open);
    const [, begin, end] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
    const whole = begin === undefined || size === 0;
    const from = whole ? 0 : Number(begin);
    if (from >= size && !whole)
      return {
        status: 416,
        headers: { ...text, 'content-range': `bytes */${size}` },
        body: 'invalid range: failed to overlap\n',
      };
    const last = whole || end === '' ? size - 1 : Math.min(Number(end), size - 1);
    const body = Buffer.alloc(last - from + 1);
    const had = readSync(open, body, 0, body.length, from);
    const headers = {
      'accept-ranges': 'bytes',
      'content-type': file.endsWith('.gz') ? 'application/gzip' : 'text/x-log; charset=utf-8',
    };
    if (whole) return { status: 200, headers, body: body.subarray(0, had) };
    return {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${from}-${last}/${size}` },
      body: body.subarray(0, had),
    };
  } finally {
    closeSync(open);
  }
}
