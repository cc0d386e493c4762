// Knows the users of a test API server: their tokens, groups and kubeconfig files.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * admin may do everything (system:masters); auditor has what grantAuditor gave it;
 * limited has nothing until a test binds it.
 */
export type ApiUser = 'admin' | 'auditor' | 'limited';

const groups: Record<ApiUser, string> = { admin: 'system:masters', auditor: '', limited: '' };
const everyone = Object.keys(groups) as ApiUser[];

/** The users of one control plane, on disk. */
export interface Users {
  /** For --token-auth-file. */
  readonly tokenFile: string;
  token(user: ApiUser): string;
}

/** Gives every user a token and writes the file with them. */
export async function makeUsers(dir: string): Promise<Users> {
  const tokens = Object.fromEntries(everyone.map((user) => [user, randomBytes(16).toString('hex')]));
  const token = (user: ApiUser): string => tokens[user] ?? '';
  const tokenFile = join(dir, 'tokens.csv');
  const lines = everyone.map(
    (user) => `${token(user)},${user},${user}${groups[user] && `,"${groups[user]}"`}`,
  );
  await writeFile(tokenFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  return { tokenFile, token };
}

/** Writes a kubeconfig for each user of a server and returns where each one is. */
export async function writeKubeconfigs(
  dir: string,
  server: { url: string; caFile: string },
  users: Users,
): Promise<(user: ApiUser) => string> {
  await mkdir(dir, { recursive: true });
  const path = (user: ApiUser): string => join(dir, `${user}.kubeconfig`);
  for (const user of everyone) {
    await writeFile(path(user), kubeconfig(server, user, users.token(user)), { mode: 0o600 });
  }
  return path;
}

function kubeconfig(server: { url: string; caFile: string }, user: ApiUser, token: string): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: e2e
    cluster:
      server: ${server.url}
      certificate-authority: ${server.caFile}
users:
  - name: ${user}
    user:
      token: ${token}
contexts:
  - name: e2e
    context: { cluster: e2e, user: ${user} }
current-context: e2e
`;
}
