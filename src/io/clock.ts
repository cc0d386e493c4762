// Time: what it is, and waiting for it to pass unless the run is cancelled.
import { Failure } from '../errors.ts';
import type { Clock } from './world.ts';

/** What every cancelled wait, request and question ends with. */
export function interrupted(): Failure {
  return new Failure('interrupted', 'Interrupted.');
}

/** The system's clock; its waits end with Failure interrupted as soon as `signal` is aborted. */
export function openClock(signal: AbortSignal): Clock {
  return {
    now: () => new Date(),
    sleep: (ms) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(interrupted());
        const stop = (): void => {
          clearTimeout(timer);
          reject(interrupted());
        };
        const timer = setTimeout(() => {
          signal.removeEventListener('abort', stop);
          resolve();
        }, ms);
        signal.addEventListener('abort', stop, { once: true });
      }),
    rest: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}
