// The Status objects that an API server refuses with: reason, code and message in the server's own words
// (apimachinery pkg/api/errors/errors.go, pkg/util/validation/field/errors.go).

/** metav1.Status, as JSON. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: Details;
  readonly code?: number;
}

export interface Details {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Cause[];
}

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** What a refusal is about: a resource (or kind) of a group. */
export interface About {
  readonly group: string;
  readonly resource: string;
}

/** Thrown anywhere in the handling of a request; becomes the answer. */
export class Refusal extends Error {
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details?: Details) {
    super(message);
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason && { reason }),
      ...(details && { details }),
      code,
    };
  }
}

function qualified(name: string, group: string): string {
  return group ? `${name}.${group}` : name;
}

function details(about: About, name: string): Details {
  const { group, resource: kind } = about;
  return { ...(name && { name }), ...(group && { group }), ...(kind && { kind }) };
}

/** 401; the same words whatever was wrong with the credentials. */
export function unauthorized(): Refusal {
  return new Refusal(401, 'Unauthorized', 'Unauthorized');
}

/** 404 for an object. */
export function notFound(about: About, name: string): Refusal {
  return new Refusal(
    404,
    'NotFound',
    `${qualified(about.resource, about.group)} "${name}" not found`,
    details(about, name),
  );
}

/** 404 for a path under a group version that is served. */
export function noSuchResource(): Refusal {
  return new Refusal(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** 405 for a verb that a resource does not have. */
export function methodNotAllowed(): Refusal {
  return new Refusal(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

/** 409 on create. */
export function alreadyExists(about: About, name: string): Refusal {
  return new Refusal(
    409,
    'AlreadyExists',
    `${qualified(about.resource, about.group)} "${name}" already exists`,
    details(about, name),
  );
}

/** 409 on update or delete. */
export function conflict(about: About, name: string, why: string): Refusal {
  return new Refusal(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(about.resource, about.group)} "${name}": ${why}`,
    details(about, name),
  );
}

/** 400 for a request that could not be understood. */
export function badRequest(message: string): Refusal {
  return new Refusal(400, 'BadRequest', message);
}

/** 422; `about.resource` is the kind here, as in the real one. */
export function invalid(about: About, name: string, causes: readonly Cause[]): Refusal {
  const texts = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new Refusal(
    422,
    'Invalid',
    `${qualified(about.resource, about.group)} "${name}" is invalid: ${list}`,
    { ...details(about, name), causes },
  );
}

/** One entry of a 422: something that must be there is not. */
export function required(field: string, why = ''): Cause {
  return { reason: 'FieldValueRequired', message: `Required value${why && `: ${why}`}`, field };
}

/** One entry of a 422: a value that is wrong, and why. */
export function wrong(field: string, value: unknown, why: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

/** One entry of a 422: a value that is none of a list. */
export function unsupported(field: string, value: unknown, known: readonly string[]): Cause {
  const list = [...known].sort().map((one) => `"${one}"`);
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list.join(', ')}`,
    field,
  };
}
