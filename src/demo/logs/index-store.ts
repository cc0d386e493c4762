// The documents of every token, and from when on a search finds them.
import type { Document } from './document.ts';

/** One index for each token that ever got a document. */
export class IndexStore {
  readonly #documents = new Map<string, Document[]>();

  add(token: string, document: Document): void {
    const all = this.#documents.get(token) ?? [];
    const at = all.findIndex(({ id }) => id === document.id);
    if (at < 0) all.push(document);
    else all[at] = document;
    this.#documents.set(token, all);
  }

  /** What a search finds now; undefined when the token has no index yet. */
  visible(token: string): readonly Document[] | undefined {
    const now = Date.now();
    const found = this.#documents.get(token)?.filter(({ from }) => from <= now);
    return found && found.length > 0 ? found : undefined;
  }

  /** Everything that was taken for a token, found by a search or not yet. */
  all(token: string): readonly Document[] {
    return this.#documents.get(token) ?? [];
  }
}
