// A control plane that was not recognised: what every API server needs, without saying how this one gets it.
import { nodePlaces } from './manifest.ts';
import { commandLine, common, prove, replacing, step, writeFiles } from './recipe.ts';
import type { Recipe } from './recipe.ts';

export const unknown: Recipe = {
  places: nodePlaces,
  hand: (ask) => ({
    summary: 'This control plane was not recognised: find out how its API server is started.',
    steps: [
      step(
        "Find out where kube-apiserver gets its flags (a static pod, a service, a tool's config, a provider):",
        'kubectl get nodes -o wide; kubectl get pods -A | grep -i apiserver',
      ),
      ...writeFiles(ask, nodePlaces, 'Where you can reach its machines: on each of them'),
      step(
        `Have it started with these flags, by the tool that owns it, one machine after the other${replacing(ask)}:`,
        ...commandLine(ask),
      ),
      ...prove(ask, nodePlaces.log),
    ],
    warnings: [
      'In a pod the folders of these files have to be mounted as well: without the policy file the API server does not start.',
      ...common(ask),
    ],
  }),
};
