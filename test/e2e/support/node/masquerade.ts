// Knows how to give a node the rule that its pod network would have. As long as somebody's rules translate addresses,
// the kernel does so for the connections that it has; where the redirect were the only one, connections that a twin
// still has when the redirect goes would be cut (docs/how-it-changes-your-api-server.md).
import type { Node } from '../node.ts';

/** What pods send elsewhere comes from the node's address. */
export async function masquerade({ exec }: Node): Promise<void> {
  const pods = '10.244.0.0/16';
  const rule = `ip saddr ${pods} ip daddr != ${pods} masquerade`;
  const chain = `chain leave {\ntype nat hook postrouting priority 100;\n${rule}\n}`;
  await exec('nft -f -', `table ip pods {\n${chain}\n}\n`);
}
