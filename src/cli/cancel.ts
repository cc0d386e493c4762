// One AbortSignal for the run: the first Ctrl-C asks to stop, the second ends at once; nobody reading stdout any
// more asks to stop as well, since whatever else is done would not be seen.
import { setMaxListeners } from 'node:events';

const interruptedExit = 130;

/** Why a run was cancelled. */
export type Reason = 'SIGINT' | 'SIGTERM' | 'EPIPE';

/** What the run's signal carries when it is cancelled. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(`cancelled by ${reason}`);
    this.reason = reason;
  }
}

/** The signal of a run, and how to stop listening to the process for it. */
export interface Cancellation {
  readonly signal: AbortSignal;
  end(): void;
}

/** Listens for reasons to cancel until `end` is called. */
export function cancellation(): Cancellation {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // each request under way listens, and a dozen are
  const cancel = (reason: 'SIGINT' | 'SIGTERM'): void => {
    if (controller.signal.aborted) process.exit(interruptedExit);
    controller.abort(new Cancelled(reason));
  };
  const unread = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE' && !controller.signal.aborted) controller.abort(new Cancelled('EPIPE'));
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  process.stdout.on('error', unread);
  const end = (): void => {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
    process.stdout.off('error', unread);
  };
  return { signal: controller.signal, end };
}

/** Why the run was cancelled; undefined when it was not. */
export function cancelledBy(signal: AbortSignal): Reason | undefined {
  return signal.reason instanceof Cancelled ? signal.reason.reason : undefined;
}
