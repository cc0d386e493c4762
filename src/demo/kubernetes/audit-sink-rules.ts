// What a 1.18 API server fills in and checks of an AuditSink (kubernetes 1.18.19: pkg/apis/auditregistration
// validation and defaults, apiserver pkg/util/webhook/validation.go), swapped service arguments included.
import { levels, stages } from '../../audit/backend/audit-sink.ts';
import { isRecord, type KubeObject } from './object.ts';
import { required, unsupported, wrong, type Cause } from './status.ts';

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const subdomainRule =
  "a DNS-1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function parts(sink: KubeObject): { policy: Record<string, unknown>; webhook: Record<string, unknown> } {
  const spec = record(sink['spec']);
  return { policy: record(spec['policy']), webhook: record(spec['webhook']) };
}

/** The sink as it is stored: only known fields of spec, defaults filled in. */
export function defaulted(sink: KubeObject): KubeObject {
  const { policy, webhook } = parts(sink);
  const { level = '', stages: wanted } = policy;
  const client = record(webhook['clientConfig']);
  const service = client['service'] === undefined ? undefined : record(client['service']);
  const clientConfig = { ...client, ...(service && { service: { port: 443, ...service } }) };
  const throttle = { qps: 10, burst: 15, ...record(webhook['throttle']) };
  const stored = { level, stages: wanted ?? null };
  return { ...sink, spec: { policy: stored, webhook: { throttle, clientConfig } } };
}

/** Everything that is wrong with a sink after defaulting, in the server's order; empty when it is valid. */
export function faultsOf(sink: KubeObject): Cause[] {
  const { policy, webhook } = parts(sink);
  return [...ofPolicy(policy), ...ofThrottle(record(webhook['throttle'])), ...ofClient(webhook)];
}

function ofPolicy(policy: Record<string, unknown>): Cause[] {
  const level = String(policy['level'] ?? '');
  const wanted = Array.isArray(policy['stages']) ? (policy['stages'] as unknown[]) : [];
  if (level !== 'None' && wanted.length === 0) return [required('spec.policy.stages')];
  const allowed = `allowed stages are ${[...stages].sort().join(',')}`;
  const known = new Set<unknown>(stages);
  const causes = wanted.flatMap((stage, i) =>
    known.has(stage) ? [] : [wrong(`spec.policy.stages[${i}]`, stage, allowed)],
  );
  if (level === '') causes.push(required('spec.policy.level'));
  else if (!levels.some((one) => one === level)) causes.push(unsupported('spec.policy.level', level, levels));
  return causes;
}

function ofThrottle(throttle: Record<string, unknown>): Cause[] {
  return ['qps', 'burst']
    .filter((name) => Number(throttle[name]) <= 0)
    .map((name) =>
      wrong(`spec.webhook.throttle.${name}`, throttle[name], `${name} must be a positive number`),
    );
}

function ofClient(webhook: Record<string, unknown>): Cause[] {
  const field = 'spec.webhook.clientConfig';
  const { url, service } = record(webhook['clientConfig']);
  if ((url === undefined) === (service === undefined))
    return [required(field, 'exactly one of url or service is required')];
  return url === undefined
    ? ofService(record(service), `${field}.service`)
    : ofUrl(String(url), `${field}.url`);
}

function ofUrl(text: string, field: string): Cause[] {
  if (/[\s<>"]/.test(text)) {
    const why = `parse ${JSON.stringify(text)}: invalid character " " in host name`;
    return [required(field, `url must be a valid URL: ${why}; desired format: https://host[/path]`)];
  }
  const [, host, rest = ''] = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?(.*)$/is.exec(text) ?? [];
  return [...ofHost(host ?? '', field), ...ofRest(rest, field)];
}

function ofHost(host: string, field: string): Cause[] {
  const [user, address] = host.includes('@') ? host.split('@') : [undefined, host];
  const causes: Cause[] = [];
  if (!address) causes.push(wrong(field, '', 'host must be provided; desired format: https://host[/path]'));
  if (user !== undefined) causes.push(wrong(field, user, 'user information is not permitted in the URL'));
  return causes;
}

function ofRest(rest: string, field: string): Cause[] {
  const [, query, fragment] = /^[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(rest) ?? [];
  const causes: Cause[] = [];
  if (fragment) causes.push(wrong(field, fragment, 'fragments are not permitted in the URL'));
  if (query) causes.push(wrong(field, query, 'query parameters are not permitted in the URL'));
  return causes;
}

function ofService(service: Record<string, unknown>, field: string): Cause[] {
  const causes: Cause[] = [];
  // the caller hands name and namespace over in the wrong order, so each is missed under the other's field
  if (!service['namespace']) causes.push(required(`${field}.name`, 'service name is required'));
  if (!service['name']) causes.push(required(`${field}.namespace`, 'service namespace is required'));
  const port = Number(service['port']);
  if (port < 1 || port > 65535)
    causes.push(wrong(`${field}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'));
  return [...causes, ...ofPath(String(service['path'] ?? ''), `${field}.path`)];
}

function ofPath(path: string, field: string): Cause[] {
  if (path === '' || path === '/') return [];
  if (path === '//') return [wrong(field, path, 'segment[0] may not be empty')];
  const causes = path.startsWith('/') ? [] : [wrong(field, path, "must start with a '/'")];
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  segments.forEach((segment, i) => {
    if (segment === '') causes.push(wrong(field, path, `segment[${i}] may not be empty`));
    else if (!subdomain.test(segment)) causes.push(wrong(field, path, `segment[${i}]: ${subdomainRule}`));
  });
  return causes;
}
