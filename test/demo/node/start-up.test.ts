// API servers of the imitated node under the contract that the real ones are under (test/e2e/start-up.test.ts).
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNode, type OneNode } from '../../../src/demo/node/nodes.ts';
import { startUpContract, type Files } from '../../contract/start-up.contract.ts';
import { fresh } from '../../contract/subject.ts';
import { ask } from './ask.ts';

const releases = ['1.18.19', '1.37.2'] as const;

function pod(node: string, name: string, flags: readonly string[]): object {
  const host = (path: string): object => ({
    name: path,
    hostPath: { path: `/${path}`, type: 'DirectoryOrCreate' },
  });
  const container = {
    name: 'kube-apiserver',
    image: 'registry.k8s.io/kube-apiserver:v1.37.2',
    command: ['kube-apiserver', '--secure-port=7443', ...flags],
    volumeMounts: ['config', 'log'].map((path) => ({ name: path, mountPath: `/${path}` })),
  };
  const spec = {
    nodeName: node,
    restartPolicy: 'Never',
    containers: [container],
    volumes: ['config', 'log'].map(host),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

async function startUp(cluster: OneNode, flags: readonly string[], files: Files): Promise<string> {
  const { node } = cluster;
  rmSync(join(node.root, 'config'), { recursive: true, force: true });
  mkdirSync(join(node.root, 'config'));
  for (const [path, text] of Object.entries(files)) writeFileSync(join(node.root, path), text);
  const name = fresh('server');
  const at = `/api/v1/namespaces/default/pods`;
  await ask(cluster, 'POST', at, pod(node.name, name, flags));
  for (;;) {
    const { status } = JSON.parse((await ask(cluster, 'GET', `${at}/${name}`)).text) as {
      status?: { phase: string };
    };
    if (status?.phase === 'Failed') return (await ask(cluster, 'GET', `${at}/${name}/log`)).text;
    await sleep(5);
  }
}

for (const version of releases)
  describe(`imitated ${version}`, () => {
    let cluster: OneNode;
    before(async () => {
      cluster = await startNode({ version });
    });
    after(() => cluster.stop());
    startUpContract('imitated', version, (flags, files) => startUp(cluster, flags, files));
  });
