// What a person would write in ten minutes: JSON.parse of each line, a filter, each request once by its last stage, a
// line of text. Blocks instead of readline, which alone would take longer than all of this. A rival of bench/tail.mjs.
//   node bench/json-parse.mjs FILE [USER]      the requests of everybody or of one user
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const [path, wanted] = process.argv.slice(2);

function text({ stageTimestamp, user, verb, objectRef, requestURI, sourceIPs, responseStatus }) {
  const what = objectRef ? `${objectRef.resource} ${objectRef.namespace}/${objectRef.name}` : requestURI;
  return `${stageTimestamp} ${user.username} ${verb} ${what} ${sourceIPs?.at(-1)} ${responseStatus?.code}\n`;
}

const file = openSync(path, 'r');
const buffer = Buffer.allocUnsafe(1024 * 1024);
const decoder = new StringDecoder();
const unfinished = new Map();
let rest = '';
for (let read; (read = readSync(file, buffer)) > 0;) {
  const lines = (rest + decoder.write(buffer.subarray(0, read))).split('\n');
  rest = lines.pop();
  let shown = '';
  for (const line of lines) {
    const event = JSON.parse(line);
    if (wanted !== undefined && event.user.username !== wanted) continue;
    if (event.stage === 'ResponseComplete' || event.stage === 'Panic') {
      unfinished.delete(event.auditID);
      shown += text(event);
    } else unfinished.set(event.auditID, event);
  }
  if (shown !== '') writeSync(1, shown);
}
writeSync(1, [...unfinished.values()].map(text).join(''));
closeSync(file);
