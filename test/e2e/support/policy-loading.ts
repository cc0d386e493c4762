// Knows how to ask a real API server whether it takes a policy, without starting one: it reads the policy before the
// webhook's file, which is not there, so it ends within a second either way and says which of the two it was.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiServerFlags, type ApiServerVersion } from './api-server-flags.ts';
import { eventually } from './eventually.ts';
import { partPath } from './parts.ts';
import { makePki } from './pki.ts';
import { folder, freePort, run } from './running.ts';
import { makeUsers } from './users.ts';

/** Why a policy was refused, in the API server's words; undefined when it was taken. */
export type Loading = string | undefined;

/** Asks about each text, a few at a time; the answers are in their order. */
export async function loadPolicies(version: ApiServerVersion, texts: readonly string[]): Promise<Loading[]> {
  const home = await folder('policies');
  try {
    const start = await starter(version, home.path);
    const answers: Loading[] = [];
    const waiting = texts.entries();
    const worker = async (): Promise<void> => {
      for (const [i, text] of waiting) answers[i] = answerIn(await start(`policy-${i}.yaml`, text));
    };
    await Promise.all(Array.from({ length: 3 }, worker));
    return answers;
  } finally {
    await home.remove();
  }
}

type Start = (name: string, policy: string) => Promise<string>;

async function starter(version: ApiServerVersion, dir: string): Promise<Start> {
  const keys = join(dir, 'pki');
  await mkdir(keys);
  const flags = await apiServerFlags(
    {
      version,
      dir,
      address: '127.0.0.1',
      port: 0, // each has its own
      etcdUrl: 'http://127.0.0.1:9',
      advertise: '192.0.2.1',
      pki: await makePki(keys),
      tokenFile: (await makeUsers(keys)).tokenFile,
    },
    {},
  );
  const command = partPath('kube-apiserver', 'kube-apiserver', version);
  return async (name, policy) => {
    const file = join(dir, name);
    await writeFile(file, policy);
    const port = `--secure-port=${await freePort()}`; // opened before the policy is read
    const audit = [port, `--audit-policy-file=${file}`, `--audit-webhook-config-file=${join(dir, 'absent')}`];
    const program = await run({
      name: `kube-apiserver ${version}`,
      command,
      args: [...flags, ...audit],
      cwd: dir,
    });
    await eventually({
      what: `kube-apiserver ${version} to end`,
      timeoutMs: 60_000,
      everyMs: 20,
      ask: async () => program.ended(),
    }).finally(() => program.stop(0));
    return program.log();
  };
}

function answerIn(log: string): Loading {
  if (log.includes('initializing audit webhook: stat ')) return undefined;
  // 1.18 says it as it is, 1.37 as a Go literal
  const [, quote, words] = /(err="|Error: )loading audit policy file: (.*): from file /.exec(log) ?? [];
  if (words === undefined) throw new Error(`neither taken nor refused: ${log.slice(-1000)}`);
  return quote === 'Error: ' ? words : words.replaceAll(/\\(.)/g, '$1');
}
