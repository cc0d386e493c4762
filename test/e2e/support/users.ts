// Knows the users of a test API server: their tokens, groups and kubeconfig files.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * admin may do everything (system:masters); auditor has what grantAuditor gave it;
 * limited has nothing until a test binds it.
 */
export type ApiUser = 'admin' | 'auditor' | 'limited';

const groups: Record<ApiUser, readonly string[]> = { admin: ['system:masters'], auditor: [], limited: [] };
const everyone = Object.keys(groups) as ApiUser[];

/** Users of one test, by their names, with their groups; nothing is theirs until a test binds it. */
export type MoreUsers = Readonly<Record<string, readonly string[]>>;

/** The users of one control plane, on disk. */
export interface Users {
  /** For --token-auth-file. */
  readonly tokenFile: string;
  /** Of one that there is; else empty. */
  token(user: string): string;
}

/** Gives every user a token and writes the file with them. */
export async function makeUsers(dir: string, more: MoreUsers = {}): Promise<Users> {
  const all = Object.entries({ ...groups, ...more });
  const tokens = Object.fromEntries(all.map(([user]) => [user, randomBytes(16).toString('hex')]));
  const token = (user: string): string => tokens[user] ?? '';
  const tokenFile = join(dir, 'tokens.csv');
  const lines = all.map(
    ([user, theirs]) => `${token(user)},${user},${user}${theirs.length > 0 ? `,"${theirs.join(',')}"` : ''}`,
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
