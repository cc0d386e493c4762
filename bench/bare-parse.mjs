// The least that any program does that reads events as JSON in Node: JSON.parse of each line, nothing done with it. A
// rival of bench/policy.mjs.
//   node bench/bare-parse.mjs FILE      prints how many there were
import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const file = openSync(process.argv[2], 'r');
const buffer = Buffer.allocUnsafe(1024 * 1024);
const decoder = new StringDecoder();
let [rest, count] = ['', 0];
for (let read; (read = readSync(file, buffer)) > 0;) {
  const lines = (rest + decoder.write(buffer.subarray(0, read))).split('\n');
  rest = lines.pop();
  for (const line of lines) if (JSON.parse(line).auditID !== '') count++;
}
closeSync(file);
console.log(count);
