// One line of the matrix, from the first state to the first state.
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case, Next } from './cases.ts';
import type { Stand, Subject } from './stand.ts';
import { isServer, logFolders, manifestOf, phaseOf, read } from './stand.ts';
import { steps } from './steps.ts';

type State = Readonly<Record<string, string>>;
type Patience = Pick<Subject, 'patienceMs' | 'everyMs'>;

const manifestFile = '/etc/kubernetes/manifests/kube-apiserver.yaml';
const record = 'ConfigMap kube-system/sematext-audit';
const guard = '/etc/kubernetes/manifests/sematext-audit-guard.yaml';
const armed = '/var/lib/sematext-audit/tx/armed';

/** Interrupts the command, lets come who comes, and holds what there is then against what there may be. */
export async function endsWell(stand: Stand, one: Case, patience: Patience): Promise<void> {
  const first = await stand.state();
  assertNothingLeft(first);
  if (one.command === 'disable') assert.equal(await stand.run('enable').ended, 'done');
  const ended = await interrupted(stand, one, patience);
  if (one.ends === undefined) await comes(stand, one.next, patience);
  else {
    assert.match(ended, one.ends);
    if (/^undo-failed/.test(ended)) await comes(stand, one.next, patience);
  }
  await quiet(stand, patience);
  if (!(one.next === 'nobody' && one.ends === undefined)) {
    await cleared(stand, patience);
    await assertOver(stand, first);
  }
  const takenBack = await within(stand.run('disable', { resume: true }).ended, patience);
  assert.equal(takenBack, 'done', `disable --resume, after: ${ended || 'it was killed'}`);
  await quiet(stand, patience);
  await cleared(stand, patience);
  assert.deepEqual(await stand.state(), first, 'the first state, byte for byte');
}

/** Waits for what was deleted to go: a twin gets its grace. What stays all the same is for the assertion to show. */
async function cleared(stand: Stand, { patienceMs, everyMs }: Patience): Promise<void> {
  const end = Date.now() + patienceMs / 2;
  while (leftIn(await stand.state()).length > 0 && Date.now() < end) await sleep(everyMs * 10);
}

/** Runs the command until it has happened. @returns how the command ended; empty when it was killed */
async function interrupted(stand: Stand, one: Case, patience: Patience): Promise<string> {
  const { command, step, wishes, ends } = one;
  const pods = new Set(logFolders(stand));
  const manifest = manifestOf(stand);
  const fault = one.fault?.(stand);
  const heal = await fault?.show();
  try {
    const run = stand.run(command, { ...wishes, ...fault?.wishes });
    let said: string | undefined;
    const over = run.ended.then((text) => (said = text));
    const seen = step === undefined ? undefined : steps[command][step];
    let begun = seen === undefined;
    const isThere = async (): Promise<boolean> => {
      begun ||= seen?.({ stand, run, pods, manifest }) === true;
      return begun || said !== undefined;
    };
    await eventually(`step ${step}`, isThere, patience);
    assert.ok(begun, `it ended before step ${step}: ${said}`);
    await one.happens({ stand, run });
    if (ends === undefined) return '';
    const how = await within(over, patience);
    if (fault !== undefined) assert.match(how, fault.ends);
    return how;
  } finally {
    await heal?.();
  }
}

/** Whoever comes next. With nobody, time passes until the guard's deadline. */
async function comes(stand: Stand, next: Next, patience: Patience): Promise<void> {
  if (next === 'nobody') {
    await eventually('the node to do what it does by itself', () => isAlone(stand), patience);
    return;
  }
  const isOpen = async (): Promise<boolean> =>
    (await stand.state())[record]?.includes('\\"state\\": \\"open\\"') === true;
  // a last request of the dead command may be under way
  const open = await isOpen();
  const bad = await stand.status();
  if (open && (await isOpen()))
    assert.ok(bad.includes('record'), `status says ${bad.join(', ')} of an open record`);
  const said = await within(stand.run(next, { resume: true }).ended, patience);
  assert.equal(said, 'done', `${next} --resume`);
}

/** The guard, if there is one, has come to its end; before there is one nothing was touched. */
async function isAlone(stand: Stand): Promise<boolean> {
  hurry(stand);
  const phase = phaseOf(stand);
  return (phase === '' || phase === 'staged') && read(stand, guard) === '' && !helperAtWork(stand);
}

const helperAtWork = (stand: Stand): boolean =>
  stand.processes().some(({ command }) => command.includes('/transaction.sh '));

/** The deadline comes now: the guard reads it each second. */
function hurry(stand: Stand): void {
  const text = read(stand, armed);
  if (!/^deadline=\d{2,}$/m.test(text)) return;
  const now = stand.path('/var/lib/sematext-audit/.sematext-audit.hurry');
  try {
    writeFileSync(now, text.replace(/^deadline=.*$/m, 'deadline=1'));
    renameSync(now, stand.path(armed));
  } catch {
    // the transaction has ended meanwhile
  }
}

/** The API server runs the manifest that is there, and serves; no guard is left to end. */
async function quiet(stand: Stand, patience: Patience): Promise<void> {
  await eventually(
    'the API server to serve',
    async () => runsManifest(stand) && (await stand.serves()),
    patience,
  );
}

function runsManifest(stand: Stand): boolean {
  const flags = (text: string): string => (text.match(/--[a-z][a-z-]*=[^\s"',]*/g) ?? []).sort().join('\n');
  const servers = stand.processes().filter(isServer);
  return servers.length === 1 && flags(servers[0]?.command ?? '') === flags(manifestOf(stand));
}

/** What a command that said how it ended, or one with --resume, has to leave. */
async function assertOver(stand: Stand, first: State): Promise<void> {
  const state = await stand.state();
  assertNothingLeft(state);
  const changed = state[manifestFile] !== first[manifestFile];
  if (!changed) return assert.deepEqual(state, first, 'the old manifest, and nothing else');
  assert.match(state[record] ?? '', /\\"state\\": \\"done\\"/, 'the record of the new manifest');
  assert.match(state['ConfigMap kube-system/kubeadm-config'] ?? '', /audit-webhook-config-file/);
}

function assertNothingLeft(state: State): void {
  assert.deepEqual({ left: leftIn(state), redirect: state['redirect'] }, { left: [], redirect: 'none' });
}

/** Names of what only a command at work needs. */
function leftIn(state: State): readonly string[] {
  const works =
    /sematext-audit\/tx|\/\.sematext-audit|sematext-audit-guard|guard\.sh|^(Pod|Secret|Namespace|EndpointSlice) .*sematext-audit/;
  return Object.keys(state).filter((name) => works.test(name));
}

/** Asks until it is so. @throws Error when it is not in time */
async function eventually(
  what: string,
  isSo: () => Promise<boolean>,
  { patienceMs, everyMs }: Patience,
): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`${what}: not in time`);
    await sleep(everyMs);
  }
}

async function within<T>(work: Promise<T>, { patienceMs }: Patience): Promise<T> {
  const late = new AbortController();
  const limit = sleep(patienceMs, undefined, { signal: late.signal }).then(() => {
    throw new Error('the command does not end');
  });
  limit.catch(() => undefined); // when the command is first
  try {
    return await Promise.race([work, limit]);
  } finally {
    late.abort();
  }
}
