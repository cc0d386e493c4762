// What it means for the user that the cluster gave no whole answer, and what to do about it.
import { Failure } from '../errors.ts';
import type { HttpError, HttpReason } from './http.ts';

const advice: Partial<Record<HttpReason, readonly string[]>> = {
  dns: ['Check the server in the kubeconfig, and whether a VPN is needed.'],
  refused: ['Check that the cluster is running and that the server in the kubeconfig is the right one.'],
  unreachable: ['Check the network and whether a VPN is needed.'],
  timeout: ['Check the network, the VPN and firewalls; give it longer with --request-timeout.'],
  tls: [
    'Check certificate-authority in the kubeconfig; --tls-server-name helps when only the name differs.',
    'Behind a company proxy that re-signs TLS, set NODE_EXTRA_CA_CERTS to its certificate.',
  ],
  proxy: ['Check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY.'],
  reset: ['Try again; a proxy or load balancer in between may have closed the connection.'],
  protocol: ['Check the server in the kubeconfig: something other than an API server listens there.'],
};

/** The failure for a request to the API server that brought no whole answer. */
export function unreachable(error: HttpError): Failure {
  if (error.reason === 'too-large')
    return new Failure(
      'cluster-answer',
      `The API server ${error.host} answered with more than 64 MiB.`,
      [],
      error,
    );
  if (error.reason === 'truncated')
    return new Failure(
      'cluster-answer',
      `The answer of the API server ${error.host} broke off.`,
      ['Try again.'],
      error,
    );
  if (error.reason === 'invalid')
    return new Failure(
      'usage',
      'The request for the cluster cannot be sent: a name to act as is malformed.',
      ['Check --as, --as-group and --as-uid.'],
    );
  const message = `The cluster at ${error.host} cannot be reached: ${error.why}.`;
  return new Failure('cluster-unreachable', message, advice[error.reason] ?? [], error);
}
