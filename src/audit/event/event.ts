// One audit event as this tool reads it, whatever carried it: audit.k8s.io v1, v1beta1 and v1alpha1
// (apiserver pkg/apis/audit/*/types.go), with the keys of a log line or as the receiver stored them.
import type { Size } from './size.ts';

/** One recorded stage of a request. Text that the event does not have is empty. */
export interface Event {
  readonly auditId: string;
  readonly stage: string;
  readonly level: string;
  readonly verb: string;
  /** Path with query, as the client sent it. */
  readonly uri: string;
  /** Time of the stage, RFC 3339 in UTC. */
  readonly at: string;
  /** When the request was received, RFC 3339 in UTC. */
  readonly received: string;
  readonly user: string;
  readonly groups: readonly string[];
  /** Who the user acted as; empty where nobody was impersonated. */
  readonly asUser: string;
  readonly asGroups: readonly string[];
  /** From the first forwarder to the TCP peer; only the last is trustworthy. */
  readonly sourceIps: readonly string[];
  readonly agent: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly apiGroup: string;
  /** HTTP status of the answer; 0 before there was one. */
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** allow, forbid, or empty where the authorizer was not asked. */
  readonly decision: string;
  /** The event itself, as JSON; empty where it was read only for what a line says (`Reader`). */
  readonly json: string;
  /** Where it was measured on its way (`Reader`). */
  readonly size?: Size;
}

/** Whether a stage is the last one of its request, which says everything that those before it said. */
export const isLast = ({ stage }: Pick<Event, 'stage'>): boolean =>
  stage === 'ResponseComplete' || stage === 'Panic';

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

/** Whether a value is an audit event of any version, as a log line or as the receiver stored it. */
export function isEvent(value: unknown): value is Fields {
  const { auditID, stage } = fields(value);
  return typeof auditID === 'string' && typeof stage === 'string';
}

/**
 * The event that a parsed value is.
 * @param value one that `isEvent`
 * @param json its text
 */
export function eventOf(value: Fields, json: string): Event {
  const user = fields(value['user']);
  const as = fields(value['impersonatedUser']);
  const status = fields(value['responseStatus']);
  return {
    auditId: text(value['auditID']),
    stage: text(value['stage']),
    level: text(value['level']),
    verb: text(value['verb']),
    uri: text(value['requestURI']),
    // v1beta1 wrote whole seconds here before there were micro timestamps
    at: text(value['stageTimestamp']) || text(fields(value['metadata'])['creationTimestamp']),
    received: text(value['requestReceivedTimestamp']) || text(value['timestamp']),
    user: text(user['username']),
    groups: texts(user['groups']),
    asUser: text(as['username']),
    asGroups: texts(as['groups']),
    sourceIps: texts(value['sourceIPs']),
    agent: text(value['userAgent']),
    ...objectOf(fields(value['objectRef'])),
    code: Number(status['code'] ?? 0) || 0,
    reason: text(status['reason']),
    message: text(status['message']),
    decision: decisionOf(fields(value['annotations'])),
    json,
  };
}

type ObjectPart = Pick<Event, 'resource' | 'subresource' | 'namespace' | 'name' | 'apiGroup'>;

function objectOf(ref: Fields): ObjectPart {
  // v1alpha1 has "group/version" in apiVersion and no apiGroup
  const [group = '', version] = text(ref['apiVersion']).split('/');
  return {
    resource: text(ref['resource']),
    subresource: text(ref['subresource']),
    namespace: text(ref['namespace']),
    name: text(ref['name']),
    apiGroup: text(ref['apiGroup']) || (version === undefined ? '' : group),
  };
}

// the receiver stores dots in keys as underscores (Logagent, logsene-js)
const decisionOf = (annotations: Fields): string =>
  text(annotations['authorization.k8s.io/decision'] ?? annotations['authorization_k8s_io/decision']);
