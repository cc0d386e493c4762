// Input plugin for Logagent that ships the files of an API server's audit log: every event, and none twice.
//
// Logagent's own file input and Elasticsearch output cannot (3.2.0, measured in docs/agents.md): a file is closed
// unread when it is renamed, a position is kept only by a gentle end, and what the receiver does not take is dropped.
// Here a file is known by its inode and its first bytes, whatever its name, and a position moves on when the receiver
// has taken what stands before it.
//
// Run by the image's Node 12: no newer syntax, no packages.
// Logagent's plugins: https://sematext.com/docs/logagent/plugins/
'use strict';
const { createHash } = require('crypto');
const { promises: fs } = require('fs');
const { hostname } = require('os');
const { basename, dirname, extname, join } = require('path');
const { documentOf, Receiver } = require('./audit-bulk.cjs');
const { containerLogs, namesIn, stdoutLines } = require('./audit-cri.cjs');

/** What is read and sent at once: what a kill may let be sent again. Bytes. */
const chunk = 512 * 1024;
/** A line beyond this is left out: Sematext's receivers take 10 MB in one request. Bytes. */
const longest = 16 * chunk;
/** How many of a file's first bytes tell it from another one that got its inode later. */
const headLength = 1024;
/** Passes after which the position of a file that is gone is forgotten; one that is being renamed is gone for one. */
const forgetAfter = 120;
const pollMs = 1000;
const reportMs = 60 * 1000;
const newline = 10;

const say = (text) => console.log(`${new Date().toISOString()} audit-files: ${text}`);

/** Ends waits and deliveries when Logagent ends: what was not delivered stays behind its position. */
class Stopped extends Error {}

/** How far each file was delivered, by inode; kept in one file that is replaced as a whole. */
class Positions {
  constructor(folder) {
    this.folder = folder;
    this.path = join(folder, 'positions.json');
    this.files = {};
  }

  async load() {
    await fs.mkdir(this.folder, { recursive: true, mode: 0o700 });
    const text = await fs.readFile(this.path, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return '{"files":{}}';
      throw error;
    });
    try {
      this.files = JSON.parse(text).files;
    } catch {
      say(`${this.path} is damaged, so every file is sent from its begin`);
    }
    for (const entry of Object.values(this.files)) entry.unseen = 0;
  }

  /** Where to go on in an open file: at its begin when it is new, or only got the inode of an older one. */
  async of(file) {
    const { ino, size } = await file.stat({ bigint: true });
    const entry = this.files[ino];
    if (entry) entry.unseen = 0;
    const same =
      entry && size >= entry.position && (await headOf(file, entry.head.length)) === entry.head.sha256;
    return { ino, size: Number(size), position: same ? entry.position : 0 };
  }

  async keep(ino, file, position) {
    const length = Math.min(position, headLength);
    this.files[ino] = { position, head: { length, sha256: await headOf(file, length) }, unseen: 0 };
    await this.save();
  }

  /** To be called after each pass over all files. */
  async forget() {
    const gone = Object.keys(this.files).filter((ino) => ++this.files[ino].unseen > forgetAfter);
    for (const ino of gone) delete this.files[ino];
    if (gone.length > 0) await this.save();
  }

  async save() {
    const next = await fs.open(`${this.path}.next`, 'w', 0o600);
    await next.writeFile(JSON.stringify({ files: this.files }));
    await next.sync();
    await next.close();
    await fs.rename(`${this.path}.next`, this.path);
  }
}

async function headOf(file, length) {
  const buffer = Buffer.alloc(length);
  await file.read(buffer, 0, length, 0);
  return createHash('sha256').update(buffer).digest('hex');
}

/**
 * The files to read, oldest first: those that the API server renamed away (`audit-2006-01-02T15-04-05.000.log` of
 * `audit.log`; lumberjack v2, backupName), then those it writes. No other file of that folder.
 */
async function filesOf(live) {
  const rotated = [];
  for (const path of live) {
    const end = extname(path);
    const start = `${basename(path, end)}-`;
    for (const name of await namesIn(dirname(path))) {
      const time = name.startsWith(start) && name.endsWith(end) ? name.slice(start.length, -end.length) : '';
      if (/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/.test(time))
        rotated.push({ time, path: join(dirname(path), name) });
    }
  }
  rotated.sort((a, b) => (a.time < b.time ? -1 : 1));
  return [...rotated.map(({ path }) => path), ...live];
}

/**
 * The lines from `position` on, a chunk of them or one long line, and where the next one begins.
 * @param cut takes whole lines, gives those in them that are wanted and how many bytes these took
 */
async function linesFrom(file, position, cut) {
  for (let length = chunk; length <= longest; length *= 2) {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.read(buffer, 0, length, position);
    const { lines, used } = cut(buffer.slice(0, buffer.slice(0, bytesRead).lastIndexOf(newline) + 1));
    if (used > 0) return { lines, end: position + used };
    if (bytesRead < length) return { lines: [], end: position }; // the rest of the line is not written yet
  }
  return { lines: [], end: await endOfLine(file, position), tooLong: true };
}

/** Where the line at `position` ends; `position` when its end is not written yet. */
async function endOfLine(file, position) {
  const buffer = Buffer.allocUnsafe(chunk);
  for (let at = position; ; at += chunk) {
    const { bytesRead } = await file.read(buffer, 0, chunk, at);
    const found = buffer.slice(0, bytesRead).indexOf(newline);
    if (found >= 0) return at + found + 1;
    if (bytesRead < chunk) return position;
  }
}

function allLines(buffer) {
  const lines = [];
  for (let from = 0; from < buffer.length;) {
    const to = buffer.indexOf(newline, from);
    lines.push(buffer.slice(from, to));
    from = to + 1;
  }
  return { lines, used: buffer.length };
}

/**
 * The plugin. Its section of logagent.conf:
 * - `files`: those that API servers write; the ones renamed away lie beside them. Optional.
 * - `containers`: folders of containers' logs, with one star each. Optional.
 * - `state`: folder for the positions, made when it is missing
 * - `url`: base of the receiver; the token is LOGS_TOKEN, the node's name NODE_NAME or else the host's
 * - `since`: RFC 3339; older events are left out. Optional.
 */
class AuditFiles {
  constructor({ files = [], containers = [], state, url, since }) {
    this.live = files;
    this.containers = containers;
    this.positions = new Positions(state);
    this.about = {
      since: since === undefined ? -Infinity : Date.parse(since),
      node: process.env.NODE_NAME || hostname(),
    };
    this.receiver = new Receiver(url, process.env.LOGS_TOKEN, { wait: (ms) => this.wait(ms), say });
    this.stopped = false;
    this.counts = { sent: 0, skipped: 0 };
  }

  start() {
    this.running = this.run();
  }

  stop(done) {
    this.stopped = true;
    if (this.wake) this.wake();
    this.running.then(done);
  }

  async run() {
    let loaded = false;
    let told = Date.now();
    while (!this.stopped) {
      try {
        if (!loaded) await this.positions.load();
        loaded = true;
        const behind = await this.pass();
        if (Date.now() - told >= reportMs) {
          told = Date.now();
          this.report(behind);
        }
      } catch (error) {
        if (!(error instanceof Stopped)) say(`tries again: ${error.message}`);
      }
      await this.wait(pollMs).catch(() => undefined); // the loop's own condition ends it
    }
    this.report(0);
  }

  /** Reads every file as far as it is written. Returns the bytes of lines that are not written to their end. */
  async pass() {
    let behind = 0;
    for (const path of await filesOf(this.live)) behind += await this.read(path, allLines);
    for (const path of await containerLogs(this.containers)) behind += await this.read(path, stdoutLines);
    await this.positions.forget();
    return behind;
  }

  async read(path, cut) {
    let file;
    try {
      file = await fs.open(path, 'r');
    } catch (error) {
      if (error.code === 'ENOENT') return 0; // renamed since it was listed: the next pass meets it again
      throw error;
    }
    try {
      const { ino, size, position } = await this.positions.of(file);
      return Math.max(size - (await this.readOpen(file, { ino, position, cut })), 0);
    } finally {
      await file.close();
    }
  }

  /** Returns the position that was reached. */
  async readOpen(file, { ino, position: from, cut }) {
    for (let position = from; ;) {
      const { lines, end, tooLong } = await linesFrom(file, position, cut);
      if (end === position) return position;
      if (tooLong) this.receiver.refuse(`its line has more than ${longest} bytes`);
      await this.deliver(lines);
      position = end;
      await this.positions.keep(ino, file, position);
      if (this.stopped) throw new Stopped();
    }
  }

  async deliver(lines) {
    const documents = lines.map((line) => documentOf(line, this.about)).filter((one) => one !== undefined);
    await this.receiver.deliver(documents);
    this.counts.sent += documents.length;
    this.counts.skipped += lines.length - documents.length;
  }

  report(behind) {
    const { sent, skipped } = this.counts;
    const { refused } = this.receiver;
    say(
      `${sent} events sent, ${refused} of them refused; ${skipped} lines skipped; ${behind} bytes of unended lines`,
    );
  }

  /** Throws Stopped when Logagent ends before or meanwhile. */
  async wait(ms) {
    if (!this.stopped)
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    if (this.stopped) throw new Stopped();
  }
}

module.exports = AuditFiles;
