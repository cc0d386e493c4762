// The real API servers under the contract that those of the imitated node are under.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startUpContract, type Files } from '../contract/start-up.contract.ts';
import { makePki } from './support/pki.ts';
import { partPath } from './support/parts.ts';
import { folder, freePort } from './support/running.ts';

async function startUp(version: string, flags: readonly string[], files: Files): Promise<string> {
  const home = await folder('start-up');
  const here = (text: string): string => text.replace(/\/(config|log)\//g, `${home.path}/$1/`);
  for (const name of ['config', 'log', 'pki']) await mkdir(join(home.path, name));
  for (const [path, text] of Object.entries(files)) await writeFile(here(path), text);
  const pki = await makePki(join(home.path, 'pki'));
  const args = [
    '--etcd-servers=http://127.0.0.1:1', // nobody is there: it ends before it would need it
    `--cert-dir=${home.path}`,
    `--secure-port=${await freePort()}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    `--service-account-key-file=${pki.serviceAccountKeyFile}`,
    `--service-account-signing-key-file=${pki.serviceAccountKeyFile}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    ...flags.map(here),
  ];
  const log = await new Promise<string>((resolve) => {
    execFile(
      partPath('kube-apiserver', 'kube-apiserver', version),
      args,
      { timeout: 20_000 },
      (_error, out, err) => resolve(out + err),
    );
  });
  await home.remove();
  return log.replaceAll(home.path, '');
}

for (const version of ['1.18.19', '1.37.2'])
  startUpContract(`real ${version}`, version, (flags, files) => startUp(version, flags, files));
