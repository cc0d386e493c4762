// What following a log file has to say about events that can no longer be had.

const unknown = 'how many cannot be known';

const events = (seen: string | undefined): string =>
  seen === undefined ? 'events in it that were not yet read' : `events that were written to it after ${seen}`;

/** Sentences, by what happened; `seen` is when the log was last read to its end, ISO 8601. */
export const losses = {
  rotated: (log: string, seen: string | undefined): string =>
    `${log} was rotated and what was read last is gone: ${events(seen)} may be lost, ` +
    `${unknown}. It goes on with the oldest file that is left.`,
  emptied: (log: string, seen: string | undefined): string =>
    `${log} was emptied or replaced: events that were written to it after ${seen} and before that are lost if there ` +
    `were any, ${unknown}. It goes on with its new beginning.`,
  removed: (log: string, seen: string | undefined): string =>
    `${log} was removed: ${events(seen)} may be lost, ` + `${unknown}. A new one is waited for.`,
  copied: (log: string, copy: string): string =>
    `${log} was emptied after it was copied to ${copy}: events that were written in between may be lost, ${unknown}.`,
  unreadable: (file: string, why: string): string =>
    `${file} ${why}: the events that cannot be read in it are left out, ${unknown}.`,
} as const;
