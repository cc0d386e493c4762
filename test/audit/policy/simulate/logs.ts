// Logs for simulations: events as an API server writes them, by what was asked, and policies as texts.
import { eventOf } from '../../../../src/audit/event/event.ts';
import type { Event } from '../../../../src/audit/event/event.ts';
import type { Policy } from '../../../../src/audit/policy/policy.ts';
import { askedBy } from '../../../../src/audit/policy/request.ts';
import { Simulation } from '../../../../src/audit/policy/simulate/simulation.ts';
import type { Counted } from '../../../../src/audit/policy/simulate/simulation.ts';
import { version } from '../../../support/facts.ts';

export const newest = version('v1.37.2');

/** What an event is of, where it is not the end of a get of a pod at Metadata by alice. */
export interface Told {
  readonly method?: string;
  readonly uri?: string;
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly as?: string;
  readonly level?: string;
  readonly stage?: string;
  readonly code?: number;
  /** Of a created object: the event has it, the policy was asked without. */
  readonly named?: string;
  readonly at?: string;
  readonly request?: unknown;
  readonly response?: unknown;
}

export function jsonOf(told: Told): Record<string, unknown> {
  const { method = 'GET', uri = '/api/v1/namespaces/shop/pods/web', stage = 'ResponseComplete' } = told;
  const asked = askedBy(method, uri);
  if (asked === undefined) throw new Error(`nothing is asked by ${uri}`);
  const { verb, resourceRequest, resource, namespace, subresource, apiGroup } = asked;
  const at = told.at ?? '2026-11-22T17:00:00.000000Z';
  return {
    ...{
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: told.level ?? 'Metadata',
      auditID: 'id',
      stage,
    },
    ...{ requestURI: uri, verb, user: { username: told.user ?? 'alice', groups: told.groups ?? [] } },
    ...(told.as !== undefined && { impersonatedUser: { username: told.as } }),
    ...(resourceRequest && {
      objectRef: { resource, namespace, name: told.named ?? asked.name, apiGroup, subresource },
    }),
    ...(stage !== 'RequestReceived' && { responseStatus: { metadata: {}, code: told.code ?? 200 } }),
    ...(told.request !== undefined && { requestObject: told.request }),
    ...(told.response !== undefined && { responseObject: told.response }),
    ...{ requestReceivedTimestamp: at, stageTimestamp: at },
  };
}

export function eventIn(told: Told = {}): Event {
  const json = jsonOf(told);
  return eventOf(json, JSON.stringify(json));
}

/** Bytes of an event's line. */
export const bytesOf = (told: Told): number => Buffer.byteLength(JSON.stringify(jsonOf(told))) + 1;

/** What is counted of a log. */
export function counted(policy: Policy, log: readonly (Told | Event)[], old?: Policy, top = 100): Counted {
  const simulation = new Simulation(policy, newest, old);
  for (const one of log) simulation.add('auditId' in one ? one : eventIn(one));
  return simulation.counted(top);
}
