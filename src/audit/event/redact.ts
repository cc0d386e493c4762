// What an event may hold that nobody should read over a shoulder: the contents of Secrets, tokens that were issued or
// reviewed, what credentials stand in a URL, the command of an exec (audit records it even at level Metadata).
import { withoutCredentials } from '../credentials.ts';

const mask = '***';
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Query parameters of a request that carry a secret, or may: an exec's command is a parameter for each word. */
const secretParameter = /([?&](?:command|access_token|token|password|api_?key|secret|signature|sig)=)[^&]*/gi;
/** A Logs token in a receiver's URL. */
const logsToken = /(https?:\/\/[^\s"'/]+\/)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;
/** Keys whose text is a secret wherever they stand in an object. */
const secretKey = /^(?:.*(?:password|passwd|passphrase|secretkey|apikey|api_key|accesskey)|token|secret)$/i;
/** Names of environment variables whose value is a secret. */
const secretVariable = /(?:password|passwd|token|secret|key)$/i;
/** Annotations that hold whole objects or patches of them. */
const bodyAnnotation =
  /^(?:patch\.webhook\.admission[._]k8s[._]io\/|kubectl[._]kubernetes[._]io\/last-applied)/;

const masked = (text: string): string => withoutCredentials(text.replace(logsToken, `$1${mask}`));

/** The contents of a Secret (or the value that a JSON patch puts into one): every value, and no key. */
const contents = (data: Json): Json =>
  typeof data === 'object' && data !== null && !Array.isArray(data)
    ? Object.fromEntries(Object.keys(data).map((key) => [key, mask]))
    : mask;

function inside(value: Json, ofSecret: boolean): Json {
  if (typeof value === 'string') return masked(value);
  if (Array.isArray(value)) return value.map((one) => inside(one, ofSecret));
  if (typeof value !== 'object' || value === null) return value;
  const secret = ofSecret || value['kind'] === 'Secret' || value['kind'] === 'SecretList';
  const variable = typeof value['name'] === 'string' && secretVariable.test(value['name']);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      if (secret && ['data', 'stringData', 'value'].includes(key)) return [key, contents(one)];
      const hidden = secretKey.test(key) || bodyAnnotation.test(key) || (variable && key === 'value');
      return [key, hidden && typeof one === 'string' ? mask : inside(one, secret)];
    }),
  );
}

/**
 * An event as it may be shown.
 * @param event as it was recorded, of any version
 */
export function redacted(event: object): object {
  const { requestURI, objectRef } = event as { requestURI?: unknown; objectRef?: { resource?: unknown } };
  const shown = inside(event as Json, objectRef?.resource === 'secrets') as Record<string, Json>;
  if (typeof requestURI === 'string') shown['requestURI'] = redactedUri(requestURI);
  return shown;
}

/** A request's path and query as they may be shown. */
export const redactedUri = (uri: string): string => masked(uri).replace(secretParameter, `$1${mask}`);
