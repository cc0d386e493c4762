// The embedded Sematext: an audit receiver and a search on loopback ports, with the documents between them.
import { randomUUID } from 'node:crypto';
import { Faults } from './faults.ts';
import { listen } from './http.ts';
import { documentOf, type Document } from './logs/document.ts';
import { sematextMapping, type Mapping } from './logs/fields.ts';
import { IndexStore } from './logs/index-store.ts';
import { answerReceiver, type Take } from './logs/receiver.ts';
import { answerSearch } from './logs/search-endpoint.ts';

/** How to start one. */
export interface SematextOptions {
  /** Tokens that belong to a Logs App; the receiver takes events for any other too, and they are never found. */
  readonly tokens?: readonly string[];
  /** Key that the search wants; default: a new one. */
  readonly apiKey?: string;
  /** From the receiver's answer to the search's first hit; default 100. */
  readonly delayMs?: number;
  /** How strings are mapped; as at Sematext when left out. */
  readonly mapping?: Mapping;
}

/** A running one. */
export interface Sematext {
  readonly receiverUrl: string;
  readonly searchUrl: string;
  readonly apiKey: string;
  /** What was taken for a token, found by a search or not yet. */
  documents(token: string): readonly Document['source'][];
  readonly faults: { readonly receiver: Faults; readonly search: Faults };
  stop(): Promise<void>;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Starts one and resolves when both halves answer. Without `tokens`, every token belongs to an App. */
export async function startSematext(options: SematextOptions = {}): Promise<Sematext> {
  const { apiKey = randomUUID(), delayMs = 100, tokens, mapping = sematextMapping } = options;
  const store = new IndexStore();
  const faults = { receiver: new Faults(), search: new Faults() };
  const take: Take = (item, token, listed) => {
    if (!isObject(item)) throw new TypeError(`Cannot create property '@timestamp' on ${String(item)}`);
    const { index = token, document } = documentOf(item, listed, Date.now() + delayMs);
    if (!tokens || tokens.includes(index)) store.add(index, document);
  };
  const receiver = await listen((request) => answerReceiver(request, take), faults.receiver);
  const search = await listen((request) => answerSearch(request, store, { apiKey, mapping }), faults.search);
  return {
    receiverUrl: `http://127.0.0.1:${receiver.port}`,
    searchUrl: `http://127.0.0.1:${search.port}`,
    apiKey,
    documents: (token) => store.all(token).map(({ source }) => source),
    faults,
    stop: async () => {
      await Promise.all([receiver.stop(), search.stop()]);
    },
  };
}
