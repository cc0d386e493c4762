// Questions about the cluster itself: whether it has the AuditSink API, honours it, and lets us in.
import {
  billingTwice,
  hasAuditSinks,
  missingSwitches,
  ownSink,
  sinksIn,
  switches,
} from '../backend/dynamic.ts';
import { seen } from '../facts.ts';
import type { ApiServer, Facts } from '../facts.ts';
import { isAuditing } from '../metrics.ts';
import { names } from '../names.ts';
import { bad, ok, skipped, unknown, whenSeen } from './check.ts';
import type { Answer, Check, Subject } from './check.ts';

/** What lets a user see the AuditSinks. */
export const listSinks = 'allow list on auditsinks.auditregistration.k8s.io';

/** Whether the API server's version has AuditSink at all. */
export const serverVersion: Check = {
  id: 'server-version',
  title: 'The API server has the AuditSink API (1.13 to 1.18)',
  severity: 'error',
  code: 'dynamic-removed',
  ask: ({ facts: { version } }) =>
    hasAuditSinks(version)
      ? ok(version.gitVersion)
      : bad(
          version.major === 1 && version.minor < 13
            ? `${version.gitVersion}: AuditSink came with Kubernetes 1.13`
            : `${version.gitVersion}: AuditSink was removed in Kubernetes 1.19`,
          'leave out --dynamic: kubectl sematext-audit enable says which backend replaces it here, and how',
        ),
};

/** Whether the group is served, which proves --runtime-config alone. */
export const sinksServed: Check = {
  id: 'auditsink-served',
  title: 'The AuditSink API is served',
  severity: 'error',
  code: 'target-unsupported',
  ask: ({ facts }) => {
    if (!hasAuditSinks(facts.version)) return skipped('AuditSink does not exist in this version');
    const look = facts.auditSinks;
    if ('seen' in look) return ok('auditregistration.k8s.io/v1alpha1 is served');
    return look.unseen === 'absent'
      ? bad('auditregistration.k8s.io/v1alpha1 is not served', setSwitches(facts))
      : unknown(look, listSinks);
  },
};

// Where flags are out of sight, an API that is served proves the first switch.
function setSwitches({ apiServers, auditSinks }: Facts): string {
  const all = switches.map(({ flag }) => flag);
  const maybe = 'seen' in auditSinks ? all.filter((flag) => !flag.startsWith('--runtime-config')) : all;
  const missing = apiServers.flatMap(({ flags }) => seen(missingSwitches(flags)) ?? maybe);
  return `set ${all.filter((flag) => missing.includes(flag)).join(' ')} on every API server`;
}

/** Whether sinks are honoured: gate and flag, as far as flags can be seen. */
export const switchesOn: Check = {
  id: 'switches',
  title: 'Every API server honours AuditSinks',
  severity: 'error',
  code: 'target-unsupported',
  ask: ({ facts }) => {
    if (!hasAuditSinks(facts.version)) return skipped('AuditSink does not exist in this version');
    const looks = facts.apiServers.map(({ name, flags }) => ({ name, missing: missingSwitches(flags) }));
    const off = looks.flatMap(({ name, missing }) =>
      (seen(missing) ?? []).map((flag) => `${name} lacks ${flag}`),
    );
    if (off.length > 0)
      return bad(
        off.join('; '),
        'set the switches on every API server: kubectl sematext-audit enable --dynamic shows how',
      );
    const deaf = facts.apiServers.filter(({ flags, metrics }) => 'unseen' in flags && auditsNothing(metrics));
    if (deaf.length > 0)
      return bad(
        `${deaf.map(({ name }) => name).join(', ')} audits nothing: one of the switches is off`,
        setSwitches(facts),
      );
    const hidden = looks.find(({ missing }) => 'unseen' in missing)?.missing;
    if (hidden !== undefined && 'unseen' in hidden)
      return unknown(hidden, 'only proof of delivery can show it: kubectl sematext-audit test-event');
    return looks.length === 0
      ? unknown({ why: 'no API server was seen' }, 'check the connection')
      : ok('all three switches are on');
  },
};

// With the switches on, every request is counted, sink or not (apiserver pkg/audit/policy/dynamic.go).
function auditsNothing(metrics: ApiServer['metrics']): boolean {
  return 'seen' in metrics && !isAuditing(metrics.seen.after);
}

/** In a preflight, flags that nobody can see stop nothing: the proof of delivery answers instead. */
export const switchesNotOff: Check = {
  ...switchesOn,
  ask: (subject) => {
    const answer = switchesOn.ask(subject);
    return answer.result === 'unknown'
      ? skipped(`${answer.evidence}; the proof of delivery will tell`)
      : answer;
  },
};

/** Those that were refused, as a person would say them. */
export function deniedAmong(permissions: Facts['permissions']): readonly string[] {
  return permissions
    .filter(({ allowed }) => seen(allowed) === false)
    .map(({ permission: { verb, resource, group, namespace } }) => {
      const kind = group === '' ? resource : `${resource}.${group}`;
      return `${verb} ${kind}${namespace === undefined ? '' : ` in ${namespace}`}`;
    });
}

/** Whether this user may do each thing that the command does. */
export const permissions: Check = {
  id: 'permissions',
  title: 'You may do what this command does',
  severity: 'error',
  code: 'cluster-forbidden',
  ask: ({ facts }) => {
    const denied = deniedAmong(facts.permissions);
    if (denied.length > 0)
      return bad(
        `not allowed: ${denied.join(', ')}`,
        'bind the roles of docs/permissions.yaml, and to change API servers those of permissions-nodes.yaml',
      );
    const hidden = facts.permissions.find(({ allowed }) => 'unseen' in allowed)?.allowed;
    if (hidden !== undefined && 'unseen' in hidden)
      return unknown(hidden, 'allow create on selfsubjectaccessreviews');
    return ok(`${facts.permissions.length} permissions`);
  },
};

/** Whether other sinks send the same events to a Sematext receiver. */
export const billedOnce: Check = {
  id: 'billed-once',
  title: 'No other AuditSink sends to Sematext',
  severity: 'warning',
  code: 'unhealthy',
  ask: ({ facts, sink }) => {
    const look = sinksIn(facts);
    if ('unseen' in look && look.unseen === 'absent') return skipped('no AuditSink API here');
    return whenSeen(look, listSinks, (sinks) => {
      const others = billingTwice(sinks, sink).map(({ metadata }) => metadata.name);
      return others.length === 0
        ? ok('none')
        : bad(
            `${others.join(', ')}: every event is billed again`,
            `kubectl delete auditsink ${others.join(' ')}`,
          );
    });
  },
};

/** Whether what is recorded is what is there, and no run died in the middle. */
export const recordTrue: Check = {
  id: 'record',
  title: 'The record tells what is on the cluster',
  severity: 'warning',
  code: 'unhealthy',
  ask: (subject) => {
    const { record } = subject.facts;
    if ('seen' in record) return compare(subject, record.seen.record.run, record.seen.record.state);
    if (record.unseen !== 'absent')
      return unknown(record, `allow get on ConfigMap kube-system/${names.object}`);
    const sinks = sinksIn(subject.facts);
    if ('unseen' in sinks && sinks.unseen !== 'absent') return unknown(sinks, listSinks);
    return ownSink(seen(sinks) ?? []) === undefined
      ? skipped('nothing was recorded')
      : bad(
          `AuditSink ${names.object} is there without a record`,
          'kubectl sematext-audit disable asks before it deletes',
        );
  },
};

function compare({ facts }: Subject, run: string, state: 'open' | 'done'): Answer {
  if (state === 'open')
    return bad(
      'a run began and never ended',
      'kubectl sematext-audit enable again finishes it, disable takes it back; with --resume where API servers were changed',
    );
  if (seen(facts.record)?.record.objects.every(({ kind }) => kind !== 'AuditSink')) return ok(`run ${run}`);
  const sinks = sinksIn(facts);
  if ('unseen' in sinks && sinks.unseen !== 'absent') return unknown(sinks, listSinks);
  const own = ownSink(seen(sinks) ?? []);
  if (own === undefined)
    return bad(
      `AuditSink ${names.object} was recorded and is gone`,
      'kubectl sematext-audit enable --dynamic',
    );
  return own.metadata.annotations?.[names.runAnnotation] === run
    ? ok(`run ${run}`)
    : bad(
        `AuditSink ${names.object} is not the one that was recorded`,
        'kubectl sematext-audit enable --dynamic',
      );
}

/** Whether the record of an earlier run can be looked at: without it `disable` could take nothing back. */
export const recordReadable: Check = {
  id: 'record-readable',
  title: 'The record can be read',
  severity: 'error',
  code: 'cluster-forbidden',
  ask: ({ facts: { record } }) => {
    if ('seen' in record) return ok(`a record of run ${record.seen.record.run}, ${record.seen.record.state}`);
    return record.unseen === 'absent'
      ? ok('no record yet')
      : unknown(record, `allow get on ConfigMap kube-system/${names.object}`);
  },
};
