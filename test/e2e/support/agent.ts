// Knows how to run Logagent as our DaemonSet does: the image's Node, the generated configuration, and no more rights
// than the container has. As root that is a mount namespace with a read-only root, and no capability.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentFiles } from '../../../src/audit/agent/logagent.ts';
import { configFolder, stateFolder } from '../../../src/audit/agent/places.ts';
import { sinkOf } from '../../../src/audit/sink/sematext.ts';
import { agentScripts } from '../../../src/io/agent-scripts.ts';
import { partPath } from './parts.ts';
import { folder, run, type Running } from './running.ts';

/** What stays of an agent when its pod ends. */
export interface AgentHome {
  readonly state: string;
  /** Starts a pod, as it were. */
  start(): Promise<Running>;
  remove(): Promise<void>;
}

/** Sets an agent up; paths of the container lead into a temporary folder, all else is as generated. */
export async function agentHome(settings: {
  readonly logPath: string;
  readonly receiverUrl: string;
  readonly token: string;
}): Promise<AgentHome> {
  const { logPath, receiverUrl, token } = settings;
  const home = await folder('agent');
  const [config, state] = [join(home.path, 'config'), join(home.path, 'state')];
  await Promise.all([mkdir(config), mkdir(state)]);
  const files = agentFiles({ sink: sinkOf('us', receiverUrl), logPath, scripts: await agentScripts() });
  for (const [name, text] of Object.entries(files))
    await writeFile(join(config, name), text.replaceAll(configFolder, config).replaceAll(stateFolder, state));
  const logagent = partPath('logagent', 'node_modules/@sematext/logagent/bin/logagent.js');
  const program = [partPath('node', 'node'), logagent, '-c', join(config, 'logagent.conf')];
  const [command = '', ...args] = process.getuid?.() === 0 ? confined(state, program) : program;
  return {
    state,
    remove: home.remove,
    start: () =>
      run({
        name: 'agent',
        command,
        args,
        cwd: '/',
        env: { LOGS_TOKEN: token, NODE_NAME: 'control-plane-1' },
      }),
  };
}

/** Only `writable` can be written, and root has nothing but root's own files. */
function confined(writable: string, program: readonly string[]): readonly string[] {
  const script = [
    'mount --bind "$1" "$1"',
    'mount -o remount,bind,ro /',
    'shift',
    'exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"',
  ];
  return ['/usr/bin/unshare', '--mount', '/bin/sh', '-c', script.join(' && '), 'sh', writable, ...program];
}
