// kubeadm, and Docker Desktop, which is kubeadm in a VM: the manifest on each node is what runs, the ConfigMap
// kubeadm-config is what the next upgrade or join renders. Sources: kubeadm phases/upgrade/staticpods.go, website
// kubeadm-reconfigure; API versions: kubernetes #114540 (v1beta2 ends), #125029 (v1beta4).
import { common, indent, prove, step } from './recipe.ts';
import type { Ask, Hand, Recipe } from './recipe.ts';
import { manifestSteps, manifestWarnings, mountsOf, nodePlaces } from './manifest.ts';

/** The ClusterConfiguration version that kubeadm of this minor stores; v1beta4 made extraArgs a list. */
export function kubeadmApi(minor: number): 'v1beta1' | 'v1beta2' | 'v1beta3' | 'v1beta4' {
  if (minor >= 31) return 'v1beta4';
  if (minor >= 22) return 'v1beta3';
  return minor >= 15 ? 'v1beta2' : 'v1beta1';
}

/** `extraArgs:` (a map up to v1beta3, a list after) and `extraVolumes:` for `apiServer:`. */
export function apiServerConfig(ask: Ask, form: 'map' | 'list'): string {
  const args = ask.flags.map(({ name, value }) =>
    form === 'list' ? `- {name: ${name}, value: "${value}"}` : `${name}: "${value}"`,
  );
  const volumes = mountsOf(ask).map(
    ({ name, path, readOnly, type }) =>
      `- {name: ${name}, hostPath: ${path}, mountPath: ${path}, readOnly: ${readOnly}, pathType: ${type}}`,
  );
  return [
    'extraArgs:',
    indent(args.join('\n'), 2),
    ...(volumes.length === 0 ? [] : ['extraVolumes:', indent(volumes.join('\n'), 2)]),
  ].join('\n');
}

function keepSteps(ask: Ask): readonly string[] {
  const api = kubeadmApi(ask.minor);
  const older = api === 'v1beta4' ? ' (older ones have a map: "name: value")' : '';
  return [
    step(
      'Only when every node is done, open the configuration that "kubeadm upgrade" renders manifests from:',
      'kubectl -n kube-system edit configmap kubeadm-config',
    ),
    step(
      `Merge into apiServer of its ClusterConfiguration; this is the form of kubeadm.k8s.io/${api}, see which apiVersion stands there${older}:`,
      'apiServer:',
      indent(apiServerConfig(ask, api === 'v1beta4' ? 'list' : 'map'), 2),
    ),
  ];
}

function hand(ask: Ask): Hand {
  return {
    summary:
      "Edit the API server's manifest on each control-plane node, then kubeadm-config, so that it lasts.",
    steps: [
      ...manifestSteps(ask, 'On one control-plane node after the other'),
      ...keepSteps(ask),
      ...prove(ask, nodePlaces.log),
    ],
    warnings: [
      ...manifestWarnings(ask),
      ...(mountsOf(ask).length === 0
        ? []
        : ['A control-plane node that joins later crash-loops until the files are copied to it.']),
      'Ansible roles, kubespray and the like write the manifest anew: set the same in their variables.',
      ...common(ask),
    ],
  };
}

export const kubeadm: Recipe = { places: nodePlaces, hand };

/** Docker Desktop keeps the same manifest inside its VM. */
export const dockerDesktop: Recipe = {
  places: nodePlaces,
  hand: (ask) => {
    const { steps, warnings } = hand(ask);
    return {
      summary: 'As kubeadm, inside the VM of Docker Desktop; a reset of its Kubernetes loses everything.',
      steps: [
        step(
          'Open a shell in the VM that holds the manifests:',
          'docker run -it --rm --privileged --pid=host alpine nsenter -t 1 -m -u -n -i sh',
        ),
        ...steps,
      ],
      warnings: [
        ...warnings,
        '"Reset Kubernetes Cluster" and upgrades of Docker Desktop take all of it away.',
      ],
    };
  },
};

/** A static pod of an unknown installer. */
export const staticPod: Recipe = {
  places: nodePlaces,
  hand: (ask) => ({
    summary: "Edit the API server's static-pod manifest on each control-plane node; first find who wrote it.",
    steps: [
      step(
        'Find the folder of the manifests (field kubeletconfig.staticPodPath; below it is taken to be /etc/kubernetes/manifests), and the name of the file that defines kube-apiserver in it:',
        'kubectl get --raw /api/v1/nodes/<node>/proxy/configz',
      ),
      ...manifestSteps(ask, 'On one control-plane node after the other'),
      ...prove(ask, nodePlaces.log),
    ],
    warnings: [
      'An installer that writes the manifest anew takes this edit away: change it there as well.',
      ...manifestWarnings(ask),
      ...common(ask),
    ],
  }),
};
