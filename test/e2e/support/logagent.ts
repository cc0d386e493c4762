// Knows how to run the real Logagent as a Kubernetes audit receiver that ships to an Elasticsearch-compatible engine.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exchange } from './http.ts';
import { partPath } from './parts.ts';
import { folder, freePort, ready, run } from './running.ts';

/** A running Logagent. */
export interface Logagent {
  /** Without a path: events go to `${receiverUrl}/TOKEN/`. */
  readonly receiverUrl: string;
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts Logagent; it ships what it took every second. By default on a free port of loopback: nodes with a network of
 * their own need another address.
 */
export async function startLogagent(to: {
  search: string;
  address?: string;
  port?: number;
}): Promise<Logagent> {
  const { address = '127.0.0.1' } = to;
  const program = partPath('logagent', 'node_modules/@sematext/logagent/bin/logagent.js');
  const home = await folder('logagent');
  const port = to.port ?? (await freePort());
  const receiverUrl = `http://${address}:${port}`;
  const config = join(home.path, 'logagent.yaml');
  await writeFile(config, configuration({ port, address, search: to.search, buffer: home.path }));
  const env = { ...process.env, LOGSENE_LOG_INTERVAL: '1000', LOGSENE_TMP_DIR: home.path };
  const running = await run({
    name: 'logagent',
    command: process.execPath,
    args: [program, '--config', config],
    cwd: home.path,
    env: { ...env, NODE_OPTIONS: '' },
  });
  await ready('logagent', running, async () => (await exchange(`${receiverUrl}/health`)).status === 200);
  return {
    receiverUrl,
    log: running.log,
    stop: async () => {
      await running.stop();
      await home.remove();
    },
  };
}

function configuration(of: { port: number; address: string; search: string; buffer: string }): string {
  const { port, address, search, buffer } = of;
  return `options:
  suppress: true
  geoipEnabled: false
  diskBufferDir: ${buffer}
input:
  kubernetesAudit:
    module: input-kubernetes-audit
    port: ${port}
    bindAddress: ${address}
    useIndexFromUrlPath: true
output:
  elasticsearch:
    module: elasticsearch
    url: ${search}
`;
}
