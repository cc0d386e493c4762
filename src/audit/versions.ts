// Versions on both sides of the wire, and how an API server says its own.
import type { Code } from '../errors.ts';
import type { ServerVersion } from './facts.ts';

/** What `version` reports. */
export interface Versions {
  readonly client: { readonly version: string; readonly node: string; readonly platform: string };
  /** Absent when only the client was asked for; `unknown` when the cluster did not say. */
  readonly server?:
    { readonly version: string } | { readonly unknown: { readonly code: Code; readonly why: string } };
}

/** The newest Kubernetes that this tool was tried on: what is assumed where no version is known. */
export const newestKnown: ServerVersion = { gitVersion: 'v1.37.0', major: 1, minor: 37 };

/** The version in an API server's answer to /version; undefined when it is no such answer. */
export function gitVersionIn(text: string): string | undefined {
  try {
    const { gitVersion } = (JSON.parse(text) ?? {}) as { gitVersion?: unknown };
    return typeof gitVersion === 'string' ? gitVersion : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
