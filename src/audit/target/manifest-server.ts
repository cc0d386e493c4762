// The container of a static-pod manifest that runs the API server, and where each word of its command stands.
// Pod: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
import { listAt, mapAt } from './plain-data.ts';
import type { Data } from './plain-data.ts';
import { Unusable } from './unusable.ts';
import { dotted, editableAt, openYaml } from './yaml-places.ts';
import type { Path } from './yaml-places.ts';

export interface Word {
  readonly text: string;
  readonly at: Path;
}

export interface Server {
  /** The whole manifest. */
  readonly pod: Data;
  readonly container: Data;
  /** Path of the container. */
  readonly at: Path;
  /** `command` and then `args`. */
  readonly words: readonly Word[];
  /** Index of the word after the program: its flags begin there. */
  readonly first: number;
}

/**
 * Finds the API server in a static-pod manifest.
 * @throws Unusable when there is not exactly one that an edit would be safe for
 */
export function serverIn(text: string): Server {
  const document = openYaml(text);
  const pod = mapAt(document.toJS(), []);
  if (pod['kind'] !== 'Pod' || pod['apiVersion'] !== 'v1') throw new Unusable('it is not a Pod of v1');
  const { hostNetwork, containers } = mapAt(pod['spec'], ['spec']);
  const at = ['spec', 'containers'];
  const servers = listAt(containers, at).flatMap((one, i) => serverFrom(pod, one, [...at, i]));
  const [server, another] = servers;
  if (server === undefined) throw noServer(containers);
  if (another !== undefined) throw new Unusable('several containers in it run kube-apiserver');
  if (hostNetwork !== true) throw new Unusable('its pod is not in the network of the host');
  const places: readonly Path[] = [
    ['metadata', 'annotations'],
    ['spec', 'volumes'],
    [...server.at, 'volumeMounts'],
  ];
  for (const place of [...places, ...server.words.map((word) => word.at)]) editableAt(document, place);
  return server;
}

function serverFrom(pod: Data, one: unknown, at: Path): readonly Server[] {
  const container = mapAt(one, at);
  const words = ['command', 'args'].flatMap((list) => wordsAt(container[list], [...at, list]));
  const program = words.findIndex(({ text }, i) => isProgram(text, words[i - 1]?.text));
  if (program < 0) return [];
  if (words.slice(0, program).some(({ text }) => isShell(text))) throw new Unusable(byShell);
  return [{ pod, container, at, words, first: program + 1 }];
}

const byShell = 'a shell starts its API server (sh -c), so its flags are words of a script';

const noServer = (containers: unknown): Unusable =>
  new Unusable(
    /kube-apiserver(\s|\\n)/.test(JSON.stringify(containers))
      ? byShell
      : 'no container in it runs kube-apiserver',
  );

/** Also the one program that held all of Kubernetes up to 1.18: `hyperkube apiserver`. */
const isProgram = (word: string, before: string | undefined): boolean =>
  /^(?!-)(\S*\/)?kube-apiserver$/.test(word) ||
  (word === 'apiserver' && /(^|\/)hyperkube$/.test(before ?? ''));

const isShell = (word: string): boolean => /(^|\/)(ba|da|a|k|z)?sh$/.test(word);

function wordsAt(list: unknown, at: Path): readonly Word[] {
  return listAt(list, at).map((text, i) => {
    if (typeof text !== 'string') throw new Unusable(`${dotted([...at, i])} is no text`);
    return { text, at: [...at, i] };
  });
}
