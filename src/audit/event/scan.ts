// The quick way to an event: one pass over a line in exactly the form that an API server writes it (Go's encoding of
// audit.k8s.io/v1 Event: fixed order of keys, no blanks). Any other form is left to JSON.parse, which takes longer and
// takes everything. What nobody asks for is passed over and not checked: a body that is no JSON is not noticed.
import type { Event } from './event.ts';

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const none: readonly string[] = [];

/** Thrown and caught in this file: the line has another form. One for all, since a stack for each would cost most. */
const otherForm = new Error('other form');

type Person = Pick<Event, 'user' | 'groups'>;
type ObjectRef = Pick<Event, 'resource' | 'namespace' | 'name' | 'apiGroup' | 'subresource'>;
type Status = Pick<Event, 'code' | 'reason' | 'message'>;
const nobody: Person = { user: '', groups: none };
const nothing: ObjectRef = { resource: '', namespace: '', name: '', apiGroup: '', subresource: '' };
const unanswered: Status = { code: 0, reason: '', message: '' };

/** Reads events out of a text of many lines. */
export class Scanner {
  private readonly text: string;
  private at = 0;
  /** The next backslash, as far as it was looked for: without one, a string is its own value. */
  private escape = -1;

  constructor(text: string) {
    this.text = text;
  }

  /** The event that stands from `start` to `end`, or undefined when it is not in an API server's own form. */
  event(start: number, end: number): Event | undefined {
    this.at = start;
    try {
      const event = this.fields(start, end);
      return this.at === end ? event : undefined;
    } catch (error) {
      if (error === otherForm) return undefined;
      throw error;
    }
  }

  private fields(start: number, end: number): Event {
    const level = this.string('{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"');
    const auditId = this.string(',"auditID":"');
    const stage = this.string(',"stage":"');
    const uri = this.string(',"requestURI":"');
    const verb = this.string(',"verb":"');
    const { user, groups } = this.person(',"user":');
    const as = this.text.startsWith(',"imp', this.at) ? this.person(',"impersonatedUser":') : nobody;
    this.without(',"authenticationMetadata":');
    const sourceIps = this.strings(',"sourceIPs":[');
    const agent = this.optional(',"userAgent":"');
    const { resource, namespace, name, apiGroup, subresource } = this.objectRef();
    const { code, reason, message } = this.status();
    this.without(',"requestObject":');
    this.without(',"responseObject":');
    const received = this.string(',"requestReceivedTimestamp":"');
    const at = this.string(',"stageTimestamp":"');
    const decision = this.decision();
    this.expect('}');
    const json = this.text.slice(start, end);
    // a spread of parts would read better and take four times as long
    // prettier-ignore
    return {
      auditId, stage, level, verb, uri, at, received, user, groups, asUser: as.user, asGroups: as.groups, sourceIps,
      agent, resource, subresource, namespace, name, apiGroup, code, reason, message, decision, json,
    };
  }

  private person(key: string): Person {
    this.expect(key);
    if (this.has('{}')) return nobody;
    const user = this.string('{"username":"');
    this.optional(',"uid":"');
    const groups = this.strings(',"groups":[');
    this.without(',"extra":');
    this.expect('}');
    return { user, groups };
  }

  private objectRef(): ObjectRef {
    if (!this.has(',"objectRef":{')) return nothing;
    const resource = this.string('"resource":"');
    const namespace = this.optional(',"namespace":"');
    const name = this.optional(',"name":"');
    this.optional(',"uid":"');
    const apiGroup = this.optional(',"apiGroup":"');
    this.optional(',"apiVersion":"');
    this.optional(',"resourceVersion":"');
    const subresource = this.optional(',"subresource":"');
    this.expect('}');
    return { resource, namespace, name, apiGroup, subresource };
  }

  private status(): Status {
    if (!this.has(',"responseStatus":{')) return unanswered;
    this.expect('"metadata":{}');
    this.optional(',"status":"');
    const message = this.optional(',"message":"');
    const reason = this.optional(',"reason":"');
    this.without(',"details":');
    this.expect(',"code":');
    const start = this.at;
    while (this.text.charCodeAt(this.at) !== closeBrace && this.at - start < 4) this.at++;
    const code = Number(this.text.slice(start, this.at));
    if (!Number.isInteger(code)) throw otherForm;
    this.expect('}');
    return { code, reason, message };
  }

  private decision(): string {
    if (!this.has(',"annotations":')) return '';
    // its key stands before the keys of most others, since Go writes maps in order
    const quick = this.has('{"authorization.k8s.io/decision":"');
    if (!quick) {
      const start = this.at;
      this.skip();
      const annotations = JSON.parse(this.text.slice(start, this.at)) as Record<string, unknown>;
      const decision = annotations['authorization.k8s.io/decision'];
      return typeof decision === 'string' ? decision : '';
    }
    const decision = this.string('');
    while (this.has(',"')) {
      this.string('');
      this.string(':"');
    }
    this.expect('}');
    return decision;
  }

  private has(literal: string): boolean {
    if (!this.text.startsWith(literal, this.at)) return false;
    this.at += literal.length;
    return true;
  }

  private expect(literal: string): void {
    if (!this.has(literal)) throw otherForm;
  }

  /** The string after `key`, which ends with the quote that opens it. */
  private string(key: string): string {
    this.expect(key);
    const start = this.at;
    const end = this.closing();
    this.at = end + 1;
    if (!this.escapedBefore(start, end)) return this.text.slice(start, end);
    return JSON.parse(this.text.slice(start - 1, end + 1)) as string;
  }

  private optional(key: string): string {
    return this.text.startsWith(key, this.at) ? this.string(key) : '';
  }

  private strings(key: string): readonly string[] {
    if (!this.has(key)) return none;
    const found: string[] = [this.string('"')];
    while (this.has(',')) found.push(this.string('"'));
    this.expect(']');
    return found;
  }

  /** Where the string ends that the place is inside of. */
  private closing(): number {
    let end = this.text.indexOf('"', this.at);
    while (this.escapedBefore(this.at, end) && this.escapes(end)) end = this.text.indexOf('"', end + 1);
    if (end === -1) throw otherForm;
    return end;
  }

  private escapes(end: number): boolean {
    let first = end;
    while (this.text.charCodeAt(first - 1) === backslash) first--;
    return (end - first) % 2 === 1;
  }

  private escapedBefore(start: number, end: number): boolean {
    if (this.escape < start) {
      const next = this.text.indexOf('\\', start);
      this.escape = next === -1 ? Infinity : next;
    }
    return this.escape < end;
  }

  /** Passes over a value that nobody asks for. */
  private without(key: string): void {
    if (this.has(key)) this.skip();
  }

  private skip(): void {
    let depth = 0;
    do {
      const char = this.text.charCodeAt(this.at++);
      if (char === quote) this.at = this.closing() + 1;
      else if (char === openBrace || char === openBracket) depth++;
      else if (char === closeBrace || char === closeBracket) depth--;
      else if (Number.isNaN(char)) throw otherForm;
    } while (depth > 0 || this.insideNumber());
    if (depth < 0) throw otherForm;
  }

  // a bare number, true or null goes on until what follows a value
  private insideNumber(): boolean {
    const next = this.text.charCodeAt(this.at);
    const before = this.text.charCodeAt(this.at - 1);
    const closed = before === quote || before === closeBrace || before === closeBracket;
    return !closed && next !== comma && next !== closeBrace && !Number.isNaN(next);
  }
}
