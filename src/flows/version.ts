// The API server's version, or why it is not known: the client's own is worth printing even then.
import { gitVersionIn } from '../audit/versions.ts';
import { Failure } from '../errors.ts';
import type { World } from '../io/world.ts';

/**
 * The API server's version.
 * @throws Failure those of the cluster; cluster-answer when what answers is no API server
 */
async function ask(world: World): Promise<string> {
  const cluster = await world.cluster();
  const { status, text } = await cluster.request({ path: '/version' });
  const found = status === 200 ? gitVersionIn(text) : undefined;
  if (found !== undefined) return found;
  throw new Failure('cluster-answer', `${cluster.host} answered ${status} to /version, and no version.`, [
    'Check that the server of the kubeconfig is an API server: kubectl config view --minify',
  ]);
}

/** The API server's version, or the failure that it is not known for; an interruption is thrown. */
export async function serverVersion(world: World): Promise<string | Failure> {
  try {
    return await ask(world);
  } catch (error) {
    if (error instanceof Failure && error.code !== 'interrupted') return error;
    throw error;
  }
}
