// What cannot be read, and where.

/** Thrown where the API server could not read the text. */
export class Unreadable extends Error {
  /** Offset into the text. */
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}
