// What a simulation cannot know, since a log holds only what an earlier policy recorded.
import type { Counted } from './simulation.ts';

type Id =
  | 'not-recorded'
  | 'stages-not-recorded'
  | 'bodies-not-recorded'
  | 'managed-fields-not-recorded'
  | 'lost-on-the-way'
  | 'unread-lines'
  | 'counted-twice'
  | 'stored-sizes'
  | 'short-log'
  | 'no-time';

/** One thing that the figures do not say. */
export interface Unknown {
  readonly id: Id;
  readonly message: string;
  /** So many events it is about, where they can be counted. */
  readonly events?: number;
}

/** How the log came. */
interface From {
  readonly logs: readonly string[];
  readonly searched: boolean;
  readonly unread: number;
}

const hour = 3600;

/** All that is unknown. @param seconds that the log spans */
export function unknownsOf(from: From, counted: Counted, seconds: number): readonly Unknown[] {
  return [...ofPolicy(counted), ...ofWay(from), ...ofTime(seconds)];
}

const number = (count: number): string => count.toLocaleString('en');

function ofPolicy({ gaps, recorded, against }: Counted): readonly Unknown[] {
  const { received, started, bodies, managed } = gaps;
  const stages = received + started;
  const unsized = Math.max(recorded.unsized, against?.recorded.unsized ?? 0);
  return [
    {
      id: 'not-recorded',
      message:
        'What the policy in force when the log was written dropped is not in the log. Where that policy is the narrower one, there will be more events than are said here.',
    },
    ...some(stages, (count) => ({
      id: 'stages-not-recorded',
      message: `The policy records ${stageNames(received, started)} of requests of which the log does not have it: about ${count} more, not counted here.`,
    })),
    ...some(unsized, (count) => ({
      id: 'bodies-not-recorded',
      message: `Bodies that the log does not have would be recorded with ${count}: figures with their bytes are lower bounds, marked ≥.`,
    })),
    ...some(managed === 0 ? bodies : 0, (count) => ({
      id: 'managed-fields-not-recorded',
      message: `No body in the log has managed fields. If the policy in force left them out, ${count} will be longer than is said here.`,
    })),
    {
      id: 'lost-on-the-way',
      message: 'Events that an API server or an agent lost before they reached the log are not counted.',
    },
  ];
}

const stageNames = (received: number, started: number): string =>
  [received > 0 ? 'RequestReceived' : '', started > 0 ? 'ResponseStarted' : '']
    .filter((name) => name !== '')
    .join(' and ');

/** @param make takes so many events in words */
const some = (events: number, make: (count: string) => Unknown): readonly Unknown[] =>
  events === 0 ? [] : [{ ...make(`${number(events)} ${events === 1 ? 'event' : 'events'}`), events }];

function ofWay({ logs, searched, unread }: From): readonly Unknown[] {
  return [
    ...(unread === 0
      ? []
      : [
          {
            id: 'unread-lines' as const,
            message: `${number(unread)} ${unread === 1 ? 'line' : 'lines'} of the log could not be read, and may have been events.`,
          },
        ]),
    ...(logs.length < 2
      ? []
      : [
          {
            id: 'counted-twice' as const,
            message: 'An event that stands in two of the logs counts twice.',
          },
        ]),
    ...(searched
      ? [
          {
            id: 'stored-sizes' as const,
            message:
              'Bytes of what came from the search are those of the documents as they are stored, not of the lines that the API server wrote.',
          },
        ]
      : []),
  ];
}

function ofTime(seconds: number): readonly Unknown[] {
  if (seconds <= 0)
    return [{ id: 'no-time', message: 'The log spans no time, so that nothing can be said of a day.' }];
  if (seconds >= hour) return [];
  const span = seconds < 120 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`;
  return [
    {
      id: 'short-log',
      message: `The log spans ${span}: figures for a day are a rough guess.`,
    },
  ];
}
