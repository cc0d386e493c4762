// What a run did, as the ConfigMap kube-system/sematext-audit remembers it, so that `disable` can take back exactly
// that. Holds no secret: a token appears only as a fingerprint.

export interface AuditRecord {
  readonly version: 1;
  /** `open` while a run is at work (also when it died), `done` after its last step. */
  readonly state: 'open' | 'done';
  readonly run: string;
  /** ISO 8601. */
  readonly at: string;
  readonly tool: string;
  readonly backend: 'dynamic';
  readonly receiver: string;
  /** First 12 hex digits of the token's SHA-256. */
  readonly token: string;
  readonly objects: readonly RecordedObject[];
}

export interface RecordedObject {
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  /** What disable does: `delete`, or `restore` the spec that the object's own annotation keeps. */
  readonly undo: 'delete' | 'restore';
}
