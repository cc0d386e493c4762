// The agent's objects as steps of a plan: made where they are not there yet, replaced where they are, and those of an
// agent that is not wanted any more taken away.
import { chartSecret, chartValues, helmArgs } from '../audit/agent/chart.ts';
import { logagentObjects } from '../audit/agent/logagent.ts';
import { agentName, collectionOf } from '../audit/agent/places.ts';
import { names } from '../audit/names.ts';
import type { AuditRecord, RecordedObject } from '../audit/plan/record.ts';
import type { HelmStep, KubeObject, ObjectStep } from '../audit/plan/step.ts';
import { found } from '../io/api.ts';
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
  readonly steps: readonly (ObjectStep | HelmStep)[];
  /** What the record has to name, of this agent and of what was there before. */
  readonly objects: readonly RecordedObject[];
  /** Digest of the chart's values, where the chart is the agent. */
  readonly values: string | undefined;
}

/** @param known the record of what is there */
export async function agentSteps(
  world: World,
  wanted: Wanted,
  known: AuditRecord | undefined,
): Promise<AgentPlan> {
  const kind = wanted.backend === 'log-backend' ? wanted.agent.kind : 'none';
  const objects = await objectsOf(world, kind, wanted);
  const cluster = await world.cluster();
  const steps = await Promise.all(objects.map((object) => stepTo(cluster, object)));
  const mine = objects.map((object): RecordedObject => ({
    kind: object.kind,
    name: object.metadata.name,
    undo: { do: 'delete', path: pathOf(object) },
  }));
  const gone = (known?.objects ?? []).filter(
    ({ kind: of, undo }) => of !== 'AuditSink' && !mine.some((one) => one.undo.path === undo.path),
  );
  const sinks = (known?.objects ?? []).filter(({ kind: of }) => of === 'AuditSink');
  const release = await releaseSteps(world, kind, wanted, known);
  return {
    steps: [...steps.flat(), ...release.steps, ...gone.map(removal)],
    objects: [...sinks, ...mine],
    values: release.values,
  };
}

/** Nothing is done to the agent, and what the record says of it stands. */
export const agentAsItIs = (known: AuditRecord | undefined): AgentPlan => ({
  steps: [],
  objects: known?.objects ?? [],
  values: known?.change?.values,
});

/** The chart's release: made, brought to other values, or taken away. */
async function releaseSteps(
  world: World,
  kind: AgentChoice['kind'],
  wanted: Wanted,
  known: AuditRecord | undefined,
): Promise<{ readonly steps: readonly HelmStep[]; readonly values: string | undefined }> {
  const there = known?.change?.agent === 'helm';
  if (kind !== 'helm') return { steps: there ? [uninstallStep] : [], values: undefined };
  const digest = await world.hasher();
  const { access, logPath, fingerprint, agent } = wanted;
  const scripts = await agentScripts();
  const values = chartValues({ sink: access.sink, logPath, fingerprint, image: agent.image, scripts });
  const mark = digest(JSON.stringify(values)).slice(0, 12);
  if (there && known.change?.values === mark) return { steps: [], values: mark };
  const step: HelmStep = {
    title: `${there ? 'Upgrade' : 'Install'} the chart sematext-agent as release ${agentName}`,
    action: { do: 'helm', args: helmArgs('install'), values },
    undo: { do: 'helm', args: there ? rollbackArgs : helmArgs('uninstall') },
  };
  return { steps: [step], values: mark };
}

const rollbackArgs = ['rollback', agentName, '--namespace', names.namespace];

/** Takes the chart's release away. */
export const uninstallStep: HelmStep = {
  title: `Uninstall the release ${agentName}`,
  action: { do: 'helm', args: helmArgs('uninstall') },
  undo: { do: 'none' },
};

async function objectsOf(
  world: World,
  kind: AgentChoice['kind'],
  wanted: Wanted,
): Promise<readonly KubeObject[]> {
  const { access, logPath, run, fingerprint, agent } = wanted;
  if (kind === 'helm') return [chartSecret(run, fingerprint)];
  if (kind === 'none') return [];
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
  const there = (await found(cluster, path)) as KubeObject | undefined; // an object of the API has what all have
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

function removal({ kind, name, undo }: RecordedObject): ObjectStep {
  return {
    title: `Delete ${kind} ${name}`,
    action: undo,
    undo: { do: 'previous', path: undo.path },
  };
}
