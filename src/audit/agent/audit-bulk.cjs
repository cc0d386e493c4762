// The sending half of the Logagent plugin audit-files.cjs: lines of an audit log become documents, and a document counts
// as delivered when the receiver has taken it. What Logagent's own output does when the receiver is away: it drops it.
//
// Run by the image's Node 12: no newer syntax, no packages.
'use strict';
const { createHash } = require('crypto');

const timeoutMs = 60 * 1000;
const patience = { firstMs: 1000, lastMs: 60 * 1000 };

/** Keys as Logagent's audit receiver makes them, so that the events of a file and of a webhook are searched alike. */
function renamed(value) {
  if (Array.isArray(value)) return value.map(renamed);
  if (value === null || typeof value !== 'object') return value;
  const key = (name) => name.replace(/\./g, '_').replace(/^_+/, '');
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [key(name), renamed(inner)]));
}

/**
 * What is sent for a line (a Buffer); undefined for one that is no audit event, or is older than `since` (epoch ms).
 * The id is the line's hash: a line sent again replaces itself. It is not made of the auditID, which a client may
 * choose: then one event could replace another.
 */
function documentOf(line, { since, node }) {
  const event = parsed(line.toString('utf8'));
  if (event.kind !== 'Event' || !/^audit\.k8s\.io\//.test(event.apiVersion)) return undefined;
  const time = event.stageTimestamp || event.requestReceivedTimestamp;
  if (Date.parse(time) < since) return undefined;
  const body = { ...renamed(event), '@timestamp': time, severity: event.level, os: { host: node } };
  return { id: createHash('sha256').update(line).digest('hex'), body: JSON.stringify(body) };
}

/** The object in a text; an empty one where there is none. */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

/** Sematext's bulk API (https://sematext.com/docs/logs/index-events-via-elasticsearch-api/), or an engine like it. */
class Receiver {
  /**
   * @param base URL of the receiver; the token is put behind it
   * @param wait takes milliseconds; may throw to end a delivery
   * @param say takes a sentence for the log
   */
  constructor(base, token, { wait, say }) {
    this.url = new URL(`${base.replace(/\/+$/, '')}/${token}/_bulk`);
    this.token = token;
    this.wait = wait;
    this.say = say;
    this.http = this.url.protocol === 'https:' ? require('https') : require('http');
    this.agent = new this.http.Agent({ keepAlive: true });
    this.refused = 0;
  }

  /** Returns when each document was taken, or refused for what it is. Throws only what `wait` throws. */
  async deliver(documents) {
    let left = documents;
    for (let waitMs = patience.firstMs; left.length > 0; waitMs = Math.min(waitMs * 2, patience.lastMs)) {
      const { again, why } = await this.send(left).catch((error) => ({ again: left, why: error.message }));
      if (again.length < left.length) waitMs = patience.firstMs;
      left = again;
      if (left.length === 0) return;
      this.say(`${left.length} events wait: ${this.url.host}: ${why}; next try in ${waitMs / 1000} s`);
      await this.wait(waitMs);
    }
  }

  /** One request, or more where the receiver finds it too large or faulty. Returns what is to be sent again, and why. */
  async send(documents) {
    const { status, headers, text } = await this.post(documents);
    if (status >= 200 && status < 300) return this.judge(documents, text);
    const told = headers['x-logsene-error'];
    const why = `status ${status}${told ? `, ${told.split(this.token).join('***')}` : ''}`;
    // 400 is also said of a token that is not known, which is no fault of the events
    const faulty = status === 413 || (status === 400 && !/application|token/i.test(text));
    if (!faulty) return { again: documents, why };
    if (documents.length === 1) return this.refuse(why);
    const half = Math.ceil(documents.length / 2);
    const first = await this.send(documents.slice(0, half));
    const second = await this.send(documents.slice(half));
    return { again: [...first.again, ...second.again], why };
  }

  judge(documents, text) {
    const { items } = parsed(text);
    const again = documents.filter((_, i) => {
      // a receiver of one's own may say no more than that it took them
      const { status = 200, error } = ((Array.isArray(items) && items[i]) || {}).index || {};
      if (status === 429 || status >= 500) return true;
      // the error's reason may quote the event
      if (status >= 400) this.refuse(`status ${status} ${(error && error.type) || ''}`.trim());
      return false;
    });
    return { again, why: 'not all were taken' };
  }

  /** Leaves one event out: no second try would change the answer. */
  refuse(why) {
    this.refused += 1;
    this.say(`an event is left out: ${why}`);
    return { again: [], why };
  }

  post(documents) {
    const action = (id) => JSON.stringify({ index: { _index: this.token, _type: 'logs', _id: id } });
    const body = documents.map(({ id, body }) => `${action(id)}\n${body}\n`).join('');
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const request = this.http.request(
        this.url,
        { method: 'POST', headers, agent: this.agent },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (more) => (text += more));
          answer.on('aborted', () => reject(new Error('the answer broke off')));
          answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
        },
      );
      request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
      request.on('error', reject);
      request.end(body);
    });
  }
}

module.exports = { documentOf, Receiver };
