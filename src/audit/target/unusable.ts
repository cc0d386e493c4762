// Why a configuration text of the cluster is not edited.

/** A text that cannot be edited safely; not our bug, and nothing was changed. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
  /** Goes on where "FILE cannot be changed: " ends; no full stop, no secret. */
  readonly why: string;

  constructor(why: string) {
    super(`cannot be changed: ${why}`);
    this.why = why;
  }
}
