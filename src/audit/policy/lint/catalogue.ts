// Every rule that a policy is held against, with its severity and title: those of the API server, and lint's own.
import { decoding } from '../read.ts';
import { rejections } from '../rejected.ts';
import type { Severity } from '../problem.ts';
import { lintRules } from './lint.ts';

/** A rule as lists, pages and SARIF have it. */
export interface RuleInfo {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
}

/** Titles of what reading and validation find. */
const titles: Readonly<Record<string, string>> = {
  unreadable: 'Not YAML, nor JSON, that an API server can read',
  empty: 'No policy in the text',
  'not-a-mapping': 'Not a mapping',
  'wrong-type': 'A value of the wrong type',
  'unknown-field': 'A field that is dropped',
  'field-too-new': 'A field that this version drops',
  'duplicate-field': 'A field that is there twice',
  'more-documents': 'A second YAML document',
  'api-version': 'Not a version of audit.k8s.io that is read',
  kind: 'Not of kind Policy',
  'no-rules': 'A policy without rules',
  level: 'Not a level',
  stage: 'Not a stage',
  'url-slash': 'A URL that does not begin with a slash',
  'url-wildcard': 'A URL with a * before its end',
  'url-and-resource': 'URLs and resources in one rule',
  group: 'Not the name of a group',
  'names-without-resources': 'Names without resources',
};

const info = (id: string, severity: Severity): RuleInfo => ({ id, severity, title: titles[id] ?? id });

/** All of them; the order is that of docs/policy-lint.md. */
export const catalogue: readonly RuleInfo[] = [
  ...Object.entries(decoding).map(([id, severity]) => info(id, severity)),
  ...rejections.map(({ id }) => info(id, 'error')),
  ...lintRules.map(({ id, severity, title }) => ({ id, severity, title })),
];

const page = 'https://github.com/sematext/kubectl-sematext-audit/blob/main/docs/policy-lint.md';

/** Where a rule is explained. */
export const pageOf = (id: string): string => `${page}#${id}`;
