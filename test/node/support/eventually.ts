// Waiting for what a script does by itself.
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves once it is so. @throws Error when it is not within 20 s */
export async function eventually(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`it never was so: ${String(isSo)}`);
    await pause(10);
  }
}
