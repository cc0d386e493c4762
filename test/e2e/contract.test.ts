// The real kube-apiservers, Logagent and OpenSearch under the contracts that the embedded ones are under: what the
// unit tests take for granted is what the real things do.
import { apiServerContract } from '../contract/api-server.contract.ts';
import { sematextContract } from '../contract/sematext.contract.ts';
import { bodyOf, type Reply, type Sending, type Setup, type Subject } from '../contract/subject.ts';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { startEtcd } from './support/etcd.ts';
import { exchange } from './support/http.ts';
import { startSematext } from './support/sematext.ts';

const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: RequestResponse
`;

async function ask(server: ApiServer, method: string, path: string, sending: Sending): Promise<Reply> {
  const { user = 'admin' } = sending;
  const bearer = { unknown: 'nobody', anonymous: undefined }[user as string] ?? tokenOf(server, user);
  const { text, headers } = bodyOf(sending.body);
  const all = { ...headers, ...(bearer && { authorization: `Bearer ${bearer}` }), ...sending.headers };
  const sent = { method, headers: all, ca: server.ca, ...(text !== undefined && { body: text }) };
  const reply = await exchange(`${server.url}${path}`, sent);
  return { status: reply.status, headers: reply.headers, text: reply.body };
}

function tokenOf(server: ApiServer, user: string): string | undefined {
  return user === 'admin' || user === 'limited' ? server.tokenOf(user) : undefined;
}

async function start(
  version: '1.18.19' | '1.37.2',
  { webhook, auditSinks = false }: Setup,
): Promise<Subject> {
  const old = auditSinks && version === '1.18.19';
  const etcd = await startEtcd();
  const audit = { auditSink: old, ...(webhook && !old && { webhook: { url: webhook, policy } }) };
  const server = await startApiServer({ version, etcd, ...audit });
  return {
    version,
    auditSinks: old,
    settleMs: 1000,
    request: (method, path, sending = {}) => ask(server, method, path, sending),
    stop: async () => {
      await server.stop();
      await etcd.stop();
    },
  };
}

for (const version of ['1.18.19', '1.37.2'] as const)
  apiServerContract(`real ${version}`, { version, start: (setup) => start(version, setup) });

sematextContract('Logagent and OpenSearch', async () => {
  const sematext = await startSematext({ apiKey: secrets.apiKey });
  const { receiverUrl, searchUrl, apiKey, stop } = sematext;
  // the proxy before OpenSearch asks it to take an index that is not there for an empty one
  return { receiverUrl, searchUrl, apiKey, unknownToken: 200, stop };
});
