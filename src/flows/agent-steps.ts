// The agent's objects as steps of a plan: made where they are not there yet, replaced where they are, and those of an
// agent that is not wanted any more taken away.
import { logagentObjects } from '../audit/agent/logagent.ts';
import { collectionOf } from '../audit/agent/places.ts';
import { names } from '../audit/names.ts';
import type { AuditRecord, RecordedObject } from '../audit/plan/record.ts';
import type { KubeObject, ObjectStep } from '../audit/plan/step.ts';
import { Refused, write } from '../io/api.ts';
import { agentScripts } from '../io/agent-scripts.ts';
import type { SinkAccess } from '../io/sematext.ts';
import type { Cluster, World } from '../io/world.ts';
import type { AgentChoice } from './agent.ts';

interface Wanted {
  readonly backend: 'webhook' | 'log-backend';
  readonly agent: AgentChoice;
  readonly logPath: string;
  readonly run: string;
  readonly access: SinkAccess;
  /** First 12 hex digits of the token's SHA-256. */
  readonly fingerprint: string;
}

export interface AgentPlan {
  readonly steps: readonly ObjectStep[];
  /** What the record has to name, of this agent and of what was there before. */
  readonly objects: readonly RecordedObject[];
}

/** @param known the record of what is there */
export async function agentSteps(
  world: World,
  wanted: Wanted,
  known: AuditRecord | undefined,
): Promise<AgentPlan> {
  const needed = wanted.backend === 'log-backend' && wanted.agent.kind === 'logagent';
  const objects = needed ? await objectsOf(world, wanted) : [];
  const cluster = await world.cluster();
  const steps = await Promise.all(objects.map((object) => stepTo(cluster, object)));
  const mine = objects.map((object): RecordedObject => ({
    kind: object.kind,
    name: object.metadata.name,
    undo: { do: 'delete', path: pathOf(object) },
  }));
  const gone = (known?.objects ?? []).filter(
    ({ kind, undo }) => kind !== 'AuditSink' && !mine.some((one) => one.undo.path === undo.path),
  );
  const sinks = (known?.objects ?? []).filter(({ kind }) => kind === 'AuditSink');
  return { steps: [...steps.flat(), ...gone.map(removal)], objects: [...sinks, ...mine] };
}

async function objectsOf(world: World, wanted: Wanted): Promise<readonly KubeObject[]> {
  const { access, logPath, run, fingerprint, agent } = wanted;
  const [digest, scripts] = await Promise.all([world.hasher(), agentScripts()]);
  return logagentObjects({
    sink: access.sink,
    logPath,
    run,
    fingerprint,
    image: agent.image,
    digest,
    scripts,
  });
}

const pathOf = (object: KubeObject): string => `${collectionOf(object)}/${object.metadata.name}`;

async function stepTo(cluster: Cluster, object: KubeObject): Promise<readonly ObjectStep[]> {
  const path = pathOf(object);
  const title = `${object.kind} ${names.namespace}/${object.metadata.name}`;
  const there = await current(cluster, path);
  if (there === undefined)
    return [
      {
        title: `Create ${title}`,
        action: { do: 'create', collection: collectionOf(object), object },
        undo: { do: 'delete', path },
      },
    ];
  const { resourceVersion, annotations } = there.metadata;
  if (annotations?.[names.hashAnnotation] === object.metadata.annotations?.[names.hashAnnotation]) return [];
  return [
    {
      title: `Update ${title}`,
      action: { do: 'replace', path, object, version: resourceVersion ?? '' },
      undo: { do: 'previous', path },
    },
  ];
}

async function current(cluster: Cluster, path: string): Promise<KubeObject | undefined> {
  try {
    return (await write(cluster, { path })) as unknown as KubeObject;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}

function removal({ kind, name, undo }: RecordedObject): ObjectStep {
  return {
    title: `Delete ${kind} ${name}`,
    action: undo,
    undo: { do: 'previous', path: undo.path },
  };
}
