// Questions about the way of an event: emitted by every API server, accepted by the receiver, found in the search.
import { hasAuditSinks, ownSink, sinksIn } from '../backend/dynamic.ts';
import { seen } from '../facts.ts';
import type { ApiServer, Facts } from '../facts.ts';
import { isAuditing, lost, postsTo } from '../metrics.ts';
import { hostOf } from '../sink/sematext.ts';
import { bad, ok, skipped, unknown, whenSeen } from './check.ts';
import type { Answer, Check, Subject } from './check.ts';

const readMetricsHint = 'allow get on the non-resource URL /metrics (ClusterRole system:monitoring)';

// Up to 1.21 an answer carries Audit-ID only when the request is audited (apiserver pkg/endpoints/filters/audit.go):
// enough for one API server whose counters are closed to us.
function markedAsAudited({ version, apiServers, auditIdHeader }: Facts): Answer | undefined {
  const blind = apiServers.length === 1 && apiServers.some(({ metrics }) => 'unseen' in metrics);
  const marked = version.minor <= 21 && seen(auditIdHeader) === true;
  return blind && marked
    ? ok('it marked our own request as audited; its counters cannot be read')
    : undefined;
}

/** Whether every API server counts audited requests. */
export const running: Check = {
  id: 'auditing-running',
  title: 'Every API server is auditing',
  severity: 'error',
  code: 'unhealthy',
  ask: ({ facts }) => {
    const answer = markedAsAudited(facts) ?? countsAudited(facts);
    return answer.result === 'ok' ? (countsWithoutSink(facts) ?? answer) : answer;
  },
};

function countsAudited(facts: Facts): Answer {
  return perServer(
    facts,
    ({ name, metrics }) => {
      const { after } = metrics;
      if (!isAuditing(after)) return { ok: false, text: `${name} counts no audited request` };
      const kept = Object.entries(after.levels).filter(([level, n]) => level !== 'None' && n > 0);
      return kept.length === 0
        ? { ok: false, text: `${name}: the policy drops every request` }
        : { ok: true, text: `${name}: ${after.events ?? 0} events so far` };
    },
    'kubectl sematext-audit enable',
  );
}

// With dynamic auditing switched on every request is marked and counted, also where no sink takes it (apiserver
// pkg/audit/policy/dynamic.go): without a sink, and with static backends out of sight, that proves nothing.
function countsWithoutSink(facts: Facts): Answer | undefined {
  const sinks = sinksIn(facts);
  const may = hasAuditSinks(facts.version) && !('unseen' in sinks && sinks.unseen === 'absent');
  if (!may || (seen(sinks) ?? []).length > 0) return undefined;
  const { apiServers } = facts;
  const hidden = apiServers.find(({ flags }) => 'unseen' in flags);
  if (hidden === undefined || !('unseen' in hidden.flags)) return undefined;
  const why = `${hidden.name} counts requests even where no AuditSink takes them, and ${hidden.flags.why}`;
  return unknown({ ...hidden.flags, why }, 'allow list on pods in kube-system');
}

/** Whether events are given up: any now, or more than one in a hundred since the process began. */
export const noLosses: Check = {
  id: 'no-losses',
  title: 'No API server gives events up',
  severity: 'error',
  code: 'unhealthy',
  ask: ({ facts }) =>
    perServer(
      facts,
      ({ name, metrics: { before, after, seconds } }) => {
        const [total, now] = [lost(after), lost(after) - lost(before)];
        const share = total / Math.max(1, after.events ?? 0);
        const by = Object.entries(after.errors)
          .filter(([, n]) => n > 0)
          .map(([plugin, n]) => `${plugin} ${n}`)
          .join(', ');
        if (now > 0) return { ok: false, text: `${name} lost ${now} events in ${seconds} s (${by})` };
        if (share > 0.01)
          return {
            ok: false,
            text: `${name} lost ${total} of ${after.events ?? 0} events since it began (${by})`,
          };
        return {
          ok: true,
          text:
            total === 0 ? `${name}: none lost` : `${name}: ${total} lost since it began, none now (${by})`,
        };
      },
      'see whether the receiver is reachable from the control plane, and its throttle',
    ),
};

interface Counted {
  readonly name: string;
  readonly metrics: Extract<ApiServer['metrics'], { seen: unknown }>['seen'];
}

function perServer(
  facts: Facts,
  ask: (server: Counted) => { ok: boolean; text: string },
  hint: string,
): Answer {
  const answers = facts.apiServers.flatMap(({ name, metrics }) =>
    'seen' in metrics ? [ask({ name, metrics: metrics.seen })] : [],
  );
  const wrong = answers.filter((answer) => !answer.ok);
  if (wrong.length > 0) return bad(wrong.map(({ text }) => text).join('; '), hint);
  const hidden = facts.apiServers.find(({ metrics }) => 'unseen' in metrics);
  if (hidden !== undefined && 'unseen' in hidden.metrics)
    return unknown({ ...hidden.metrics, why: `${hidden.name}: ${hidden.metrics.why}` }, readMetricsHint);
  return answers.length > 0
    ? ok(answers.map(({ text }) => text).join('; '))
    : unknown({ why: 'no API server was seen' }, readMetricsHint);
}

/** Whether the receiver answers from here; the API servers' own way to it may be another one. */
export const receiverReachable: Check = {
  id: 'receiver-reachable',
  title: 'The receiver takes this token (asked from here)',
  severity: 'error',
  code: 'receiver-unreachable',
  ask: ({ facts, sink }) => {
    if ('unseen' in facts.receiver && facts.receiver.unseen === 'not-asked')
      return skipped(facts.receiver.why);
    return whenSeen(
      facts.receiver,
      {
        hint: `see that ${hostOf(sink?.receiver ?? 'the receiver')} can be reached`,
        code: 'receiver-unreachable',
      },
      ({ status, ms, redirect }) => {
        if (status >= 200 && status <= 206) return ok(`HTTP ${status} in ${ms} ms`);
        if (redirect !== undefined)
          return bad(
            `it redirects to ${redirect}: API servers then lose every event silently`,
            'name the final URL with --receiver-url',
          );
        return bad(
          `HTTP ${status}`,
          status === 403 ? 'see that the token and the region belong together' : 'try again later',
        );
      },
    );
  },
};

// The receiver's host is that of our own sink, or of the sink that the user named.
function receiverHost({ facts, sink }: Subject): string | undefined {
  const url = ownSink(seen(facts.auditSinks) ?? [])?.spec.webhook.clientConfig.url ?? sink?.receiver;
  return url === undefined ? undefined : hostOf(url);
}

/** Whether every API server's own counters show batches that the receiver took. */
export function everyServerPosts(subject: Subject): boolean {
  const host = receiverHost(subject);
  const { apiServers } = subject.facts;
  return (
    host !== undefined &&
    apiServers.length > 0 &&
    apiServers.every(({ metrics }) => 'seen' in metrics && postsTo(metrics.seen.after, host).accepted > 0)
  );
}

/** What the API servers themselves were told by the receiver. */
export const receiverAccepts: Check = {
  id: 'receiver-accepts',
  title: 'The receiver accepts what API servers send',
  severity: 'warning',
  code: 'unhealthy',
  ask: (subject) => {
    const host = receiverHost(subject);
    if (host === undefined) return skipped('no receiver is known');
    return perServer(
      subject.facts,
      ({ name, metrics: { before, after } }) => {
        const [then, now] = [postsTo(before, host), postsTo(after, host)];
        const said = `${name}: ${now.accepted} batches accepted, ${now.refused} refused`;
        return { ok: now.refused === then.refused && (now.accepted > 0 || now.refused === 0), text: said };
      },
      `see the API server's log for ${host}`,
    );
  },
};

/** Whether audit events were found in the search lately: the one proof that they arrive. */
export const eventsArrive: Check = {
  id: 'events-arrive',
  title: 'Audit events are found in Sematext',
  severity: 'error',
  code: 'not-delivered',
  ask: ({ facts }) =>
    whenSeen(
      facts.delivery,
      {
        hint:
          'unseen' in facts.delivery && facts.delivery.unseen === 'failed'
            ? 'see that the search can be reached and takes the API key'
            : 'give an API key: SEMATEXT_API_KEY or --api-key-file',
        code: 'search-unreachable',
      },
      ({ events, newest, window }) =>
        events > 0
          ? ok(`${events} in the last ${window} s${newest === undefined ? '' : `, newest ${newest}`}`)
          : bad(
              `none in the last ${window} s`,
              'kubectl sematext-audit test-event shows which hop loses them',
            ),
    ),
};
