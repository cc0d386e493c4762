// The texts of the scripts that run on a node, by the names that they are sent under. In the sources they are files of
// src/node, put together here; the build puts a module of the same shape in this one's place, with the texts written
// in.
import { readFileSync } from 'node:fs';

export type NodeScripts = Readonly<Record<'transaction.sh' | 'guard.sh', string>>;

/** What both begin with, in this order. */
const common = ['base', 'redirect', 'server', 'outcome'];

const read = (part: string): string => readFileSync(new URL(`../node/${part}.sh`, import.meta.url), 'utf8');

/** Loaded when a node is spoken to, and only then. */
export async function nodeScripts(): Promise<NodeScripts> {
  return {
    'transaction.sh': [...common, 'look', 'stage', 'transaction'].map(read).join('\n'),
    'guard.sh': [...common, 'guard'].map(read).join('\n'),
  };
}
