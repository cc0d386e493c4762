// demo: the whole story on this machine alone. An API server and a Sematext start on loopback in this process, and
// the very same program runs against them as a user would type it, each command shown with its output.
import type { DemoResult, DemoStep } from '../audit/results.ts';
import { runProgram } from '../io/program.ts';
import { makeScratch } from '../io/scratch.ts';
import type { Scratch } from '../io/scratch.ts';
import type { World } from '../io/world.ts';

export interface DemoRequest {
  /** This program: the runtime and its script. */
  readonly program: readonly [file: string, ...args: string[]];
  /** KUBEBUILDER_ASSETS, when it is set. */
  readonly assets: string | undefined;
  /** Told the commands and their output as they come. */
  readonly tell: (text: string) => void;
}

/** What the story runs on. */
interface Stage {
  readonly parts: string;
  readonly auditSinks: boolean;
  readonly kubeconfig: string;
  readonly sematext: { readonly receiverUrl: string; readonly searchUrl: string; readonly apiKey: string };
  stop(): Promise<void>;
}

/** Runs the story to its end, whatever the commands answer; the result says whether each did as it should. */
export async function demo(world: World, request: DemoRequest): Promise<DemoResult> {
  const scratch = await makeScratch();
  try {
    const token = world.uuid();
    await scratch.write('token', token);
    const stage = await setStage(request, token, scratch.path);
    try {
      return await perform(world, request, stage, scratch);
    } finally {
      await stage.stop();
    }
  } finally {
    await scratch.remove();
  }
}

async function perform(
  world: World,
  request: DemoRequest,
  stage: Stage,
  scratch: Scratch,
): Promise<DemoResult> {
  const started = world.clock.now().getTime();
  request.tell(`${stage.parts}\n`);
  const env = {
    KUBECONFIG: await scratch.write('kubeconfig', stage.kubeconfig),
    SEMATEXT_API_KEY: stage.sematext.apiKey,
    LOGS_TOKEN: undefined,
  };
  const steps: DemoStep[] = [];
  for (const act of story(stage)) {
    if (world.signal.aborted) break;
    steps.push(await play(world, request, act, { env, cwd: scratch.path }));
  }
  const seconds = (world.clock.now().getTime() - started) / 1000;
  return {
    parts: stage.parts,
    steps,
    seconds,
    asExpected: steps.every(({ exit, expected }) => exit === expected),
  };
}

async function setStage({ assets }: DemoRequest, token: string, scratch: string): Promise<Stage> {
  const [{ startSematext }, real] = await Promise.all([
    import('../demo/sematext.ts'),
    import('../demo/assets.ts'),
  ]);
  const sematext = await startSematext();
  try {
    if (assets !== undefined && (await real.hasAssets(assets))) {
      const server = await real.startAssets(assets, `${sematext.receiverUrl}/${token}`, scratch);
      const parts = `The kube-apiserver ${server.version} and etcd of KUBEBUILDER_ASSETS, and an embedded Sematext, on loopback.`;
      return { ...server, parts, sematext, stop: () => stopAll(server, sematext) };
    }
    const { startApiServer } = await import('../demo/api-server.ts');
    const auditSinks = { served: true, honoured: true };
    const server = await startApiServer({ version: '1.18.19', auditSinks });
    const parts = 'An embedded API server (1.18.19, with AuditSink) and an embedded Sematext, on loopback.';
    return {
      parts,
      auditSinks: true,
      kubeconfig: server.kubeconfig(),
      sematext,
      stop: () => stopAll(server, sematext),
    };
  } catch (error) {
    await sematext.stop();
    throw error;
  }
}

async function stopAll(...parts: readonly { stop(): Promise<void> }[]): Promise<void> {
  for (const part of parts) await part.stop();
}

interface Act {
  /** As a user would type it, less the URLs. */
  readonly line: string;
  readonly urls: readonly string[];
  readonly expected: number;
}

function story({ auditSinks, sematext }: Stage): readonly Act[] {
  const urls = ['--receiver-url', sematext.receiverUrl, '--search-url', sematext.searchUrl];
  const file = '--logs-token-file token';
  const enable = auditSinks
    ? { line: `enable --dynamic ${file}`, urls, expected: 0 }
    : { line: `enable ${file}`, urls, expected: 6 };
  const proof = [
    { line: `status ${file}`, urls, expected: 0 },
    { line: `test-event ${file}`, urls, expected: 0 },
  ];
  // with a webhook that was there before, the first event is on its way only once something was asked
  return [enable, ...(auditSinks ? proof : proof.toReversed()), { line: 'disable', urls: [], expected: 0 }];
}

async function play(
  world: World,
  { program, tell }: DemoRequest,
  { line, urls, expected }: Act,
  where: { env: Record<string, string | undefined>; cwd: string },
): Promise<DemoStep> {
  const command = ['kubectl sematext-audit', line, ...urls].join(' ');
  tell(`\n$ ${command}\n`);
  const started = world.clock.now().getTime();
  const [file, ...first] = program;
  const { exit, stdout } = await runProgram({
    ...where,
    file,
    args: [...first, ...line.split(' '), ...urls],
    signal: world.signal,
    onOutput: tell,
  });
  if (exit !== 0) tell(`(exit ${exit})\n`);
  return { command, exit, expected, ms: world.clock.now().getTime() - started, output: stdout };
}
