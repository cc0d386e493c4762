// The texts of the agent's plugin, by the names that they are sent under. In the sources they are files of
// src/audit/agent; the build puts a module of the same shape in this one's place, with the texts written in.
import { readFileSync } from 'node:fs';
import type { AgentScripts } from '../audit/agent/logagent.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../audit/agent/${name}`, import.meta.url), 'utf8');

/** Loaded when an agent is set up, and only then. */
export async function agentScripts(): Promise<AgentScripts> {
  return {
    'audit-files.cjs': read('audit-files.cjs'),
    'audit-bulk.cjs': read('audit-bulk.cjs'),
    'audit-cri.cjs': read('audit-cri.cjs'),
  };
}
