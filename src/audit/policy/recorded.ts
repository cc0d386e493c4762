// Which of the harmless requests of test-event a policy records: without one, nothing can be proved.
import { allProbes } from '../event/probe.ts';
import type { Probe } from '../event/probe.ts';
import type { ServerVersion } from '../facts.ts';
import { checkPolicy } from './check.ts';
import { evaluate } from './evaluate.ts';
import type { Attributes, Policy } from './policy.ts';
import { readPolicy } from './read.ts';

type User = NonNullable<Attributes['user']>;

/** Who may do everything on a cluster of kubeadm. */
const clusterAdmin: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

/**
 * The probes that reach the log when this user sends them, most certain first. None where the API server would not
 * start with the policy.
 */
export function recordedProbes(
  policyText: string,
  version: ServerVersion,
  user: User = clusterAdmin,
): readonly Probe[] {
  if (checkPolicy(policyText, version).some(({ severity }) => severity === 'error')) return [];
  const policy = readPolicy(policyText, version).policy as Policy; // it has no error
  return allProbes.filter((probe) => {
    const { level, omitStages } = evaluate(policy, { ...attributesOf(probe), user }, version);
    return (
      level !== 'None' && !(omitStages.includes('RequestReceived') && omitStages.includes('ResponseComplete'))
    );
  });
}

// A probe is about an object or a collection in a namespace, of the core group.
function attributesOf({ method, path }: Probe): Omit<Attributes, 'user'> {
  const [, namespace = '', resource = '', name = ''] =
    /^\/api\/v1\/namespaces\/([^/?]+)\/([^/?]+)(?:\/([^/?]+))?(?:\?|$)/.exec(path) ?? [];
  const verb = method === 'POST' ? 'create' : 'get';
  return { verb, resourceRequest: true, apiGroup: '', namespace, resource, subresource: '', name, path };
}
