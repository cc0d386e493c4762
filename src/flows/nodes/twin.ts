// The twin: the API server with its next manifest, beside the real one. That it comes up and answers is the rehearsal.
import { exitReason } from '../../audit/target/exit-reason.ts';
import { twinPod } from '../../audit/target/twin.ts';
import type { Turn } from '../../audit/plan/step.ts';
import { names } from '../../audit/names.ts';
import { Failure } from '../../errors.ts';
import type { Through } from '../../io/world.ts';
import { createPod, deletePod, ended, podLog, podState } from './pods.ts';
import type { Site } from './site.ts';
import { calm, until } from './site.ts';

export interface Twin {
  readonly name: string;
  /** Leads to the twin itself. */
  readonly through: Through;
  /** Leads to the real API server of the same node, whatever the redirect does: it leaves loopback alone. */
  readonly beside: Through;
}

/** The API server's image is on the node; what takes time is the start, seconds, and etcd on a busy node. */
const readyMs = 120_000;

/**
 * Starts the twin and waits until it is ready.
 * @throws Failure config-rejected in the API server's own words; target-unsupported when it cannot run there
 */
export async function raiseTwin(site: Site, turn: Turn, port: number): Promise<Twin> {
  const pod = twinPod(turn.after, { run: site.run, node: turn.node, port });
  const { name } = pod.metadata;
  await createPod(site, pod);
  try {
    return await raised(site, turn, { name, port });
  } catch (error) {
    await deletePod(calm(site), name, true).catch(() => undefined); // the first error is the one to show
    throw error;
  }
}

async function raised(
  site: Site,
  turn: Turn,
  { name, port }: { readonly name: string; readonly port: number },
): Promise<Twin> {
  const through = { namespace: names.namespace, pod: name, port };
  const twin = { name, through, beside: { ...through, port: turn.port } };
  const ready = await until(site, { timeoutMs: readyMs }, async () => {
    const state = await podState(site, name);
    if (state === undefined || state.phase === 'Failed' || state.phase === 'Succeeded')
      throw await didNotStart(site, name, state?.reason ?? 'it was deleted');
    return state.phase === 'Running' && (await answers(site, through)) ? true : undefined;
  });
  if (ready === undefined) throw await didNotStart(site, name, 'it was not ready in time');
  return twin;
}

async function didNotStart(site: Site, name: string, reason: string): Promise<Failure> {
  const log = await podLog(site, name, { query: '?tailLines=50' });
  const said = exitReason(log);
  if (said !== undefined && reason !== 'OOMKilled')
    return new Failure('config-rejected', `The API server does not start with this configuration: ${said}`, [
      'nothing was changed; mend what it says and run this command again',
    ]);
  return new Failure(
    'target-unsupported',
    `The rehearsal on the node failed: ${reason || 'no reason given'}.`,
    [
      'nothing was changed; make room for a second API server on the node (memory as the first one)',
      'or accept an outage of this API server: --no-twin',
    ],
  );
}

/**
 * The way to the real API server, past any redirect: by the twin's pod, which stays while the other comes and goes; by
 * the API server's own once the twin has ended, as it has after a reboot.
 */
export async function wayToServer(
  site: Site,
  { pod, port }: Pick<Turn, 'pod' | 'port'>,
  twin: Twin | undefined,
): Promise<Through> {
  const lives = twin !== undefined && (await podState(site, twin.name))?.phase === 'Running';
  return lives ? twin.beside : { namespace: 'kube-system', pod, port };
}

/** Whether the API server behind this port says that it is ready. @throws Failure only when the run is cancelled */
export async function answers({ cluster }: Pick<Site, 'cluster'>, through: Through): Promise<boolean> {
  try {
    const ready = await cluster.request({ path: '/readyz', through, timeoutMs: 5_000 });
    // before 1.16 there was healthz alone
    const answer =
      ready.status === 404 ? await cluster.request({ path: '/healthz', through, timeoutMs: 5_000 }) : ready;
    return answer.status === 200;
  } catch (error) {
    if (error instanceof Failure && error.code !== 'interrupted') return false;
    throw error;
  }
}

/** Ends the twin; its events are sent before it goes, for it gets its grace. */
export async function endTwin(site: Site, { name }: Twin): Promise<void> {
  await deletePod(site, name, false);
  await ended(site, name);
}
