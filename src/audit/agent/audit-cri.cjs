// What the plugin audit-files.cjs knows of containers' logs, for an API server that writes its audit log to stdout: where
// the kubelet keeps them, and how a line is put together again that the container runtime split at 16 KiB. Logagent's
// own filter joins the parts with a space, which alters a value or breaks the event.
//
// Run by the image's Node 12: no newer syntax, no packages.
'use strict';
const { promises: fs } = require('fs');
const { dirname, join } = require('path');

const newline = 10;
/** `TIME STREAM TAG TEXT`; the tag is P for a part, F for the last one (CRI, kubelet-cri-logging.md). */
const frame = /^\S+ (stdout|stderr) ([PF])\S* /;
const frameLength = 64;

/**
 * Files of the containers' logs in the folders that the patterns name (one star in each): those
 * that are written (`0.log`, by restarts) and those that the kubelet renamed away (`0.log.20060102-150405`); the ones
 * that it packed after that were read before.
 */
async function containerLogs(patterns) {
  const found = [];
  for (const pattern of patterns) {
    const [start, end] = pattern.split('*');
    const root = dirname(`${start}x`);
    for (const pod of await namesIn(root)) {
      const folder = join(root, pod);
      if (!folder.startsWith(start)) continue;
      const names = await namesIn(`${folder}${end}`);
      const logs = names.filter((name) => /^\d+\.log(\.\d{8}-\d{6})?$/.test(name));
      found.push(...logs.map((name) => join(`${folder}${end}`, name)));
    }
  }
  return found.sort();
}

/** What a folder holds; nothing while it is not there. */
async function namesIn(folder) {
  try {
    return await fs.readdir(folder);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  }
}

/**
 * The stdout lines in whole lines of such a file, and how many bytes they take: up to where no line is half read.
 * stderr, klog's, stands between them.
 */
function stdoutLines(buffer) {
  const lines = [];
  let parts = [];
  let used = 0;
  for (let from = 0; from < buffer.length;) {
    const to = buffer.indexOf(newline, from);
    const [all, stream, tag] =
      frame.exec(buffer.toString('latin1', from, Math.min(to, from + frameLength))) || [];
    if (stream === 'stdout') parts.push(buffer.slice(from + all.length, to));
    if (stream === 'stdout' && tag === 'F') {
      lines.push(Buffer.concat(parts));
      parts = [];
    }
    from = to + 1;
    if (parts.length === 0) used = from;
  }
  return { lines, used };
}

module.exports = { containerLogs, namesIn, stdoutLines };
