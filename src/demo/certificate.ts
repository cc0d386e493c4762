// A certificate for the embedded API server: kubectl, and this tool like it, send no credentials without TLS.
import { generate } from 'selfsigned';

/** PEM texts; the certificate is its own authority. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A fresh one for these addresses and for the names that every API server's certificate has. */
export async function makeCertificate(addresses: readonly string[] = []): Promise<Certificate> {
  const ips = ['127.0.0.1', ...addresses].map((ip) => ({ type: 7 as const, ip }));
  const names = ['kubernetes.default.svc', 'localhost'].map((value) => ({ type: 2 as const, value }));
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [...ips, ...names] }],
  });
  return { key, cert };
}
