// Progress of a run of steps, on stderr: with a spinner on a terminal, as plain lines elsewhere, or not at all.
import type { Output } from './world.ts';

/** One step that is shown; `run` may say what it is at, in a few words. */
export interface ShownStep {
  readonly title: string;
  run(say: (words: string) => void): Promise<void>;
}

/**
 * Runs the steps one after the other and shows them on `out`; with no `out` (JSON, --quiet) nothing is shown and no
 * renderer is loaded.
 * @throws whatever a step threw, as it was thrown; the steps after it are not run
 */
export async function steps(
  list: readonly ShownStep[],
  { out }: { readonly out?: Output | undefined },
): Promise<void> {
  if (out === undefined) {
    for (const step of list) await step.run(() => undefined);
    return;
  }
  const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const stream = out as NodeJS.WriteStream;
  const logger = new ListrLogger({ processOutput: new ProcessOutput(stream, stream) });
  const tasks = list.map((step) => ({
    title: step.title,
    task: (_context: unknown, task: { output: string }): Promise<void> =>
      step.run((words) => {
        task.output = words;
      }),
  }));
  await new Listr(tasks, {
    exitOnError: true,
    registerSignalListeners: false,
    renderer: out.isTTY === true ? 'default' : 'simple',
    rendererOptions: { logger },
    fallbackRendererOptions: { logger },
  }).run();
}
