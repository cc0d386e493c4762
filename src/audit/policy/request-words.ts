// The words in which a person says a request, and the refusal of those that make none.
import type { Attributes } from './policy.ts';

export interface RequestForm {
  /** Who sends it. */
  readonly as?: string | undefined;
  readonly asGroups?: readonly string[] | undefined;
  /** Its credentials are refused, so that it is nobody's. */
  readonly unauthenticated?: boolean | undefined;
  readonly verb?: string | undefined;
  /** RESOURCE, RESOURCE/SUBRESOURCE, each also with .GROUP or .VERSION.GROUP. */
  readonly resource?: string | undefined;
  readonly subresource?: string | undefined;
  readonly apiGroup?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** Path and query; in the place of everything about a resource. */
  readonly url?: string | undefined;
  readonly method?: string | undefined;
}

/** A form with what it stands for. */
export interface Meant {
  readonly attributes: Attributes;
  /** Groups that the API server gives to the user by itself. */
  readonly addedGroups: readonly string[];
  /** What was taken for something else than was said, and why: sentences. */
  readonly notes: readonly string[];
}

/** Thrown where the words of a form do not make a request; the message is a sentence, and `next` what to say instead. */
export class NoRequest extends Error {
  readonly next: string;
  constructor(message: string, next: string) {
    super(message);
    this.next = next;
  }
}

/** How a field is called where it was said: `--as-group`, `asGroups`. */
export type Word = (field: keyof RequestForm) => string;
