// Knows how to run a real etcd, of one member, without fsync: quick, and lost with its folder.
import { join } from 'node:path';
import { exchange } from './http.ts';
import { partPath } from './parts.ts';
import { folder, freePort, ready, run } from './running.ts';

/** A running etcd. */
export interface Etcd {
  readonly url: string;
  log(): string;
  stop(): Promise<void>;
}

/** Starts an empty etcd; any number of API servers may share it. */
export async function startEtcd(): Promise<Etcd> {
  const [client, peer] = [await freePort(), await freePort()];
  const [url, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const command = partPath('etcd', 'etcd');
  const home = await folder('etcd');
  const flags = {
    'data-dir': join(home.path, 'data'),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `default=${peerUrl}`,
    'unsafe-no-fsync': 'true',
    'log-level': 'warn',
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const program = await run({ name: 'etcd', command, args });
  await ready('etcd', program, async () => (await exchange(`${url}/health`)).status === 200);
  return {
    url,
    log: program.log,
    stop: async () => {
      await program.stop();
      await home.remove();
    },
  };
}
