// Versions as text, in the manner of `kubectl version`.
import type { Versions } from '../audit/versions.ts';

/** One line per side. */
export function viewVersion({ client, server }: Versions): string {
  const lines = [`Client Version: ${client.version} (Node.js ${client.node}, ${client.platform})`];
  if (server !== undefined)
    lines.push(`Server Version: ${'version' in server ? server.version : 'not known'}`);
  return `${lines.join('\n')}\n`;
}
