// Single objects of a run, made, read and taken away so that a request which is sent again does no harm.
import type { KubeObject } from '../../audit/plan/step.ts';
import { Conflict, Refused, write } from '../../io/api.ts';
import type { Site } from './site.ts';

/** Makes an object that only this run can have made: that it is there already is the answer to a repeated request. */
export async function created(
  cluster: Site['cluster'],
  collection: string,
  body: KubeObject,
  query = '',
): Promise<void> {
  try {
    await write(cluster, { method: 'POST', path: `${collection}${query}`, body });
  } catch (error) {
    if (!(error instanceof Conflict) || error.reason !== 'AlreadyExists') throw error;
  }
}

/**
 * Deletes an object; that it has gone already is as good.
 * @param grace seconds that its containers get to end; the pod's own when left out
 */
export async function gone(cluster: Site['cluster'], path: string, grace?: number): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
  };
  try {
    await write(cluster, { method: 'DELETE', path, body });
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error;
  }
}
