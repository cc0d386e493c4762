// Knows how to run a real OpenSearch of one node. It refuses root, so as root it is given to the user nobody.
import { execFileSync } from 'node:child_process';
import { chown, cp, readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exchange } from './http.ts';
import { partPath } from './parts.ts';
import { folder, freePort, ready, run } from './running.ts';

/** A running OpenSearch. */
export interface OpenSearch {
  readonly url: string;
  log(): string;
  stop(): Promise<void>;
}

/** Starts an empty OpenSearch; its files are a copy, because it writes beside its own program. */
export async function startOpenSearch(): Promise<OpenSearch> {
  const built = partPath('opensearch', 'opensearch');
  const home = await folder('opensearch');
  const place = join(home.path, 'opensearch');
  await cp(built, place, { recursive: true });
  const user = process.getuid?.() === 0 ? nobody() : undefined;
  if (user) await give(home.path, user);
  const [port, transport] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    'discovery.type': 'single-node',
    'network.host': '127.0.0.1',
    'http.port': port,
    'transport.port': transport,
    'cluster.routing.allocation.disk.threshold_enabled': false,
  };
  const program = await run({
    name: 'opensearch',
    command: join(place, 'bin', 'opensearch'),
    args: Object.entries(settings).map(([name, value]) => `-E${name}=${value}`),
    cwd: place,
    env: {
      ...process.env,
      HOME: home.path,
      JAVA_HOME: process.env['JAVA_HOME'] ?? (await javaHome()),
      OPENSEARCH_TMPDIR: home.path,
      OPENSEARCH_JAVA_OPTS: '-Xms512m -Xmx512m',
    },
    ...user,
  });
  await ready('opensearch', program, async () => (await exchange(url)).status === 200);
  return {
    url,
    log: program.log,
    stop: async () => {
      await program.stop();
      await home.remove();
    },
  };
}

/** Where the java on PATH lives. */
async function javaHome(): Promise<string> {
  const java = execFileSync('/bin/sh', ['-c', 'command -v java'], { encoding: 'utf8' }).trim();
  return dirname(dirname(await realpath(java)));
}

interface User {
  uid: number;
  gid: number;
}

function nobody(): User {
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function give(root: string, { uid, gid }: User): Promise<void> {
  await chown(root, uid, gid);
  const entries = await readdir(root, { recursive: true });
  await Promise.all(entries.map((entry) => chown(join(root, entry), uid, gid)));
}
