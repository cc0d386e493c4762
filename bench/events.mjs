// Audit events as a busy API server writes them, as many as are wanted: the lines of a real log again and again, each
// request with an Audit-ID, times and an object's name of its own. The lines stay Go's, byte by byte, but for these.
// Nine of ten requests have ended, as in a real log; one in 20,000 is that of a rare user.
//   node bench/events.mjs COUNT      writes so many to stdout      AUDIT_LOG=FILE another log to make them from
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** Who makes one request in `rarity`. */
export const rareUser = 'rare.person@example.com';
const rarity = 20_000;
const names = 5000;
/** Milliseconds from one event to the next, and when the first one was. */
const pace = 2;
const began = Date.UTC(2026, 10, 22, 17);

const excerpt = fileURLToPath(new URL('../test/golden/tail/audit.log', import.meta.url));

/** A line taken apart: text stands at even places, and at odd ones the name of what comes there. */
function template(line) {
  const { stage, auditID, stageTimestamp, requestReceivedTimestamp, user, objectRef } = JSON.parse(line);
  const slots = [
    ['id', `"auditID":"`, auditID],
    ['at', `"stageTimestamp":"`, stageTimestamp],
    ['received', `"requestReceivedTimestamp":"`, requestReceivedTimestamp],
    ['user', `"user":{"username":"`, user.username],
  ];
  let pieces = [line];
  const cut = (text, keep, slot) => {
    pieces = pieces.flatMap((piece, place) => {
      if (place % 2 === 1) return [piece];
      const [first, ...others] = piece.split(text);
      return [first, ...others.flatMap((other) => [slot, other])];
    });
    pieces = pieces.map((piece, place) => (pieces[place + 1] === slot ? piece + keep : piece));
  };
  for (const [slot, key, value] of slots) cut(`${key}${value}`, key, slot);
  if (objectRef?.name?.length > 5) cut(objectRef.name, `${objectRef.name}-`, 'name');
  return { stage, auditID, user: user.username, pieces };
}

/** The requests of the log, each as the templates of its lines. */
function requests() {
  const bytes = readFileSync(process.env.AUDIT_LOG ?? excerpt);
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString();
  const all = text.split('\n').filter((line) => line !== '');
  const byId = new Map();
  for (const one of all.map(template)) byId.set(one.auditID, [...(byId.get(one.auditID) ?? []), one]);
  return [...byId.values()];
}

/** Requests without end, nine that have ended and one that has not. */
function* mixed() {
  const hasEnded = (lines) => lines.some(({ stage }) => stage === 'ResponseComplete');
  const all = requests();
  const [ended, open] = [all.filter(hasEnded), all.filter((lines) => !hasEnded(lines))];
  for (let n = 0; ; n++)
    yield n % 10 === 9 && open.length > 0 ? open[n % open.length] : ended[n % ended.length];
}

/** The lines of requests, three of which are always under way; each with the number of its request. */
function* interleaved() {
  const waiting = [];
  let request = 0;
  for (const [first, ...others] of mixed()) {
    yield { line: first, request };
    const number = request++;
    waiting.push(others.map((line) => ({ line, request: number })));
    if (waiting.length > 3) yield* waiting.shift();
  }
}

/**
 * Events in texts of some hundred whole lines.
 * @param count how many events
 */
export function* events(count) {
  const received = new Map();
  const time = (n) =>
    `${new Date(began + n * pace).toISOString().slice(0, -1)}${String(n % 1000).padStart(3, '0')}Z`;
  let text = '';
  let n = 0;
  for (const { line, request } of interleaved()) {
    if (n === count) break;
    const at = time(n++);
    if (!received.has(request)) received.set(request, at);
    received.delete(request - 100);
    const values = {
      at,
      id: `${request.toString(16).padStart(8, '0')}${line.auditID.slice(8)}`,
      received: received.get(request),
      user: request % rarity === 1 ? rareUser : line.user,
      name: String(request % names),
    };
    for (let place = 0; place < line.pieces.length; place++)
      text += place % 2 === 0 ? line.pieces[place] : values[line.pieces[place]];
    text += '\n';
    if (n % 500 === 0) {
      yield text;
      text = '';
    }
  }
  yield text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.on('error', () => process.exit());
  for (const text of events(Number(process.argv[2])))
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
