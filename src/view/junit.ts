// JUnit's XML, as CI systems read it. Whatever stands in a text, the file is well-formed and steers no terminal.

/** How a test case ended; what could not be looked at is an error, never a pass. */
export interface JunitCase {
  readonly name: string;
  readonly outcome?: {
    readonly kind: 'failure' | 'error' | 'skipped';
    readonly message: string;
    /** Longer than the message; of a skipped case there is none. */
    readonly body?: string;
  };
}

export interface JunitSuite {
  readonly name: string;
  /** RFC 3339; a run that did not look at a clock has none. */
  readonly timestamp?: string;
  readonly cases: readonly JunitCase[];
}

/** A file with one suite. */
export function junit({ name, timestamp, cases }: JunitSuite): string {
  const count = (kind: string): number => cases.filter(({ outcome }) => outcome?.kind === kind).length;
  const at = timestamp === undefined ? '' : ` timestamp="${xml(timestamp)}"`;
  const counts = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="${xml(name)}"${at} ${counts}>`,
    ...cases.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase({ name, outcome }: JunitCase): string {
  const open = `    <testcase classname="sematext-audit" name="${xml(name)}"`;
  if (outcome === undefined) return `${open}/>`;
  const { kind, message, body } = outcome;
  const inner =
    body === undefined
      ? `<${kind} message="${xml(message)}"/>`
      : `<${kind} message="${xml(message)}">${xml(body)}</${kind}>`;
  return `${open}>\n      ${inner}\n    </testcase>`;
}

const escaped: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** The text as it may stand in an element or an attribute. */
const xml = (text: string): string =>
  text
    .replace(/[&<>"]/g, (char) => escaped[char] ?? char)
    // these are all that XML 1.0 allows, escaped or not (production Char)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    // what it allows and a terminal obeys
    .replace(/[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (char) => `&#${char.charCodeAt(0)};`);
