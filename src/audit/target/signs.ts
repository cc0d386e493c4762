// The single questions that the decision table is made of: is this label on a node, is this API group served, …
// Each answers with its evidence in words.
import type { ApiServerPod, NodeSign, Signs } from '../facts.ts';
import { both, either, found, within } from './finding.ts';
import type { Finding } from './finding.ts';

type Ask<T> = (one: T) => string | undefined;

/**
 * Keys whose presence marks a control-plane node; their values differ ("" on kubeadm, "true" on k3s and RKE2).
 * Sources: kubeadm constants (control-plane, and master before 1.24), kops nodelabels (api-server), RKE1 (controlplane).
 */
const controlPlaneLabels = [
  'node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/master',
  'node-role.kubernetes.io/api-server',
  'node-role.kubernetes.io/controlplane',
];

function first<T>(all: readonly T[], ask: Ask<T>): string | undefined {
  return all.map(ask).find((evidence) => evidence !== undefined);
}

/** The text stands in the server's version or in a node's kubelet version. */
export function versionSays(signs: Signs, text: string): Finding {
  const { gitVersion } = signs.version;
  return either(
    serverVersionSays(signs, text),
    onNode(signs, ({ name, kubeletVersion }) =>
      kubeletVersion.includes(text) && kubeletVersion !== gitVersion
        ? `node ${name} runs kubelet ${kubeletVersion}`
        : undefined,
    ),
  );
}

/** The text stands in the server's version. */
export function serverVersionSays({ version: { gitVersion } }: Signs, text: string): Finding {
  return found(gitVersion.includes(text) ? `the server's version is ${gitVersion}` : undefined);
}

/** An API group of that name is served. */
export function served(signs: Signs, ...groups: readonly string[]): Finding {
  return within(signs.groups, (all) => {
    const group = groups.find((name) => all.includes(name));
    return group && `API group ${group} is served`;
  });
}

/** A node answers, among the control-plane ones and the one other that was looked at. */
export function onNode(signs: Signs, ask: Ask<NodeSign>): Finding {
  return either(
    onControlPlane(signs, ask),
    within(signs.anyNode, (node) => (node === undefined ? undefined : ask(node))),
  );
}

/** A control-plane node answers. */
export function onControlPlane(signs: Signs, ask: Ask<NodeSign>): Finding {
  return within(signs.controlPlaneNodes, (nodes) => first(nodes, ask));
}

/** A node carries one of these labels, whatever its value. */
export function labelled(...keys: readonly string[]): Ask<NodeSign> {
  return ({ name, labels }) => carries(`node ${name}`, 'label', labels, keys);
}

/** A node carries one of these annotations, whatever its value. */
export function annotated(...keys: readonly string[]): Ask<NodeSign> {
  return ({ name, annotations }) => carries(`node ${name}`, 'annotation', annotations, keys);
}

/** A node's providerID starts so; says who runs the machines, not who runs Kubernetes. */
export function providedBy(prefix: string): Ask<NodeSign> {
  return ({ name, providerId }) =>
    providerId.startsWith(prefix) ? `node ${name} has providerID ${providerId}` : undefined;
}

/** A pod that runs an API server answers. */
export function onPod(signs: Signs, ask: Ask<ApiServerPod>): Finding {
  return within(signs.apiServerPods, (pods) => first(pods, ask));
}

/** The value of a pod's label or annotation is this one. */
export function podHas(kind: 'label' | 'annotation', key: string, value?: string): Ask<ApiServerPod> {
  return ({ name, labels, annotations }) => {
    const has = (kind === 'label' ? labels : annotations)[key];
    if (has === undefined || (value !== undefined && has !== value)) return undefined;
    return `pod ${name} has the ${kind} ${key}${value === undefined ? '' : `=${value}`}`;
  };
}

/** Nobody may call a control plane managed as long as the nodes could not be looked at. */
export function noControlPlaneNode(signs: Signs): Finding {
  const other = 'seen' in signs.anyNode ? signs.anyNode.seen : undefined;
  const shows = other !== undefined && labelled(...controlPlaneLabels)(other) !== undefined;
  if (shows) return found(undefined);
  return within(signs.controlPlaneNodes, ({ length }) =>
    length === 0 ? 'no control-plane node is visible' : undefined,
  );
}

/** No pod runs an API server that this cluster can see, and none of its nodes is a control-plane node. */
export function nothingToSee(signs: Signs): Finding {
  return both(
    noControlPlaneNode(signs),
    within(signs.apiServerPods, ({ length }) => (length === 0 ? 'no API server pod is visible' : undefined)),
  );
}

function carries(
  who: string,
  kind: string,
  map: Readonly<Record<string, string>>,
  keys: readonly string[],
): string | undefined {
  const key = keys.find((one) => one in map);
  return key === undefined ? undefined : `${who} has the ${kind} ${key}${map[key] ? `=${map[key]}` : ''}`;
}
