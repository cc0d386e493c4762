// The embedded parts under the contracts that the real ones are under (test/e2e/contract.test.ts).
import { request as https } from 'node:https';
import { adminToken, startApiServer } from '../../src/demo/api-server.ts';
import { startSematext } from '../../src/demo/sematext.ts';
import { secrets } from '../support/secrets.ts';
import { apiServerContract } from './api-server.contract.ts';
import { sematextContract } from './sematext.contract.ts';
import { bodyOf, type Reply, type Setup, type Subject, type Who } from './subject.ts';

const bearers: Readonly<Record<Who, string | undefined>> = {
  admin: adminToken,
  limited: 'limited',
  unknown: 'nobody',
  anonymous: undefined,
};

const users = {
  [adminToken]: { name: 'admin', groups: ['system:masters'] },
  limited: { name: 'limited', groups: [], may: () => false },
};

function ask(
  url: string,
  ca: string,
  sending: { method: string; headers: object; body: string | undefined },
): Promise<Reply> {
  const { method, headers, body } = sending;
  return new Promise((resolve, reject) => {
    const outgoing = https(url, { method, headers: { ...headers }, ca, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
    });
    outgoing.on('error', reject).end(body);
  });
}

async function start(
  version: '1.18.19' | '1.37.2',
  { webhook, auditSinks = false }: Setup,
): Promise<Subject> {
  const old = auditSinks && version === '1.18.19';
  const server = await startApiServer({
    version,
    users,
    batchMs: 50,
    auditSinks: { served: old, honoured: old },
    ...(webhook && !old && { webhook: { url: webhook, policyLevel: 'RequestResponse' as const } }),
  });
  return {
    version,
    auditSinks: old,
    settleMs: 0,
    request: (method, path, { headers, body, user = 'admin' } = {}) => {
      const bearer = bearers[user];
      const sent = bodyOf(body);
      const all = { ...sent.headers, ...(bearer && { authorization: `Bearer ${bearer}` }), ...headers };
      return ask(`${server.url}${path}`, server.ca, { method, headers: all, body: sent.text });
    },
    stop: server.stop,
  };
}

for (const version of ['1.18.19', '1.37.2'] as const)
  apiServerContract(`embedded ${version}`, { version, start: (setup) => start(version, setup) });

sematextContract('embedded', async () => {
  const sematext = await startSematext({ apiKey: secrets.apiKey });
  return { ...sematext, unknownToken: 404 };
});
