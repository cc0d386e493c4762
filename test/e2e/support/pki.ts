// Knows the keys and certificates an API server needs, made with the openssl program.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const names = 'subjectAltName=IP:127.0.0.1,IP:127.0.0.2,IP:10.0.0.1,DNS:localhost,DNS:kubernetes.default.svc';

/** Where the files of one control plane are. */
export interface Pki {
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Signs and checks service-account tokens. */
  readonly serviceAccountKeyFile: string;
}

/** Makes an authority, a server certificate for loopback and a service-account key in a folder. */
export async function makePki(dir: string): Promise<Pki> {
  const at = (name: string): string => join(dir, name);
  const openssl = (...args: string[]): Promise<unknown> => execute('openssl', args, { cwd: dir });
  await writeFile(
    at('server.ext'),
    `${names}\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n`,
  );
  const authority = ['-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=sematext-audit-e2e-ca'];
  await openssl('req', '-x509', ...key, '-days', '2', ...authority);
  await openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=kube-apiserver');
  const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
  await openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    ...signer,
    '-extfile',
    'server.ext',
    '-out',
    'server.crt',
  );
  await openssl('genrsa', '-out', 'service-account.key', '2048');
  return {
    ca: await readFile(at('ca.crt'), 'utf8'),
    caFile: at('ca.crt'),
    certFile: at('server.crt'),
    keyFile: at('server.key'),
    serviceAccountKeyFile: at('service-account.key'),
  };
}
