// The one word that `status` says: how far events get, out of what was seen.
import { changeInForce, changeLasts, nothingLeft } from './lasting.ts';
import { seen } from '../facts.ts';
import type { Facts } from '../facts.ts';
import { sinksIn } from '../backend/dynamic.ts';
import { billedOnce, listSinks, recordTrue, switchesOn } from './cluster.ts';
import { answerAll, ok, skipped, unknown } from './check.ts';
import type { Check, Finding, Subject } from './check.ts';
import { backendsOf, configured, instancesAgree, policyPresent } from './configured.ts';
import {
  eventsArrive,
  everyServerPosts,
  noLosses,
  receiverAccepts,
  receiverReachable,
  running,
} from './delivery.ts';

/** In the order of an event's way; `unknown` when not even "is it configured" could be answered. */
export type State =
  | 'off'
  | 'configured-not-running'
  | 'running-nothing-delivered'
  | 'running-delivery-unknown'
  | 'delivering-with-losses'
  | 'delivering-losses-unknown'
  | 'delivering'
  | 'unknown';

// Asked only where sinks are in use. Flags that nobody can see matter less than what they do: API servers that post
// to the sink honour it.
const switchesInUse: Check = {
  ...switchesOn,
  ask: (subject) => {
    const sinks = sinksIn(subject.facts);
    if ('unseen' in sinks && sinks.unseen !== 'absent') return unknown(sinks, listSinks);
    if ((seen(sinks) ?? []).length === 0) return skipped('no AuditSink is in use');
    const answer = switchesOn.ask(subject);
    if (answer.result !== 'unknown' || receiverAccepts.ask(subject).result !== 'ok') return answer;
    return everyServerPosts(subject)
      ? ok('the flags are not to be seen, but events are posted to the sink')
      : answer;
  },
};

/** Everything that `status` asks. */
export const statusChecks: readonly Check[] = [
  configured,
  switchesInUse,
  policyPresent,
  instancesAgree,
  running,
  noLosses,
  receiverReachable,
  receiverAccepts,
  eventsArrive,
  billedOnce,
  recordTrue,
  changeInForce,
  changeLasts,
  nothingLeft,
];

/**
 * The state that these findings add up to. Where metrics and flags disagree, what is configured decides: with dynamic
 * auditing switched on, 1.13 to 1.18 count levels even with no sink at all.
 */
export function stateOf(findings: readonly Finding[], facts: Facts): State {
  const is = (check: Check): Finding['result'] =>
    findings.find(({ id }) => id === check.id)?.result ?? 'skipped';
  if (facts.apiServers.length > 0 && facts.apiServers.every((one) => backendsOf(facts, one)?.length === 0))
    return 'off';
  if (
    is(configured) === 'bad' ||
    is(running) === 'bad' ||
    is(switchesInUse) === 'bad' ||
    is(policyPresent) === 'bad'
  )
    return 'configured-not-running';
  if (is(eventsArrive) === 'ok') {
    if (is(noLosses) === 'bad') return 'delivering-with-losses';
    const blind = [configured, switchesInUse, policyPresent, instancesAgree, running, noLosses].some(
      (check) => is(check) === 'unknown',
    );
    return blind ? 'delivering-losses-unknown' : 'delivering';
  }
  if (is(running) !== 'ok') return 'unknown';
  return is(eventsArrive) === 'bad' ? 'running-nothing-delivered' : 'running-delivery-unknown';
}

/** What status says of these facts. */
export function ask(
  subject: Subject,
  skip: readonly string[],
): { state: State; findings: readonly Finding[] } {
  const findings = answerAll(statusChecks, subject, skip);
  return { state: stateOf(findings, subject.facts), findings };
}
