// Knows where the real parts lie that parts/build.sh built, and in which version.
// A part that is not built is an error, never a reason to skip a test.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const table = fileURLToPath(new URL('../parts/parts.txt', import.meta.url));

/** The names in parts.txt. */
export type PartName =
  | 'cni-plugins'
  | 'containerd'
  | 'etcd'
  | 'helm'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-proxy'
  | 'kube-scheduler'
  | 'kubeadm'
  | 'kubectl'
  | 'kubelet'
  | 'logagent'
  | 'logagent-image'
  | 'node'
  | 'node-images'
  | 'opensearch'
  | 'policy-oracle';

/** The folder that all parts are kept in, the same one build.sh uses. */
export function partsFolder(): string {
  const own = process.env['SEMATEXT_AUDIT_PARTS'];
  if (own) return join(own, 'parts');
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kubectl-sematext-audit', 'parts');
}

/** The versions of a part that parts.txt lists, in its order. */
export function versionsOf(name: PartName): string[] {
  const rows = readFileSync(table, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));
  return rows.flatMap(([part, version]) => (part === name && version ? [version] : []));
}

/** A built part's folder below partsFolder; throws, saying how to build it, when it is not there. */
export function partFolder(name: PartName, version = onlyVersion(name)): string {
  partPath(name, '', version);
  return `${name}-${version}`;
}

/** A path inside a built part; throws, saying how to build it, when it is not there. */
export function partPath(name: PartName, inside: string, version = onlyVersion(name)): string {
  const path = join(partsFolder(), `${name}-${version}`, inside);
  if (!existsSync(path)) {
    throw new Error(
      `The real part ${name} ${version} is not built (no ${path}). ` +
        `Build it with: test/e2e/parts/build.sh ${name}-${version}`,
    );
  }
  return path;
}

function onlyVersion(name: PartName): string {
  const [version, ...others] = versionsOf(name);
  if (version === undefined) throw new Error(`parts.txt lists no ${name}`);
  if (others.length > 0) throw new Error(`parts.txt lists several versions of ${name}: say which`);
  return version;
}
