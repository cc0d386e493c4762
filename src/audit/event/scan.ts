// The quick way to an event: one regular expression for a line in exactly the form that an API server writes it (Go's
// encoding of audit.k8s.io/v1 Event: fixed order of keys, no blanks). Any other form is left to JSON.parse, which takes
// longer and takes everything. What nobody asks for is passed over and not checked: a body that is no JSON is not
// noticed. V8 compiles the expression to a loop over the characters; each piece can match in one way only, so that a
// line of another form costs no more than one that fits.
import type { Event } from './event.ts';
import { sizeWith } from './size.ts';

/** A string without escapes, as nearly all are, and one that may have them. */
const plain = '"([^"\\\\\\u0000-\\u001f]*)"';
const escape = '\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4})';
const escaped = `"([^"\\\\\\u0000-\\u001f]*(?:${escape}[^"\\\\\\u0000-\\u001f]*)*)"`;
/** The same, its value left. */
const passed = (string: string): string => string.replace('(', '(?:');
const key = (name: string, value: string): string => `,"${name}":${value}`;
const optional = (name: string, value: string): string => `(?:${key(name, value)})?`;
const map = (value: string): string => `\\{(?:${passed(plain)}:${value}(?:,${passed(plain)}:${value})*)?\\}`;
const list = `\\[(${passed(plain)}(?:,${passed(plain)})*)\\]`;
const extra = map(passed(list));
const person = `\\{(?:"username":${plain}${optional('uid', passed(plain))}${optional('groups', list)}${optional('extra', extra)})?\\}`;
const object =
  `\\{"resource":${plain}${optional('namespace', plain)}${optional('name', plain)}${optional('uid', passed(plain))}` +
  `${optional('apiGroup', plain)}${optional('apiVersion', passed(plain))}${optional('resourceVersion', passed(plain))}` +
  `${optional('subresource', plain)}\\}`;
// the details of a status hold a list of objects at most
const details = `\\{(?:[^{}\\n"]|${passed(escaped)}|\\{(?:[^{}\\n"]|${passed(escaped)})*\\})*\\}`;
const status = (more: (string: string) => string): string =>
  `\\{"metadata":\\{\\}${optional('status', passed(plain))}${optional('message', more(escaped))}${optional('reason', more(plain))}` +
  `${optional('details', details)}${key('code', '(\\d+)')}\\}`;
// its key stands before the keys of most others, since Go writes maps in order
const annotations = (more: (string: string) => string): string =>
  `(?:\\{"authorization\\.k8s\\.io/decision":${more(plain)}(?:,${passed(plain)}:${passed(escaped)})*\\}|${more(`(${map(passed(escaped))})`)})`;

/** @param more writes the pieces that only a whole event has: as they are, or `passed` over */
const lineWith = (more: (string: string) => string): RegExp =>
  new RegExp(
    `\\{"kind":"Event","apiVersion":"audit\\.k8s\\.io/v1","level":${plain}${key('auditID', more(plain))}${key('stage', plain)}` +
      `${key('requestURI', escaped)}${key('verb', plain)}${key('user', person)}${optional('impersonatedUser', person)}` +
      `${optional('authenticationMetadata', '\\{[^{}\\n]*\\}')}${optional('sourceIPs', more(list))}${optional('userAgent', more(escaped))}` +
      `${optional('objectRef', object)}${optional('responseStatus', status(more))}(,"re(?:quest|sponse)Object":[^\\n]*?)?` +
      `${key('requestReceivedTimestamp', more(plain))}${key('stageTimestamp', plain)}${optional('annotations', annotations(more))}\\}\\n`,
    'y',
  );
const line = lineWith((string) => string);
/** The same, without what no policy is asked about: each piece that is taken out of a line costs time. */
const lineAsked = lineWith(passed);

/** The beginning of a line about a request that has only begun, and what ends that of one without annotations. */
const beginning = new RegExp(
  `\\{"kind":"Event","apiVersion":"audit\\.k8s\\.io/v1","level":${passed(plain)}${key('auditID', plain)},"stage":"RequestReceived",`,
  'y',
);
const ending = ',"stageTimestamp":"2026-11-22T17:03:43.315804Z"}';
const endingKey = ending.slice(0, ending.indexOf('2026'));

const none: readonly string[] = [];

/** The value of a string that may have escapes; Go escapes the & of a query, which is nearly all there is of them. */
function unescaped(text: string): string {
  if (text === '' || !text.includes('\\')) return text;
  const most = text.replaceAll('\\u0026', '&');
  return most.includes('\\') ? (JSON.parse(`"${text}"`) as string) : most;
}

/** Reads events out of a text of many lines. */
export class Scanner {
  private readonly text: string;
  /** Lists that were read, by their text: all that a client asks for comes from the same groups and addresses. */
  private readonly lists = new Map<string, readonly string[]>();

  constructor(text: string) {
    this.text = text;
  }

  /** The Audit-ID of a line that is, to all appearance, the first stage of a request. */
  begun(start: number, end: number): string | undefined {
    beginning.lastIndex = start;
    const auditId = beginning.exec(this.text)?.[1];
    return this.text.startsWith(endingKey, end - ending.length) ? auditId : undefined;
  }

  /** The event that stands from `start` to the newline at `end`, or undefined when it is not in an API server's own form. */
  // eslint-disable-next-line complexity -- each default counts as a branch
  event(start: number, end: number): Event | undefined {
    line.lastIndex = start;
    const found = line.exec(this.text);
    if (found === null || line.lastIndex !== end + 1) return undefined;
    // prettier-ignore
    const [
      , level = '', auditId = '', stage = '', uri = '', verb = '', user = '', groups, asUser = '', asGroups, sourceIps,
      agent = '', resource = '', namespace = '', name = '', apiGroup = '', subresource = '', message = '', reason = '',
      code = '0', , received = '', at = '', decision, notes,
    ] = found;
    // prettier-ignore
    return {
      auditId, stage, level, verb, uri: unescaped(uri), at, received, user, groups: this.list(groups), asUser,
      asGroups: this.list(asGroups), sourceIps: this.list(sourceIps), agent: unescaped(agent), resource, subresource,
      namespace, name, apiGroup, code: Number(code), reason, message: unescaped(message),
      decision: decision ?? decisionIn(notes), json: '',
    };
  }

  /**
   * The same with its size, and of the event only what a policy is asked about, its outcome and its time; the rest is
   * empty.
   * @param ascii whether each character of the text is known to be one byte
   */
  // eslint-disable-next-line complexity -- each default counts as a branch
  asked(start: number, end: number, ascii: boolean): Event | undefined {
    lineAsked.lastIndex = start;
    const found = lineAsked.exec(this.text);
    if (found === null || lineAsked.lastIndex !== end + 1) return undefined;
    // prettier-ignore
    const [
      whole, level = '', stage = '', uri = '', verb = '', user = '', groups, asUser = '', asGroups, resource = '',
      namespace = '', name = '', apiGroup = '', subresource = '', code = '0', bodies, at = '',
    ] = found;
    // prettier-ignore
    return {
      auditId: '', stage, level, verb, uri: unescaped(uri), at, received: '', user, groups: this.list(groups), asUser,
      asGroups: this.list(asGroups), sourceIps: none, agent: '', resource, subresource, namespace, name, apiGroup,
      code: Number(code), reason: '', message: '', decision: '', json: '', size: sizeWith(whole, bodies, ascii),
    };
  }

  private list(text: string | undefined): readonly string[] {
    if (text === undefined) return none;
    const known = this.lists.get(text);
    if (known !== undefined) return known;
    const list = text.slice(1, -1).split('","');
    this.lists.set(text, list);
    return list;
  }
}

function decisionIn(annotations: string | undefined): string {
  if (annotations === undefined) return '';
  const decision = (JSON.parse(annotations) as Record<string, unknown>)['authorization.k8s.io/decision'];
  return typeof decision === 'string' ? decision : '';
}
