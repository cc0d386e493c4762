// What often surprises about the decision of a policy. Each is told only where it plays a part.
// Source: shown by real API servers in test/e2e/policy-decides.test.ts, but for exec by WebSockets (KEP 4006).
import type { Stage } from '../backend/audit-sink.ts';
import type { ServerVersion } from '../facts.ts';
import { builtIn } from './built-in.ts';
import { evaluate } from './evaluate.ts';
import type { Mismatch, Verdict } from './evaluate.ts';
import type { Attributes, GroupResources, Policy } from './policy.ts';

/** A decision with all that it came from. */
export interface Decision {
  readonly policy: Policy;
  readonly request: Attributes;
  readonly version: ServerVersion;
  readonly verdict: Verdict;
  readonly stages: readonly Stage[];
  readonly passed: readonly { readonly condition: Mismatch; readonly part?: keyof GroupResources }[];
}

type Hint = (decision: Decision) => string | undefined;

const collective = ['list', 'watch', 'deletecollection'];

const nothingLeft: Hint = ({ verdict, stages }) =>
  verdict.level !== 'None' && stages.length === 0
    ? 'All stages that this request goes through are left out: nothing of it is recorded.'
    : undefined;

const noUser: Hint = ({ request, passed }) =>
  request.user === undefined &&
  passed.some(({ condition }) => condition === 'users' || condition === 'userGroups')
    ? 'A request whose login failed has no user and no groups, so no rule for users or groups is for it.'
    : undefined;

const nameless: Hint = ({ request: { verb, name }, passed }) => {
  if (name !== '' || !passed.some(({ part }) => part === 'resourceNames')) return undefined;
  return verb === 'list' || verb === 'watch'
    ? `A ${verb} has a name only where its fieldSelector is metadata.name=NAME.`
    : `The URL of a ${verb} has no name, so the policy sees none.`;
};

const allNamespaces: Hint = ({ request: { verb, namespace, resource, apiGroup }, passed }) =>
  namespace === '' &&
  collective.includes(verb) &&
  builtIn(resource, apiGroup)?.namespaced !== false &&
  passed.some(({ condition }) => condition === 'namespaces')
    ? `A ${verb} over all namespaces is in none of them: only a rule for the namespace "" is for it.`
    : undefined;

const streams = ['exec', 'attach', 'portforward'];

const byWebSockets: Hint = ({ policy, request, version, verdict }) => {
  const { verb, subresource } = request;
  if (!streams.includes(subresource) || (verb !== 'get' && verb !== 'create')) return undefined;
  const other = verb === 'get' ? 'create' : 'get';
  const otherwise = evaluate(policy, { ...request, verb: other }, version);
  if (otherwise.rule === verdict.rule) return undefined;
  return `Over WebSockets, as kubectl does it today, ${subresource} is get; before, and over SPDY, it is create. As ${other} it would be recorded at ${otherwise.level}.`;
};

const holdBodies = ['Request', 'RequestResponse'];
/** First minor version that records a patch in YAML with its body (kubernetes PR 139419). */
const yamlRecordedSince = 37;

const patchInYaml: Hint = ({ request: { verb }, version: { minor }, verdict: { level } }) =>
  verb === 'patch' && minor < yamlRecordedSince && holdBodies.includes(level)
    ? `Before 1.${yamlRecordedSince} a patch that is not JSON cannot be recorded at ${level}: its last event is lost. Metadata loses none.`
    : undefined;

/** What the body of a request, and that of an answer, holds a secret of. */
const secretRequests = ['secrets', 'tokenreviews.authentication.k8s.io'];
const secretAnswers = [...secretRequests, 'serviceaccounts/token'];

const secretBody: Hint = ({ request, verdict: { level } }) => {
  const { resource, subresource, apiGroup, verb } = request;
  const what = `${resource}${subresource && `/${subresource}`}${apiGroup && `.${apiGroup}`}`;
  const sent = ['create', 'update', 'patch'].includes(verb) && secretRequests.includes(what);
  const answered = level === 'RequestResponse' && verb !== 'watch' && secretAnswers.includes(what);
  return (sent && holdBodies.includes(level)) || answered
    ? `What is secret in it is recorded, too, at ${level}.`
    : undefined;
};

const hints: readonly Hint[] = [
  nothingLeft,
  noUser,
  nameless,
  allNamespaces,
  byWebSockets,
  patchInYaml,
  secretBody,
];

/** The sentences that apply to a decision. */
export function hintsFor(decision: Decision): readonly string[] {
  return hints.map((hint) => hint(decision)).filter((hint) => hint !== undefined);
}
