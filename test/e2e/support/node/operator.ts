// Knows how an administrator uses the program on control-plane nodes, with a sink of the tests' own.
import type { Access } from '../node.ts';
import { resultOf, startCli, type CliRun, type End, type Results, type Told } from '../cli.ts';
import type { SinkUrls } from '../operator.ts';

/** The commands, on one cluster. */
export interface NodeOperator {
  /** Starts a command with `-o json`. */
  start(command: keyof Results, ...flags: string[]): Promise<CliRun>;
  /** Runs it to its end; its document is the result. */
  run<K extends keyof Results>(command: K, ...flags: string[]): Promise<Told<Results[K]>>;
  /** Runs it to its end without `-o json`. */
  plain(command: keyof Results, ...flags: string[]): Promise<End>;
}

/** The operator of a cluster, by one way to it. */
export function operatorOn({ kubeconfig }: Access, { receiverUrl, searchUrl }: SinkUrls): NodeOperator {
  const sink = [`--receiver-url=${receiverUrl}`, `--search-url=${searchUrl ?? ''}`];
  const begin = (command: string, flags: readonly string[]): Promise<CliRun> => {
    const urls = command === 'disable' ? [] : sink;
    return startCli([...command.split(' '), '--no-input', ...urls, ...flags], { kubeconfig });
  };
  const start: NodeOperator['start'] = (command, ...flags) => begin(command, ['-o=json', ...flags]);
  return {
    start,
    run: async (command, ...flags) => resultOf(command, await (await start(command, ...flags)).ended),
    plain: async (command, ...flags) => (await begin(command, flags)).ended,
  };
}
