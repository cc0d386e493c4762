// A command that is killed: its world is cut off, so that nothing that it still has to say or to hear comes through.
import type { World } from '../../src/io/world.ts';

/** A world that can be cut off: what was asked for then is answered to nobody. */
export function mortal(world: World): { readonly world: World; readonly kill: () => void } {
  let dead = false;
  const living =
    <A extends unknown[], T>(act: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      new Promise((resolve, reject) => {
        if (dead) return;
        act(...args).then(
          (value) => dead || resolve(value),
          (error: unknown) => dead || reject(error as Error),
        );
      });
  const { clock } = world;
  return {
    kill: () => (dead = true),
    world: {
      ...world,
      http: living(world.http),
      clock: { now: () => clock.now(), sleep: living(clock.sleep), rest: living(clock.rest) },
      cluster: async () => {
        const cluster = await world.cluster();
        return { ...cluster, request: living(cluster.request) };
      },
    },
  };
}
