// What this tool takes for granted of a kubelet, stated as files and pods and what becomes of them: the same for the
// imitated one and for the real one.
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fresh } from './subject.ts';

/** A container's status, as far as it is looked at. */
interface ContainerStatus {
  readonly containerID?: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: {
    readonly waiting?: { readonly reason: string };
    readonly running?: { readonly startedAt: string };
    readonly terminated?: { readonly exitCode: number; readonly reason: string; readonly message?: string };
  };
  readonly lastState: { readonly terminated?: { readonly exitCode: number } };
}

/** A pod, as far as it is looked at. */
export interface PodSeen {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec: { readonly containers: readonly { readonly command: readonly string[] }[] };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** A control-plane node under test. */
export interface KubeletSubject {
  readonly node: string;
  readonly address: string;
  /** Real milliseconds that a second of this kubelet takes. */
  readonly second: number;
  /** The image of its API server: it is there. */
  readonly image: string;
  /** Where a path of the node is on this machine. */
  path(inside: string): string;
  create(object: object): Promise<void>;
  remove(namespace: string, name: string): Promise<void>;
  pod(namespace: string, name: string): Promise<PodSeen | undefined>;
  /** The log of a pod, or why there is none. */
  log(namespace: string, name: string): Promise<string>;
  /** Whether the API server answers now. */
  answers(): Promise<boolean>;
  stop(): Promise<void>;
}

const namespace = 'kubelet-contract';
/** However quick a kubelet is, the machine may be slow. */
const patienceMs = 20_000;

/** States it of a node. */
export function kubeletContract(name: string, start: () => Promise<KubeletSubject>): void {
  describe(`${name}: the kubelet`, function () {
    this.timeout(600_000);
    let subject: KubeletSubject;
    before(async () => {
      subject = await start();
      await subject.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    });
    after(async () => subject?.stop());
    const running = (): KubeletSubject => subject;
    describe('static pods', () => {
      foundFiles(running);
      changedFiles(running);
      crashing(running);
    });
    describe('pods of the API', () => {
      toTheEnd(running);
      volumes(running);
      ending(running);
    });
  });
}

/** States it of the API server that a kubelet runs: by times, which a kubelet in a hurry would blur. */
export function apiServerPodContract(name: string, start: () => Promise<KubeletSubject>): void {
  describe(`${name}: the API server as a static pod`, function () {
    this.timeout(300_000);
    let subject: KubeletSubject;
    before(async () => {
      subject = await start();
    });
    after(async () => subject?.stop());
    apiServer(() => subject);
  });
}

type Get = () => KubeletSubject;

/** Asks until there is an answer, for at most so many of the kubelet's seconds. */
async function eventually<T>(
  { second }: KubeletSubject,
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + Math.max(patienceMs, seconds * second);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) assert.fail(`${what}: not within ${seconds} s`);
    await sleep(Math.min(200, second));
  }
}

/** A pod that runs a script, in the API server's image, by the host's own shell. */
function scriptPod(
  subject: KubeletSubject,
  name: string,
  script: string,
  more: object = {},
): Record<string, unknown> {
  const host = (path: string): object => ({
    name: path.slice(1),
    hostPath: { path: `/${path.slice(1)}`, type: 'Directory' },
  });
  const userland = ['/usr', '/bin', '/lib', '/lib64'];
  const { metadata = {}, ...spec } = more as { metadata?: object };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, ...metadata },
    spec: {
      hostNetwork: true,
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'main',
          image: subject.image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/bin/sh', '-c', script],
          volumeMounts: userland.map((path) => ({ name: path.slice(1), mountPath: path, readOnly: true })),
        },
      ],
      volumes: userland.map(host),
      ...spec,
    },
  };
}

const forever = 'exec sleep 100000';

function manifest(subject: KubeletSubject, file: string): string {
  return subject.path(`/etc/kubernetes/manifests/${file}`);
}

function put(subject: KubeletSubject, file: string, pod: object): void {
  // whole, as nobody may see half of it
  const hidden = manifest(subject, `.${file}`);
  writeFileSync(hidden, JSON.stringify(pod));
  renameSync(hidden, manifest(subject, file));
}

function statusOf(pod: PodSeen | undefined): ContainerStatus | undefined {
  return pod?.status.containerStatuses?.[0];
}

function isRunning(pod: PodSeen | undefined): boolean {
  return statusOf(pod)?.state.running !== undefined;
}

/** The mirror of a static pod that runs. */
function mirrored(
  subject: KubeletSubject,
  name: string,
  so: (pod: PodSeen) => boolean = () => true,
): Promise<PodSeen> {
  // kubelet looks at each pod again after 60 to 90 s (pkg/kubelet, podWorkers.completeWork)
  return eventually(subject, `the mirror of ${name}`, 180, async () => {
    const pod = await subject.pod(namespace, `${name}-${subject.node}`);
    return isRunning(pod) && pod && so(pod) ? pod : undefined;
  });
}

function gone(subject: KubeletSubject, name: string): Promise<true> {
  return eventually(
    subject,
    `${name} to go`,
    90,
    async () => (await subject.pod(namespace, name)) === undefined,
  );
}

const hashOf = (pod: PodSeen): string => pod.metadata.annotations?.['kubernetes.io/config.hash'] ?? '';
const scriptOf = (pod: PodSeen): string => pod.spec.containers[0]?.command[2] ?? '';

/** Runs a static pod for as long as a test. */
async function withManifest(
  subject: KubeletSubject,
  script: string,
  test: (name: string, file: string) => Promise<void>,
): Promise<void> {
  const name = fresh('static');
  const file = `${name}.yaml`;
  put(subject, file, scriptPod(subject, name, script));
  try {
    await test(name, file);
  } finally {
    rmSync(manifest(subject, file), { force: true });
  }
  await gone(subject, `${name}-${subject.node}`);
}

function foundFiles(get: Get): void {
  it('run from any file in the folder, and have a mirror that says so', async () => {
    const subject = get();
    const name = fresh('any');
    put(subject, `${name}.bak`, scriptPod(subject, name, forever));
    const { metadata } = await mirrored(subject, name);
    const { annotations = {}, ownerReferences = [], uid } = metadata;
    assert.equal(annotations['kubernetes.io/config.source'], 'file');
    assert.match(String(annotations['kubernetes.io/config.hash']), /^[0-9a-f]{32}$/);
    assert.equal(annotations['kubernetes.io/config.mirror'], annotations['kubernetes.io/config.hash']);
    assert.notEqual(uid, annotations['kubernetes.io/config.hash']);
    assert.deepEqual(
      ownerReferences.map((owner) => [owner.kind, owner.name]),
      [['Node', subject.node]],
    );
    rmSync(manifest(subject, `${name}.bak`));
    await gone(subject, `${name}-${subject.node}`);
  });

  it('do not run from a file whose name begins with a dot', async () => {
    const subject = get();
    const [hidden, seen] = [fresh('hidden'), fresh('seen')];
    writeFileSync(manifest(subject, `.${hidden}.yaml`), JSON.stringify(scriptPod(subject, hidden, forever)));
    put(subject, `${seen}.yaml`, scriptPod(subject, seen, forever));
    await mirrored(subject, seen);
    await sleep(25 * subject.second); // a full list of the folder comes every 20 s
    assert.equal(await subject.pod(namespace, `${hidden}-${subject.node}`), undefined);
    for (const file of [`.${hidden}.yaml`, `${seen}.yaml`]) rmSync(manifest(subject, file));
    await gone(subject, `${seen}-${subject.node}`);
  });

  it('run from the last of two files that name the same pod', async () => {
    await withManifest(get(), 'first=1; exec sleep 100000', async (name, file) => {
      const subject = get();
      await mirrored(subject, name);
      const later = `${file}.z`;
      put(subject, later, scriptPod(subject, name, 'second=1; exec sleep 100000'));
      await mirrored(subject, name, (pod) => scriptOf(pod).startsWith('second'));
      await sleep(25 * subject.second);
      assert.ok(scriptOf(await mirrored(subject, name)).startsWith('second'));
      rmSync(manifest(subject, later));
      await mirrored(subject, name, (pod) => scriptOf(pod).startsWith('first'));
    });
  });
}

function changedFiles(get: Get): void {
  it('go on when their file is written anew with the same meaning', async () => {
    await withManifest(get(), forever, async (name, file) => {
      const subject = get();
      const before = await mirrored(subject, name);
      const { spec, ...rest } = scriptPod(subject, name, forever);
      const hidden = manifest(subject, '.again');
      writeFileSync(hidden, `# the same\n${JSON.stringify({ spec, ...rest }, undefined, 2)}\n`);
      renameSync(hidden, manifest(subject, file));
      chmodSync(manifest(subject, file), 0o600);
      await sleep(25 * subject.second);
      const after = await mirrored(subject, name);
      assert.deepEqual(
        [hashOf(after), statusOf(after)?.containerID, after.metadata.uid],
        [hashOf(before), statusOf(before)?.containerID, before.metadata.uid],
      );
    });
  });

  it('start anew when an annotation changes, under another hash and with another mirror', async () => {
    await withManifest(get(), forever, async (name, file) => {
      const subject = get();
      const before = await mirrored(subject, name);
      put(subject, file, scriptPod(subject, name, forever, { metadata: { annotations: { revision: '2' } } }));
      const after = await mirrored(subject, name, (pod) => hashOf(pod) !== hashOf(before));
      assert.equal(after.metadata.annotations?.['revision'], '2');
      assert.notEqual(statusOf(after)?.containerID, statusOf(before)?.containerID);
      assert.notEqual(after.metadata.uid, before.metadata.uid);
      assert.equal(statusOf(after)?.restartCount, 0);
    });
  });

  it('start anew when their file gets another name', async () => {
    await withManifest(get(), forever, async (name, file) => {
      const subject = get();
      const before = await mirrored(subject, name);
      renameSync(manifest(subject, file), manifest(subject, `${file}.renamed`));
      const after = await mirrored(subject, name, (pod) => hashOf(pod) !== hashOf(before));
      assert.equal(scriptOf(after), scriptOf(before));
      rmSync(manifest(subject, `${file}.renamed`));
    });
  });

  it('end at the next full list when their file is no pod any more', async () => {
    await withManifest(get(), forever, async (name, file) => {
      const subject = get();
      await mirrored(subject, name);
      writeFileSync(manifest(subject, file), 'apiVersion: v1\nkind: Pod\nmetadata: [');
      await gone(subject, `${name}-${subject.node}`);
    });
  });

  it('have their mirror back when somebody deletes it, and go on', async () => {
    await withManifest(get(), forever, async (name) => {
      const subject = get();
      const before = await mirrored(subject, name);
      await subject.remove(namespace, `${name}-${subject.node}`);
      const after = await mirrored(subject, name, (pod) => pod.metadata.uid !== before.metadata.uid);
      assert.equal(statusOf(after)?.containerID, statusOf(before)?.containerID);
    });
  });
}

function logsOf(subject: KubeletSubject, name: string, hash: string): string {
  return join(subject.path('/var/log/pods'), `${namespace}_${name}-${subject.node}_${hash}`, 'main');
}

function crashing(get: Get): void {
  it('that end are started again, with a pause, and leave their last words in a log', async () => {
    await withManifest(get(), 'echo the last words >&2; exit 7', async (name) => {
      const subject = get();
      const restarted = (times: number): Promise<PodSeen> =>
        eventually(subject, `restart ${times}`, 120, async () => {
          const pod = await subject.pod(namespace, `${name}-${subject.node}`);
          const status = statusOf(pod);
          return status?.restartCount === times && status.state.running === undefined && pod;
        });
      const looping = await restarted(2);
      const since = Date.now();
      const status = statusOf(looping);
      assert.equal(looping.status.phase, 'Running');
      // in the pause it is that, or says still how it ended
      assert.match(JSON.stringify(status?.state), /"reason":"CrashLoopBackOff"|"exitCode":7\b/);
      assert.equal(status?.lastState.terminated?.exitCode, 7);
      assert.equal(status.ready, false);
      const folder = logsOf(subject, name, hashOf(looping));
      const newest = Math.max(...readdirSync(folder).map((file) => Number.parseInt(file, 10)));
      assert.ok(newest >= 2, `newest log ${newest}`);
      assert.match(
        readFileSync(join(folder, `${newest}.log`), 'utf8'),
        /^\d{4}-\d\d-\d\dT\S+ stderr F the last words\n$/,
      );
      assert.equal(await subject.log(namespace, `${name}-${subject.node}`), 'the last words\n');
      await restarted(3);
      const pause = (Date.now() - since) / subject.second;
      assert.ok(pause >= 10, `${pause} s between two starts`);
    });
  });
}

/** Creates a pod on the node and gives its name. */
async function create(subject: KubeletSubject, script: string, more: object = {}): Promise<string> {
  const name = fresh('pod');
  const never = { restartPolicy: 'Never', nodeName: subject.node };
  await subject.create(scriptPod(subject, name, script, { ...never, ...more }));
  return name;
}

function ended(subject: KubeletSubject, name: string): Promise<PodSeen> {
  return eventually(subject, `${name} to end`, 60, async () => {
    const pod = await subject.pod(namespace, name);
    return pod && ['Succeeded', 'Failed'].includes(pod.status.phase) && pod;
  });
}

function toTheEnd(get: Get): void {
  it('run to their end, whose status and log stay', async () => {
    const subject = get();
    const name = await create(subject, 'echo out; echo err >&2; exit 0');
    const { status } = await ended(subject, name);
    const [container] = status.containerStatuses ?? [];
    assert.equal(status.phase, 'Succeeded');
    assert.deepEqual(
      [container?.state.terminated?.exitCode, container?.state.terminated?.reason],
      [0, 'Completed'],
    );
    assert.equal(container?.restartCount, 0);
    const lines = (await subject.log(namespace, name)).split('\n').sort();
    assert.deepEqual(lines, ['', 'err', 'out']);
  });

  it('fail with the code that their command ended with', async () => {
    const subject = get();
    const { status } = await ended(subject, await create(subject, 'exit 3'));
    const [container] = status.containerStatuses ?? [];
    assert.equal(status.phase, 'Failed');
    assert.deepEqual(
      [container?.state.terminated?.exitCode, container?.state.terminated?.reason],
      [3, 'Error'],
    );
  });

  it('tell the end of their log in their status when they ask for that', async () => {
    const subject = get();
    const name = fresh('pod');
    const pod = scriptPod(subject, name, 'echo the reason >&2; exit 1', {
      restartPolicy: 'Never',
      nodeName: subject.node,
    });
    const { containers } = pod['spec'] as { containers: object[] };
    Object.assign(containers[0] ?? {}, { terminationMessagePolicy: 'FallbackToLogsOnError' });
    await subject.create(pod);
    const { status } = await ended(subject, name);
    assert.equal(status.containerStatuses?.[0]?.state.terminated?.message, 'the reason\n');
  });

  it('are ended when their deadline has passed', async () => {
    const subject = get();
    const name = await create(subject, forever, { activeDeadlineSeconds: 3 });
    const { status } = await ended(subject, name);
    assert.deepEqual([status.phase, status.reason], ['Failed', 'DeadlineExceeded']);
  });
}

function volumes(get: Get): void {
  it('wait for a folder that has to be there', async () => {
    const subject = get();
    const path = `/var/lib/${fresh('folder')}`;
    const name = fresh('pod');
    const pod = scriptPod(subject, name, 'echo started', { restartPolicy: 'Never', nodeName: subject.node });
    const spec = pod['spec'] as { volumes: object[]; containers: { volumeMounts: object[] }[] };
    spec.volumes.push({ name: 'wanted', hostPath: { path, type: 'Directory' } });
    spec.containers[0]?.volumeMounts.push({ name: 'wanted', mountPath: '/wanted' });
    await subject.create(pod);
    await eventually(subject, 'it to wait', 30, async () => {
      const seen = await subject.pod(namespace, name);
      return statusOf(seen)?.state.waiting?.reason === 'ContainerCreating';
    });
    await sleep(5 * subject.second);
    assert.equal((await subject.pod(namespace, name))?.status.phase, 'Pending');
    assert.match(
      await subject.log(namespace, name),
      /container \\?"main\\?" in pod \\?"[^"]+" is waiting to start: ContainerCreating/,
    );
    mkdirSync(subject.path(path), { recursive: true });
    assert.equal((await ended(subject, name)).status.phase, 'Succeeded');
  });

  it('have the files of a Secret, with the mode that is asked for, and wait for the Secret', async () => {
    const subject = get();
    const secret = fresh('secret');
    const name = fresh('pod');
    const script = 'cd /sent; ls; cat script.sh; ls -lL script.sh | cut -c 1-10';
    const pod = scriptPod(subject, name, script, { restartPolicy: 'Never', nodeName: subject.node });
    const spec = pod['spec'] as { volumes: object[]; containers: { volumeMounts: object[] }[] };
    spec.volumes.push({ name: 'sent', secret: { secretName: secret, defaultMode: 0o600 } });
    spec.containers[0]?.volumeMounts.push({ name: 'sent', mountPath: '/sent', readOnly: true });
    await subject.create(pod);
    await sleep(3 * subject.second);
    assert.equal((await subject.pod(namespace, name))?.status.phase, 'Pending');
    const stringData = { 'script.sh': 'echo hello\n', other: '' };
    await subject.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secret, namespace },
      stringData,
    });
    await ended(subject, name);
    assert.equal(await subject.log(namespace, name), 'other\nscript.sh\necho hello\n-rw-------\n');
  });

  it('write to the disk of the node where it is mounted', async () => {
    const subject = get();
    const folder = fresh('written');
    const name = fresh('pod');
    const pod = scriptPod(
      subject,
      name,
      `mkdir /host/var/lib/${folder} && echo hello > /host/var/lib/${folder}/file`,
      {
        restartPolicy: 'Never',
        nodeName: subject.node,
      },
    );
    const spec = pod['spec'] as { volumes: object[]; containers: { volumeMounts: object[] }[] };
    spec.volumes.push({ name: 'host', hostPath: { path: '/', type: 'Directory' } });
    spec.containers[0]?.volumeMounts.push({ name: 'host', mountPath: '/host' });
    await subject.create(pod);
    await ended(subject, name);
    assert.equal(readFileSync(subject.path(`/var/lib/${folder}/file`), 'utf8'), 'hello\n');
  });
}

function ending(get: Get): void {
  it('are on their way out for as long as they take to end, and then gone', async () => {
    const subject = get();
    const name = await create(subject, `trap '' TERM; ${forever}`, { terminationGracePeriodSeconds: 4 });
    await eventually(subject, 'it to run', 60, async () => isRunning(await subject.pod(namespace, name)));
    await subject.remove(namespace, name);
    const dying = await subject.pod(namespace, name);
    assert.match(String(dying?.metadata.deletionTimestamp), /^\d{4}-/);
    assert.ok(isRunning(dying));
    await gone(subject, name);
  });

  it('are started again when they end and their policy says so', async () => {
    const subject = get();
    const name = await create(subject, 'exit 1', { restartPolicy: 'Always' });
    await eventually(subject, 'a restart', 60, async () => {
      const status = statusOf(await subject.pod(namespace, name));
      return status !== undefined && status.restartCount >= 1;
    });
    await subject.remove(namespace, name);
    await gone(subject, name);
  });
}

const apiManifest = 'kube-apiserver.yaml';

/** Edits the API server's manifest as a whole. */
function edit(subject: KubeletSubject, change: (text: string) => string): () => void {
  const file = manifest(subject, apiManifest);
  const old = readFileSync(file, 'utf8');
  const write = (text: string): void => {
    writeFileSync(`${subject.path('/etc/kubernetes/manifests')}/.next`, text);
    renameSync(`${subject.path('/etc/kubernetes/manifests')}/.next`, file);
  };
  const next = change(old);
  assert.notEqual(next, old);
  write(next);
  return () => write(old);
}

function apiServer(get: Get): void {
  it('is away at once when its manifest changes, for its grace period and 10 s more at most, and shows the new flags then', async () => {
    const subject = get();
    edit(subject, (text) =>
      text.replace('    - --allow-privileged=true\n', '    - --allow-privileged=true\n    - --v=1\n'),
    );
    const edited = Date.now();
    await eventually(subject, 'the port to close', 15, async () => !(await subject.answers()));
    const closed = Date.now();
    assert.ok(closed - edited < 15 * subject.second, `closed after ${(closed - edited) / subject.second} s`);
    await eventually(subject, 'the new one', 120, () => subject.answers());
    const seconds = (Date.now() - closed) / subject.second;
    assert.ok(seconds > 5, `away for ${seconds} s`);
    if (subject.second >= 1000) assert.ok(seconds < 60, `away for ${seconds} s`);
    await eventually(subject, 'the new mirror', 60, async () => {
      const pod = await subject.pod('kube-system', `kube-apiserver-${subject.node}`);
      return pod?.spec.containers[0]?.command.includes('--v=1') && statusOf(pod)?.ready === true;
    });
  });

  it('says in its log why it does not start, again and again, and comes back with the old manifest', async () => {
    const subject = get();
    const folders = (): string[] =>
      readdirSync(subject.path('/var/log/pods')).filter((one) => one.includes('kube-apiserver'));
    const before = folders();
    const restore = edit(subject, (text) =>
      text.replace('    - --allow-privileged=true\n', '    - --no-such-flag\n'),
    );
    const log = await eventually(subject, 'three starts', 150, async () => {
      const own = folders().find((one) => !before.includes(one));
      const file = own === undefined ? '' : join(subject.path('/var/log/pods'), own, 'kube-apiserver/2.log');
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      return text.includes('Error') && text;
    });
    assert.match(log, / stderr F Error: unknown flag: --no-such-flag\n/);
    assert.equal(await subject.answers(), false);
    restore();
    await eventually(subject, 'the old one', 120, () => subject.answers());
  });
}
