// The files of an API server, read through the mounts of its container, and what it says of those it cannot read
// (apiserver pkg/audit/policy/reader.go, pkg/util/webhook, pkg/server/options/audit.go).
import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { evaluate } from '../../../audit/policy/evaluate.ts';
import type { Policy } from '../../../audit/policy/policy.ts';
import { readPolicy } from '../../../audit/policy/read.ts';
import { levels } from '../../../audit/backend/audit-sink.ts';
import type { Asked, Rule } from '../../kubernetes/audit-trail.ts';
import type { Release } from '../../kubernetes/kinds.ts';
import { isRecord } from '../../kubernetes/object.ts';
import type { StaticAudit } from '../../kubernetes/process.ts';
import { located, type Mount } from '../mounts.ts';
import { Fatal } from './command-line.ts';

/** What the system says of a file, in Go's words. */
const causes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
  EROFS: 'read-only file system',
  EEXIST: 'not a directory',
  ENOSPC: 'no space left on device',
};

function cause(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return causes[code] ?? message;
}

/** Reads a file of the container. @throws Fatal with what Go's open or read says */
export function readIn(mounts: readonly Mount[], path: string): string {
  const there = located(mounts, path);
  if (!there) throw new Fatal(`open ${path}: no such file or directory`);
  try {
    return readFileSync(there.path, 'utf8');
  } catch (error) {
    const what = cause(error);
    throw new Fatal(`${what === causes['EISDIR'] ? 'read' : 'open'} ${path}: ${what}`);
  }
}

function parsed(text: string, begin: string): unknown {
  try {
    return parse(text, { uniqueKeys: false }) as unknown;
  } catch (error) {
    const { linePos } = error as { linePos?: readonly { line: number }[] };
    // go-yaml counts the lines of these from 0, and does not name the first
    const line = (linePos?.[0]?.line ?? 1) - 1;
    throw new Fatal(`${begin}yaml: ${line > 0 ? `line ${line}: ` : ''}did not find expected node content`);
  }
}

function refusePolicy(read: unknown, release: Release): void {
  const { apiVersion, kind = 'Policy', rules } = isRecord(read) ? read : {};
  if (!apiVersion)
    throw new Fatal('unknown group version field audit.k8s.io/__internal, Kind=Policy in policy');
  const old = release === '1.18.19';
  const versions = ['audit.k8s.io/v1', ...(old ? ['audit.k8s.io/v1beta1', 'audit.k8s.io/v1alpha1'] : [])];
  if (kind !== 'Policy' || !versions.includes(String(apiVersion)))
    throw new Fatal(
      `failed decoding: no kind "${String(kind)}" is registered for version "${String(apiVersion)}" in scheme ` +
        `"pkg/runtime/scheme.go:${old ? 101 : 111}"`,
    );
  const all = Array.isArray(rules) ? (rules as Record<string, unknown>[]) : [];
  all.forEach(({ level }, i) => {
    if (!levels.includes(level as 'None'))
      throw new Fatal(
        `rules[${i}].level: Unsupported value: ${JSON.stringify(level ?? '')}: supported values: ` +
          levels.map((one) => `"${one}"`).join(', '),
      );
  });
  if (all.length === 0) throw new Fatal('loaded illegal policy with 0 rules');
}

function loadPolicy(text: string, path: string, release: Release): Policy {
  try {
    refusePolicy(parsed(text, 'failed decoding: '), release);
    const { policy } = readPolicy(text, versionOf(release));
    if (!policy?.rules) throw new Fatal('failed decoding: the rules are no list');
    return { ...policy, rules: policy.rules };
  } catch (error) {
    if (error instanceof Fatal) throw new Fatal(`${error.message}: from file ${path}`);
    throw error;
  }
}

function versionOf(release: Release): { gitVersion: string; major: number; minor: number } {
  return { gitVersion: `v${release}`, major: 1, minor: Number(release.split('.')[1]) };
}

/** How a policy decides on a request of this server. */
function ruleOf(policy: Policy, release: Release): Rule {
  const version = versionOf(release);
  return ({ info, user }: Asked) => {
    const { group: apiGroup, isResource: resourceRequest, ...rest } = info;
    const known = user && { user: { name: user.username, groups: user.groups } };
    const { level, omitStages } = evaluate(policy, { ...rest, ...known, apiGroup, resourceRequest }, version);
    return { level, omitStages };
  };
}

/** The rule of the policy file. @throws Fatal */
export function readRule(mounts: readonly Mount[], path: string, release: Release): Rule {
  try {
    const text = read(mounts, path);
    return ruleOf(loadPolicy(text, path, release), release);
  } catch (error) {
    throw new Fatal(`loading audit policy file: ${(error as Error).message}`);
  }
}

function read(mounts: readonly Mount[], path: string): string {
  try {
    return readIn(mounts, path);
  } catch (error) {
    throw new Fatal(`failed to read file path "${path}": ${(error as Error).message}`);
  }
}

interface Kubeconfig {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; 'certificate-authority-data'?: string };
  }[];
}

/** Where the webhook's kubeconfig leads. @throws Fatal */
export function readWebhook(mounts: readonly Mount[], path: string): NonNullable<StaticAudit['webhook']> {
  const begin = 'initializing audit webhook: ';
  const there = located(mounts, path);
  if (!there || !statSync(there.path, { throwIfNoEntry: false }))
    throw new Fatal(`${begin}stat ${path}: no such file or directory`);
  const config = parsed(
    readIn(mounts, path),
    `${begin}error loading config file "${path}": `,
  ) as Kubeconfig | null;
  const cluster = config?.clusters?.[0]?.cluster;
  if (!cluster?.server)
    throw new Fatal(
      `${begin}invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable`,
    );
  const authority = cluster['certificate-authority-data'];
  return {
    url: cluster.server,
    ...(authority !== undefined && { authority: Buffer.from(authority, 'base64').toString() }),
  };
}

/** An audit log that is open. */
export interface AuditLog {
  readonly write: (line: string) => void;
  close(): void;
}

/**
 * Opens the audit log, as from 1.22 on: its folder 0700, the file 0600. A path that no mount covers is in the
 * container's own layer, which goes with it.
 * @param layer stands for that layer
 * @throws Fatal
 */
export function openAuditLog(mounts: readonly Mount[], path: string, layer: string): AuditLog {
  const there = located(mounts, path) ?? { path: join(layer, path), readOnly: false };
  const begin = 'ensureLogFile: ';
  if (there.readOnly) throw new Fatal(`${begin}open ${path}: ${causes['EROFS']}`);
  try {
    mkdirSync(dirname(there.path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Fatal(`${begin}mkdir ${dirname(path)}: ${cause(error)}`);
  }
  let file: number;
  try {
    file = openSync(there.path, 'a', 0o600);
  } catch (error) {
    throw new Fatal(`${begin}open ${path}: ${cause(error)}`);
  }
  return { write: (line) => void writeSync(file, `${line}\n`), close: () => closeSync(file) };
}
