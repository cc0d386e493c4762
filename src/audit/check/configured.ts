// Questions about how API servers are told to emit events: by their flags, and by the AuditSinks there are.
import { sinksIn } from '../backend/dynamic.ts';
import { seen } from '../facts.ts';
import type { ApiServer, Facts, Flags } from '../facts.ts';
import { bad, ok, skipped, unknown } from './check.ts';
import type { Check } from './check.ts';
import { listSinks } from './cluster.ts';
import { everyServerPosts } from './delivery.ts';

const seeFlags = 'allow get on /flagz, or get and list on pods in kube-system';

/** How one API server is told to emit events, as far as its flags and the AuditSinks show. */
export function backendsOf(facts: Facts, server: ApiServer): readonly string[] | undefined {
  const flags = seen(server.flags);
  const sinks = sinksIn(facts);
  const dynamic =
    'seen' in sinks && sinks.seen.length > 0 ? [`dynamic (${sinks.seen.length} AuditSinks)`] : [];
  if (flags === undefined) return dynamic.length > 0 ? dynamic : undefined;
  const all = [...dynamic, ...staticBackends(flags)];
  const mayHaveSinks = 'unseen' in sinks && sinks.unseen !== 'absent';
  return all.length === 0 && mayHaveSinks ? undefined : all;
}

function staticBackends(flags: Flags): readonly string[] {
  const policy = (flags['audit-policy-file'] ?? '') !== '';
  return [
    ...(policy && (flags['audit-webhook-config-file'] ?? '') !== '' ? ['webhook'] : []),
    ...(policy && (flags['audit-log-path'] ?? '') !== '' ? [`log-backend (${flags['audit-log-path']})`] : []),
  ];
}

/** Whether every API server has a backend configured. */
export const configured: Check = {
  id: 'backend-configured',
  title: 'Every API server has an audit backend',
  severity: 'error',
  code: 'unhealthy',
  ask: ({ facts }) => {
    const servers = facts.apiServers.map((server) => ({ server, backends: backendsOf(facts, server) }));
    const off = servers.filter(({ backends }) => backends?.length === 0);
    if (off.length > 0)
      return bad(
        `none on ${off.map(({ server }) => server.name).join(', ')}`,
        'kubectl sematext-audit enable',
      );
    const hidden = servers.find(({ backends }) => backends === undefined)?.server;
    if (hidden === undefined && servers.length > 0)
      return ok(servers.map(({ server, backends }) => `${server.name}: ${backends?.join(', ')}`).join('; '));
    const flags = hidden?.flags;
    if (flags !== undefined && 'unseen' in flags) return unknown(flags, seeFlags);
    const sinks = sinksIn(facts);
    return hidden !== undefined && 'unseen' in sinks
      ? unknown(sinks, listSinks)
      : unknown({ why: 'no API server was seen' }, seeFlags);
  },
};

/** Whether a static backend has its policy: without it the flags record nothing, silently. */
export const policyPresent: Check = {
  id: 'policy-present',
  title: 'A static backend has a policy file',
  severity: 'error',
  code: 'unhealthy',
  ask: (subject) => {
    const { facts } = subject;
    const flags = facts.apiServers.flatMap((server) =>
      'seen' in server.flags ? [{ name: server.name, flags: server.flags.seen }] : [],
    );
    const told = flags.filter((one) => one.flags['audit-webhook-config-file'] || one.flags['audit-log-path']);
    const without = told.filter((one) => (one.flags['audit-policy-file'] ?? '') === '');
    if (without.length > 0)
      return bad(
        `no --audit-policy-file on ${without.map(({ name }) => name).join(', ')}: nothing is recorded`,
        'set --audit-policy-file',
      );
    const hidden = facts.apiServers.find((server) => 'unseen' in server.flags)?.flags;
    if (hidden !== undefined && 'unseen' in hidden && !everyServerPosts(subject))
      return unknown(hidden, seeFlags);
    return told.length > 0 ? ok('yes') : skipped('no static backend is known');
  },
};

/** Whether all API servers are told the same. */
export const instancesAgree: Check = {
  id: 'instances-agree',
  title: 'All API servers have the same audit flags',
  severity: 'error',
  code: 'unhealthy',
  ask: ({ facts: { apiServers, endpoints } }) => {
    if (apiServers.length < 2)
      return 'unseen' in endpoints && endpoints.unseen !== 'absent'
        ? unknown(
            { ...endpoints, why: `how many API servers there are: ${endpoints.why}` },
            'allow get on endpoints in default',
          )
        : skipped('one API server');
    const audit = apiServers.flatMap(({ flags }) => ('seen' in flags ? [auditFlags(flags.seen)] : []));
    if (new Set(audit).size > 1)
      return bad(apiServers.map(({ name }) => name).join(', '), 'set the same audit flags on each');
    const hidden = apiServers.find(({ flags }) => 'unseen' in flags);
    return hidden !== undefined && 'unseen' in hidden.flags
      ? unknown({ ...hidden.flags, why: `${hidden.name}: ${hidden.flags.why}` }, seeFlags)
      : ok(`${audit.length} agree`);
  },
};

function auditFlags(flags: Flags): string {
  return JSON.stringify(
    Object.entries(flags)
      .filter(([name]) => name.startsWith('audit-'))
      .sort(),
  );
}
