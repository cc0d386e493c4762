// The fields that a policy has, with their types: what the API server's decoder knows.
// Source: apiserver pkg/apis/audit/v1/types.go (v1alpha1 and v1beta1 have the same), apimachinery pkg/apis/meta/v1.
import { omitManagedFieldsSince } from './policy.ts';

/** A value's type, as far as decoding goes; `time` is RFC 3339, `any` is what nobody reads. */
export type Shape =
  PlainShape | 'any' | { readonly listOf: Shape } | { readonly mapOf: Shape } | { readonly fields: Fields };
export type PlainShape = 'string' | 'boolean' | 'integer' | 'time';

export type Fields = Readonly<Record<string, Field>>;
export interface Field {
  readonly shape: Shape;
  /** First minor version that knows it; before, it is dropped. */
  readonly since?: number;
}

const strings: Shape = { listOf: 'string' };
const of = (shape: Shape, ...names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, { shape }]));

const groupResources: { readonly fields: Fields } = {
  fields: { ...of('string', 'group'), ...of(strings, 'resources', 'resourceNames') },
};

const omitManagedFields: Field = { shape: 'boolean', since: omitManagedFieldsSince };

const rule: { readonly fields: Fields } = {
  fields: {
    ...of('string', 'level'),
    ...of(strings, 'users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs', 'omitStages'),
    ...of({ listOf: groupResources }, 'resources'),
    omitManagedFields,
  },
};

const owner: Shape = {
  fields: {
    ...of('string', 'apiVersion', 'kind', 'name', 'uid'),
    ...of('boolean', 'controller', 'blockOwnerDeletion'),
  },
};

const manager: Shape = {
  fields: {
    ...of('string', 'manager', 'operation', 'apiVersion', 'fieldsType', 'subresource'),
    ...of('time', 'time'),
    ...of('any', 'fieldsV1'),
  },
};

// Ignored, but it has to decode.
const metadata: Shape = {
  fields: {
    ...of('string', 'name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion'),
    ...of('integer', 'generation', 'deletionGracePeriodSeconds'),
    ...of('time', 'creationTimestamp', 'deletionTimestamp'),
    ...of({ mapOf: 'string' }, 'labels', 'annotations'),
    ...of(strings, 'finalizers'),
    ...of({ listOf: owner }, 'ownerReferences'),
    ...of({ listOf: manager }, 'managedFields'),
  },
};

/** A whole policy. */
export const policyShape: { readonly fields: Fields } = {
  fields: {
    ...of('string', 'apiVersion', 'kind'),
    ...of(metadata, 'metadata'),
    ...of(strings, 'omitStages'),
    omitManagedFields,
    ...of({ listOf: rule }, 'rules'),
  },
};

/** Where else a field of this name belongs, in words; undefined where nowhere. */
export function homeOf(name: string): string | undefined {
  if (name in groupResources.fields) return 'an entry of resources';
  if (name in rule.fields) return 'a rule';
  return name in policyShape.fields ? 'the policy itself' : undefined;
}
