// What this tool does not do itself yet: the change of an API server's start-up, as exact steps for a person. One
// recipe for each kind of control plane; here is what they have in common, first of all that no step may name a
// switch that keeps this version's API server from starting.
import { hasAuditSinks } from '../backend/dynamic.ts';
import { seen } from '../facts.ts';
import type { Flags, Look, ServerVersion } from '../facts.ts';
import { capi } from './by-hand/capi.ts';
import { k0s } from './by-hand/k0s.ts';
import { k3s } from './by-hand/k3s.ts';
import { kind } from './by-hand/kind.ts';
import { kops } from './by-hand/kops.ts';
import { dockerDesktop, kubeadm, staticPod } from './by-hand/kubeadm.ts';
import { microk8s } from './by-hand/microk8s.ts';
import { minikube } from './by-hand/minikube.ts';
import { aks, eks, gke, managedUnknown, openshift, selfHosted } from './by-hand/provider.ts';
import { ship } from './by-hand/recipe.ts';
import type { Flag, Hand, Need, Places, Recipe, Route } from './by-hand/recipe.ts';
import { rke2 } from './by-hand/rke2.ts';
import { talos } from './by-hand/talos.ts';
import { unknown } from './by-hand/unknown.ts';
import { pageOf } from './target.ts';
import type { TargetId, TargetPage } from './target.ts';

export interface Situation {
  /** Flags to be set, as `--name=value` or bare names; others that the backend needs are taken to be in place. */
  readonly flagsMissing: readonly string[];
  /** What the API server runs with; lists are merged into. */
  readonly currentFlags: Look<Flags>;
  readonly version: ServerVersion;
}

export interface ByHand extends Hand {
  /** Until the tool changes control planes itself. */
  readonly canTool: false;
  readonly page: TargetPage;
}

const recipes: Readonly<Record<TargetId, Recipe | Route>> = {
  openshift,
  aks,
  gke,
  eks,
  rke2,
  k3s,
  k0s,
  microk8s,
  talos,
  kops,
  kind,
  minikube,
  'docker-desktop': dockerDesktop,
  'capi-kubeadm': capi,
  kubeadm,
  'static-pod': staticPod,
  'self-hosted': selfHosted,
  'managed-unknown': managedUnknown,
  unknown,
};

/** Names of the flags that a backend needs, without dashes; no backend but the dynamic one records anything without a policy. */
export const flagsNeeded: Readonly<Record<Need, readonly string[]>> = {
  dynamic: ['audit-dynamic-configuration', 'feature-gates', 'runtime-config'],
  webhook: ['audit-policy-file', 'audit-webhook-config-file', 'audit-webhook-truncate-enabled'],
  'log-backend': [
    'audit-policy-file',
    'audit-log-path',
    'audit-log-maxage',
    'audit-log-maxbackup',
    'audit-log-maxsize',
  ],
};

/** The exact change for this control plane and this need, as text a person can follow. */
export function changeByHand(target: TargetId, need: Need, situation: Situation): ByHand {
  return { canTool: false, ...answer(target, need, situation), page: pageOf(target) };
}

function answer(target: TargetId, need: Need, situation: Situation): Hand {
  const { version } = situation;
  if (need === 'dynamic' && !hasAuditSinks(version)) return tooLate(version);
  const recipe = recipes[target];
  return 'route' in recipe ? byRoute(recipe, need) : byRecipe(recipe, need, situation);
}

function byRoute({ closed, route, steps, warnings }: Route, need: Need): Hand {
  const sinks =
    need === 'dynamic' ? ' AuditSinks work only when the provider has switched their API on.' : '';
  return { summary: `${closed} ${route}${sinks}`, steps, warnings };
}

function byRecipe({ places, without = [], hand }: Recipe, need: Need, situation: Situation): Hand {
  const { minor, gitVersion } = situation.version;
  const flags = missing(need, places, situation).filter(({ name }) => !without.includes(name));
  if (flags.length === 0) return inPlace(need, places, situation);
  const { summary, steps, warnings } = hand({ need, minor, gitVersion, flags });
  return { summary, steps, warnings: [...doubtsAbout(need, situation), ...warnings] };
}

/** A file in place still wants somebody to carry it. */
function inPlace(need: Need, places: Places, { currentFlags }: Situation): Hand {
  const log = seen(currentFlags)?.['audit-log-path'] ?? places.log;
  return {
    summary: 'Every flag is in place: nothing to change by hand.',
    steps: need === 'log-backend' ? [ship(log)] : [],
    warnings: [],
  };
}

/** Source: kubernetes #91502; before 1.13 the API was not there, from 1.19 on its switches are unknown and fatal. */
function tooLate({ major, minor }: ServerVersion): Hand {
  return {
    summary: `AuditSinks exist in Kubernetes 1.13 to 1.18 only, and this is ${major}.${minor}: use the webhook or the log backend.`,
    steps: [],
    warnings: ['Never set the switches of the dynamic backend here: the API server would not start.'],
  };
}

const nameOf = (flag: string): string => flag.replace(/^--/, '').replace(/=.*$/s, '');

/** A policy that is there is never replaced: it is the user's. */
function missing(need: Need, places: Places, { flagsMissing, currentFlags }: Situation): readonly Flag[] {
  const wanted = new Set(flagsMissing.map(nameOf));
  const current = seen(currentFlags) ?? {};
  const values = valuesOf(places, current);
  return flagsNeeded[need]
    .filter((name) => wanted.has(name) && !(name === 'audit-policy-file' && current[name]))
    .map((name) => ({ name, value: values[name] ?? '', replaces: current[name] !== undefined }));
}

function valuesOf(places: Places, current: Flags): Flags {
  return {
    'audit-dynamic-configuration': 'true',
    'feature-gates': merged(current['feature-gates'], 'DynamicAuditing'),
    'runtime-config': merged(current['runtime-config'], 'auditregistration.k8s.io/v1alpha1'),
    'audit-policy-file': places.policy,
    'audit-webhook-config-file': places.webhook,
    // one event that cannot be encoded is then lost alone, not with its batch of 400 (kubernetes PR 139419)
    'audit-webhook-truncate-enabled': 'true',
    'audit-log-path': places.log,
    'audit-log-maxage': '30',
    'audit-log-maxbackup': '10',
    'audit-log-maxsize': '100',
  };
}

/** `key=true` put into a comma-separated list, in place of what the list says about the key. */
function merged(list: string | undefined, key: string): string {
  const others = (list ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && entry.split('=')[0] !== key);
  return [...others, `${key}=true`].join(',');
}

function doubtsAbout(need: Need, { currentFlags }: Situation): readonly string[] {
  const current = seen(currentFlags);
  if (current === undefined && 'why' in currentFlags)
    return [
      `The present flags could not be seen (${currentFlags.why.replace(/\.$/, '')}): look at them first${
        need === 'dynamic'
          ? ', and keep other feature gates and runtime-config entries in the same comma-separated list'
          : ', and keep an audit policy that is there'
      }.`,
    ];
  const policy = current?.['audit-policy-file'];
  return need !== 'dynamic' && policy ? [`The policy in ${policy} stays: it decides what is recorded.`] : [];
}
