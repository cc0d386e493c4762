// How long an event is as the API server writes it, a line of UTF-8, and how much of that its bodies are: what a policy
// of another level would leave out. Keys in the order of apiserver pkg/apis/audit/v1/types.go.

/** Bytes. */
export interface Size {
  /** The whole line with its newline. */
  readonly line: number;
  /** The request's body with its key, 0 where there is none. */
  readonly request: number;
  readonly response: number;
  /** What of the bodies is managedFields, which omitManagedFields leaves out. */
  readonly requestManaged: number;
  readonly responseManaged: number;
}

const requestKey = ',"requestObject":';
const responseKey = ',"responseObject":';
const managedKey = '"managedFields":';

/** Bytes of a text in UTF-8; half of a surrogate pair is written as U+FFFD. */
export function bytesOf(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) ?? 0;
    if (code > 0xffff) i++; // a pair of two characters is four bytes
    if (code > 0x7f) bytes += code > 0x7ff ? 2 : 1;
  }
  return bytes;
}

const characters = (text: string): number => text.length;

/**
 * @param line with its newline
 * @param bodies of the line's text, the bodies' keys and values, each with the comma before it; undefined where it has none
 * @param ascii whether each character is known to be one byte
 */
export function sizeWith(line: string, bodies: string | undefined, ascii: boolean): Size {
  const measure = ascii ? characters : bytesOf;
  if (bodies === undefined) return { line: measure(line), ...none };
  const middle = responseFrom(bodies);
  const [request, response] = [bodies.slice(0, middle), bodies.slice(middle)];
  return {
    line: measure(line),
    request: measure(request),
    response: measure(response),
    requestManaged: managedIn(request, measure),
    responseManaged: managedIn(response, measure),
  };
}

const none = { request: 0, response: 0, requestManaged: 0, responseManaged: 0 };

/** The size of an event in any form, from its JSON; blanks between its tokens do not count where there are many lines. */
export function sizeOf(json: string): Size {
  const event = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const text = json.includes('\n') ? JSON.stringify(event) : json;
  const part = (key: string, value: unknown): string =>
    value === undefined ? '' : `${key}${JSON.stringify(value)}`;
  const bodies = part(requestKey, event['requestObject']) + part(responseKey, event['responseObject']);
  return sizeWith(`${text}\n`, bodies === '' ? undefined : bodies, false);
}

/** Where the response's body begins: behind the request's, which may have such a key within it. */
function responseFrom(bodies: string): number {
  if (bodies.startsWith(responseKey)) return 0;
  if (!bodies.includes(responseKey)) return bodies.length;
  return endOf(bodies, requestKey.length);
}

function managedIn(body: string, measure: (text: string) => number): number {
  let bytes = 0;
  for (let at = body.indexOf(managedKey); at >= 0;) {
    const end = endOf(body, at + managedKey.length);
    bytes += 1 + measure(body.slice(at, end)); // with a comma
    at = body.indexOf(managedKey, end);
  }
  return bytes;
}

const [quote, comma, backslash] = [0x22, 0x2c, 0x5c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Where the JSON value ends that begins at a place; the end of the text where it is not whole. */
function endOf(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) i = closingQuote(text, i);
    else if (code === openBrace || code === openBracket) depth++;
    else if (code === comma && depth === 0) return i;
    else if ((code === closeBrace || code === closeBracket) && --depth <= 0) return depth < 0 ? i : i + 1;
  }
  return text.length;
}

function closingQuote(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let before = at;
    while (text.charCodeAt(before - 1) === backslash) before--;
    if ((at - before) % 2 === 0) return at;
  }
  return text.length;
}
