// What each command brings, as its JSON holds it and its view shows it; schemas in docs/schema.
import type { AuditSink } from './backend/audit-sink.ts';
import type { Finding } from './check/check.ts';
import type { State } from './check/state.ts';
import type { ProbeResult } from './event/proof.ts';
import type { ApiServer } from './facts.ts';
import type { AuditRecord } from './plan/record.ts';
import type { Plan } from './plan/step.ts';
import type { BackendChoice } from './target/backend-for.ts';
import type { ByHand } from './target/byhand.ts';
import type { Recognition } from './target/recognise.ts';

export interface StatusResult {
  /** When it was looked, ISO 8601. */
  readonly at: string;
  readonly state: State;
  /** Delivering (or running, where the user left out whether events arrive), and no check that counts stands in the way. */
  readonly healthy: boolean;
  readonly server: string;
  readonly controlPlane: Recognition;
  readonly apiServers: readonly {
    readonly name: string;
    /** Not there when neither its flags nor AuditSinks could be seen. */
    readonly backends?: readonly string[];
    readonly flagsFrom: ApiServer['flagsFrom'];
  }[];
  readonly checks: readonly Finding[];
}

export interface TestEventResult {
  readonly verdict: 'delivered' | 'not-delivered' | 'not-verified';
  readonly probes: readonly ProbeResult[];
  /** What was not verified and why; what is to be known besides. */
  readonly notes: readonly string[];
}

export interface EnableResult {
  /** `refused` when a check stood in the way, `rehearsed` when the twins said yes: nothing was changed. */
  readonly outcome: 'enabled' | 'unchanged' | 'planned' | 'rehearsed' | 'refused';
  readonly backend: { readonly name: BackendChoice['backend']; readonly why: string };
  readonly controlPlane: Recognition;
  readonly server: string;
  readonly checks: readonly Finding[];
  readonly plan: Plan;
  /** Of the dynamic backend: what a GitOps repository would hold; the token's slot stands in it. */
  readonly auditSink?: AuditSink;
  readonly proof?: TestEventResult;
  /** What a person can do where the tool cannot. */
  readonly byHand?: ByHand;
  readonly notes: readonly string[];
}

export interface DisableResult {
  readonly outcome: 'disabled' | 'nothing-to-do' | 'planned';
  readonly plan: Plan;
  /** The run that is taken back; absent without a record. */
  readonly record?: AuditRecord;
}

/** One command of the demo and what it did. */
export interface DemoStep {
  readonly command: string;
  readonly exit: number;
  readonly expected: number;
  readonly ms: number;
  /** Its standard output. */
  readonly output: string;
}

export interface DemoResult {
  /** What it ran on: embedded parts, or somebody's own binaries. */
  readonly parts: string;
  readonly steps: readonly DemoStep[];
  readonly seconds: number;
  /** Whether every command exited as it should. */
  readonly asExpected: boolean;
}
