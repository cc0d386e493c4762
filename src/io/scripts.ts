// The texts of the scripts that run on a node: in the sources, files of src/node. The build puts a module of the same
// shape in this one's place, with the texts written in.
import { readFileSync } from 'node:fs';

const read = (part: string): string => readFileSync(new URL(`../node/${part}.sh`, import.meta.url), 'utf8');

/** What both begin with, in this order. */
const common = ['base', 'redirect', 'server', 'outcome'];

/** Sent as transaction.sh. */
export const transaction: string = [...common, 'look', 'stage', 'transaction'].map(read).join('\n');

/** Sent as guard.sh. */
export const guard: string = [...common, 'guard'].map(read).join('\n');
