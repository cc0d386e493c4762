// Rules that only `policy init` has, most of them with names out of the answers.
import type { ServerVersion } from '../facts.ts';
import type { Answers } from './init-answers.ts';
import type { Lines } from './presets/lines.ts';

// always in quotes: a namespace may be named `on` or `1e3`
const listed = (values: readonly string[], indent: string): string =>
  [...new Set(values)].map((value) => `\n${indent}- ${JSON.stringify(value)}`).join('');

/** What it was made from. */
export function title({ reads, bodies, namespaces }: Answers, { major, minor }: ServerVersion): Lines {
  const where = namespaces.length === 0 ? 'all' : 'some';
  return {
    text: `
# Audit policy for Kubernetes ${major}.${minor}, made by kubectl sematext-audit policy init. Reads: ${reads}. Bodies: ${bodies}.
# Namespaces: ${where}. The first rule that matches decides.
`,
  };
}

/** What is read is left out after a login alone: a failed one has no group, and is kept. */
export const otherReads: Readonly<Record<'none' | 'people', Lines>> = {
  none: {
    text: `
  # No reads but those of Secrets, above, nor GETs of other URLs. Only after a login: a failed one is kept.
  - level: None
    userGroups: [system:authenticated]
    verbs: [get, list, watch]
`,
  },
  people: {
    text: `
  # What controllers and workloads read, but for Secrets. A stolen token of theirs does not show by what it reads.
  - level: None
    userGroups: [system:serviceaccounts]
    verbs: [get, list, watch]
`,
  },
};

/** For those who leave out users or namespaces. */
export const rightsAlways: Lines = {
  text: `
  # Which rights were given to whom, in every namespace and by everybody.
  - level: Metadata
    verbs: [create, update, patch, delete, deletecollection]
    resources:
      - group: rbac.authorization.k8s.io
`,
};

/** Users of whom nothing more is recorded. */
export function ignored({ ignoredUsers }: Answers): readonly Lines[] {
  if (ignoredUsers.length === 0) return [];
  return [
    {
      text: `
  # Whom nothing is recorded of from here on: ways into containers, Secrets and rights are above.
  - level: None
    users:${listed(ignoredUsers, '      ')}
`,
    },
  ];
}

/** Bodies of what runs. */
export function workloads({ namespaces }: Answers): readonly Lines[] {
  const where = namespaces.length === 0 ? '' : `    namespaces:${listed(namespaces, '      ')}\n`;
  const rule = (verbs: string): string => `  - level: Request
    verbs: [${verbs}]
${where}    resources:
      - group: ""
        resources: [pods, replicationcontrollers, services]
      - group: apps
        resources: [daemonsets, deployments, replicasets, statefulsets]
      - group: batch
        resources: [cronjobs, jobs]
`;
  return [
    {
      to: 36,
      text: `
  # What runs, as it was sent: images, commands, and values in environments, which may be secret. Not patches: before
  # 1.37 one whose body is YAML is lost at this level (kubernetes PR 139419); they are kept at Metadata below.
${rule('create, update, delete, deletecollection')}`,
    },
    {
      from: 37,
      text: `
  # What runs, as it was sent: images, commands, and values in environments, which may be secret.
${rule('create, update, patch, delete, deletecollection')}`,
    },
  ];
}

/** The namespaces that were named, and what is in none. */
export function within({ namespaces }: Answers): readonly Lines[] {
  const proof: Lines = {
    text: `
  # What delivery is proved by: a dry-run create of a ConfigMap in default.
  - level: Metadata
    verbs: [create]
    namespaces: [default]
    resources:
      - group: ""
        resources: [configmaps]
`,
  };
  return [
    {
      text: `
  # Everything in these, and what is in no namespace: nodes, namespaces, lists over all of them.
  - level: Metadata
    namespaces:${listed(['', ...namespaces], '      ')}
  # URLs of no resource are in no namespace, either.
  - level: Metadata
    nonResourceURLs: ["*"]
`,
    },
    ...(namespaces.includes('default') ? [] : [proof]),
  ];
}

/** The other namespaces, after a login. */
export const elsewhere: Lines = {
  text: `
  # Nothing in other namespaces by whoever has logged in.
  - level: None
    userGroups: [system:authenticated]
  # Failed logins, wherever, and what is asked without one.
  - level: Metadata
`,
};
