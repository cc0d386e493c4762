// What a change makes of a manifest's text, and that it can be taken out again to the byte.
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { configRoot, hashAnnotation } from '../../../src/audit/change.ts';
import type { Change } from '../../../src/audit/change.ts';
import { diff } from '../../../src/audit/diff.ts';
import { applyChange, readManifest, withoutChange } from '../../../src/audit/target/manifest.ts';
import { draws } from '../../support/draws.ts';
import { golden } from './golden.ts';
import { flagNames, logChange, manifest, manifestNames, randomManifest } from './manifests.ts';
import { refusal, switches, variants, webhookChange } from './manifests.ts';

const kubeadm = manifest('kubeadm-1.37.yaml');
const minimal = manifest('bare.yaml');

/** The flags of a change that a manifest has before it, with their values. */
function previousOf(text: string, change: Change): Record<string, string> {
  const { flags } = readManifest(text);
  return Object.fromEntries(
    flagNames(change).flatMap((name) => (name in flags ? [[name, flags[name] ?? '']] : [])),
  );
}

describe('applyChange', () => {
  for (const name of manifestNames)
    it(`makes of ${name} what a person would have`, () => {
      const text = manifest(name);
      golden(`test/golden/manifests/${name}.diff`, diff(text, applyChange(text, logChange), name));
    });

  for (const name of manifestNames)
    it(`is undone to the byte, and done twice it is done once, on ${name}`, () => {
      for (const [what, text] of variants(manifest(name))) {
        const next = applyChange(text, logChange);
        assert.notEqual(next, text);
        assert.equal(applyChange(next, logChange), next, `${what}, twice`);
        const restored = { flags: flagNames(logChange), previous: previousOf(text, logChange) };
        assert.equal(withoutChange(next, restored), text, `${what}, undone`);
      }
    });

  for (const first of [0, 10, 20, 30, 40, 50])
    it(`means what is meant and is undone to the byte, on manifests of chance (seeds from ${first})`, () => {
      for (let seed = first; seed < first + 10; seed++) {
        const text = randomManifest(draws(seed));
        const next = applyChange(text, logChange);
        assert.deepEqual(bare(parse(next)), bare(intended(parse(text), logChange)), `seed ${seed}`);
        const previous = previousOf(text, logChange);
        const other = applyChange(next, webhookChange, flagNames(logChange), previous);
        assert.deepEqual(
          bare(parse(other)),
          bare(intended(parse(text), webhookChange)),
          `seed ${seed}, then another`,
        );
        const flags = [...new Set([...flagNames(logChange), ...flagNames(webhookChange)])];
        assert.equal(withoutChange(other, { flags, previous }), text, `seed ${seed}, undone`);
      }
    });

  it('takes out what an earlier change had and this one lacks: flags, mounts, hash', () => {
    const next = applyChange(applyChange(kubeadm, logChange), webhookChange, flagNames(logChange));
    const { flags, annotations } = readManifest(next);
    assert.deepEqual(
      Object.keys(flags).filter((name) => name.startsWith('audit-')),
      flagNames(webhookChange),
    );
    assert.equal(annotations[hashAnnotation], '123456789012');
    assert.doesNotMatch(next, /sematext-audit-log|0b0101010101/);
    const none = applyChange(next, switches, flagNames(webhookChange));
    assert.doesNotMatch(none, /sematext/);
  });

  it('leaves flags of an earlier change alone when it is not told that they are ours', () => {
    const next = applyChange(applyChange(kubeadm, logChange), webhookChange);
    assert.equal(readManifest(next).flags['audit-log-maxage'], '30');
  });

  it('gives a flag back the value that it had before an earlier change', () => {
    const text = kubeadm.replace('--allow-privileged=true', '--audit-log-maxage=7');
    const next = applyChange(applyChange(text, logChange), webhookChange, flagNames(logChange), {
      'audit-log-maxage': '7',
    });
    assert.match(next, /- --audit-log-maxage=7\n/);
  });

  it('changes of a flag that is there twice the last, which counts', () => {
    const text = kubeadm.replace(
      '--allow-privileged=true',
      '--audit-log-maxage=1\n    - --audit-log-maxage=2',
    );
    const next = applyChange(text, logChange);
    assert.match(next, /- --audit-log-maxage=1\n {4}- --audit-log-maxage=30\n/);
    assert.equal(next.match(/audit-log-maxage/g)?.length, 2);
  });

  it('takes out every repeat of a flag that goes', () => {
    const next = applyChange(kubeadm, logChange);
    const twice = next.replace('- --allow-privileged=true', '- --audit-log-maxage\n    - "9"');
    const back = withoutChange(twice, { flags: flagNames(logChange), previous: {} });
    assert.equal(back, kubeadm.replace('    - --allow-privileged=true\n', ''));
  });

  it('leaves a flag of the same name alone that is a word of the wrapper before', () => {
    const text = manifest('kops.yaml');
    const next = applyChange(text, { ...switches, flags: [['log-file', '/b']] });
    assert.match(next, /- --log-file=\/var\/log\/kube-apiserver.log\n[^]*- --v=2\n {4}- --log-file=\/b\n/);
    assert.equal(withoutChange(next, { flags: ['log-file'], previous: {} }), text);
  });

  it('sets a flag without a value, in the word that it is', () => {
    const text = kubeadm.replace('--allow-privileged=true', '--audit-dynamic-configuration');
    assert.equal(applyChange(text, { ...switches, flags: [['audit-dynamic-configuration', 'true']] }), text);
    const off = applyChange(text, { ...switches, flags: [['audit-dynamic-configuration', 'false']] });
    assert.match(off, /- --audit-dynamic-configuration=false\n/);
  });

  it('sets a flag that stands in a block scalar', () => {
    const text = kubeadm.replace('--allow-privileged=true', '>-\n      --audit-log-maxage=7');
    const next = applyChange(text, logChange);
    assert.match(next, /\n {4}- "--audit-log-maxage=30"\n {4}- --authorization-mode/);
  });

  it('writes the hash in quotes, even where it is no number', () => {
    const next = applyChange(kubeadm, { ...logChange, hash: 'abcdefabcdef' });
    assert.match(next, /\n {4}sematext.com\/audit-config-hash: "abcdefabcdef"\n/);
  });

  it('puts quotes where a value needs them', () => {
    const flag = (value: string): string => {
      const next = applyChange(kubeadm, { ...switches, flags: [['audit-policy-file', value]] });
      return /.*audit-policy-file.*/.exec(next)?.[0].trim() ?? '';
    };
    assert.equal(flag('/a b'), '- --audit-policy-file=/a b');
    assert.equal(flag('/a: b'), '- "--audit-policy-file=/a: b"');
    assert.equal(flag('/a #b'), '- "--audit-policy-file=/a #b"');
  });

  const withMount = (mount: string, volume: string): string =>
    kubeadm
      .replace('    volumeMounts:\n', `    volumeMounts:\n    - ${mount}\n`)
      .replace('  volumes:\n', `  volumes:\n  - ${volume}\n`);
  const logAt = '/var/log/kubernetes/audit';
  const ways: readonly (readonly [what: string, mount: string, volume: string])[] = [
    [
      'the example of the documentation',
      `{name: a, mountPath: ${logAt}/, readOnly: false}`,
      `{name: a, hostPath: {path: ${logAt}/, type: DirectoryOrCreate}}`,
    ],
    ['without a type', `{name: a, mountPath: ${logAt}}`, `{name: a, hostPath: {path: ${logAt}}}`],
  ];
  for (const [what, mount, volume] of ways)
    it(`needs no mount where the folder is there already: ${what}`, () => {
      const text = withMount(mount, volume);
      const next = applyChange(text, logChange);
      assert.doesNotMatch(next, /sematext-audit-log/);
      assert.match(next, /name: sematext-audit-config/);
      assert.equal(withoutChange(next, { flags: flagNames(logChange), previous: {} }), text);
    });

  it('takes its own mount out where the folder came to be mounted otherwise', () => {
    const [[, mount, volume] = ['', '', '']] = ways;
    const next = applyChange(kubeadm, logChange);
    const both = next
      .replace('    volumeMounts:\n', `    volumeMounts:\n    - ${mount}\n`)
      .replace('  volumes:\n', `  volumes:\n  - ${volume}\n`);
    assert.doesNotMatch(applyChange(both, logChange), /sematext-audit-log/);
  });

  it('mounts another folder when the log moves', () => {
    const next = applyChange(applyChange(kubeadm, logChange), { ...logChange, writes: '/srv/audit/' });
    assert.match(next, /path: \/srv\/audit\n {6}type: DirectoryOrCreate\n {4}name: sematext-audit-log\n/);
    assert.equal(next.match(/name: sematext-audit-log/g)?.length, 2);
    assert.doesNotMatch(next, /path: \/var\/log\/kubernetes\/audit\n/);
  });

  it('puts its own mount right where it came to lead elsewhere', () => {
    const next = applyChange(kubeadm, logChange);
    const astray = next.replace('path: /var/log/kubernetes/audit\n', 'path: /srv\n');
    assert.notEqual(astray, next);
    assert.equal(applyChange(astray, logChange), next);
  });

  const inTheWay: readonly (readonly [what: string, mount: string, volume: string, why: string])[] = [
    [
      'another folder at the same path',
      `{name: a, mountPath: ${logAt}}`,
      '{name: a, hostPath: {path: /srv}}',
      `its volume a is mounted at ${logAt} already`,
    ],
    [
      'a folder that cannot be written',
      `{name: a, mountPath: ${logAt}, readOnly: true}`,
      `{name: a, hostPath: {path: ${logAt}}}`,
      `its volume a is mounted at ${logAt} already`,
    ],
    [
      'a file at the same path',
      `{name: a, mountPath: ${logAt}}`,
      `{name: a, hostPath: {path: ${logAt}, type: FileOrCreate}}`,
      `its volume a is mounted at ${logAt} already`,
    ],
    [
      'a part of a folder',
      `{name: a, mountPath: ${logAt}, subPath: x}`,
      `{name: a, hostPath: {path: ${logAt}}}`,
      `its volume a is mounted at ${logAt} already`,
    ],
    [
      'something that is no folder',
      `{name: a, mountPath: ${logAt}}`,
      '{name: a, emptyDir: {}}',
      `its volume a is mounted at ${logAt} already`,
    ],
    [
      'a file in it',
      `{name: a, mountPath: ${logAt}/audit.log}`,
      `{name: a, hostPath: {path: ${logAt}/audit.log, type: FileOrCreate}}`,
      `its volume a is mounted in ${logAt}, where this tool writes`,
    ],
    [
      'our name on something else',
      `{name: sematext-audit-log, mountPath: /x}`,
      '{name: sematext-audit-log, emptyDir: {}}',
      'its volume sematext-audit-log is not as this tool makes it',
    ],
    [
      'our name on a part of a folder',
      `{name: sematext-audit-log, mountPath: ${logAt}, subPath: x}`,
      `{name: sematext-audit-log, hostPath: {path: ${logAt}, type: DirectoryOrCreate}}`,
      'its volume sematext-audit-log is not as this tool makes it',
    ],
    [
      'our name without a mount',
      `{name: a, mountPath: /x}`,
      '{name: sematext-audit-config, hostPath: {path: /x, type: File}}',
      'its volume sematext-audit-config is not as this tool makes it',
    ],
    [
      'files below the root of ours',
      `{name: a, mountPath: ${configRoot}/x}`,
      '{name: a, emptyDir: {}}',
      `its volume a is mounted in ${configRoot}, where this tool writes`,
    ],
  ];
  for (const [what, mount, volume, why] of inTheWay)
    it(`refuses ${what}`, () => {
      assert.throws(() => applyChange(withMount(mount, volume), logChange), refusal(why));
    });

  it('refuses a list that is null in so many words', () => {
    const text = `${minimal}\n    volumeMounts: null\n`;
    assert.throws(() => applyChange(text, logChange), refusal('spec.containers.0.volumeMounts is no list'));
  });
});

describe('withoutChange', () => {
  const restored = { flags: flagNames(logChange), previous: {} };

  it('takes ours out of a manifest that others changed since', () => {
    const upgraded = (text: string): string =>
      text
        .replace('v1.37.2', 'v1.38.0')
        .replace('    - --secure-port', '    - --profiling=false\n    - --secure-port')
        .replace('  annotations:\n', '  annotations:\n    a: b\n');
    const next = upgraded(applyChange(kubeadm, logChange));
    assert.equal(withoutChange(next, restored), upgraded(kubeadm));
  });

  it('takes ours out of a manifest that was written anew, in another order and in brackets', () => {
    const { metadata, spec, ...pod } = parse(applyChange(kubeadm, logChange));
    const text = JSON.stringify({ spec, ...pod, metadata }, undefined, 2);
    const back = withoutChange(text, restored);
    assert.deepEqual(bare(parse(back)), bare(parse(kubeadm)));
  });

  it('changes nothing where nothing is ours', () => {
    for (const name of manifestNames)
      assert.equal(
        withoutChange(manifest(name), { flags: ['audit-webhook-config-file'], previous: {} }),
        manifest(name),
      );
  });

  it('leaves a volume of our name alone that is not as we make it', () => {
    const text = kubeadm.replace(
      '  volumes:\n',
      '  volumes:\n  - {name: sematext-audit-log, emptyDir: {}}\n',
    );
    assert.equal(withoutChange(text, restored), text);
  });

  it('does not bring back a flag that somebody took out since', () => {
    const next = applyChange(kubeadm, logChange).replace('    - --audit-log-maxage=30\n', '');
    const back = withoutChange(next, { flags: flagNames(logChange), previous: { 'audit-log-maxage': '7' } });
    assert.equal(back, kubeadm);
  });
});

interface Container {
  command?: string[] | null;
  args?: string[] | null;
  volumeMounts?: unknown[] | null;
}

interface Pod {
  metadata: { annotations?: Record<string, string> | null };
  spec: { containers: Container[]; volumes?: unknown[] | null };
}

/** What a change means, said once more on plain data. */
function intended(pod: Pod, change: Change): Pod {
  const [container] = pod.spec.containers.filter((one) => JSON.stringify(one).includes('kube-apiserver"'));
  assert.ok(container);
  for (const [name, value] of change.flags) setFlag(container, name, value);
  const mounts = [
    [change.files.length > 0, 'sematext-audit-config', configRoot, 'Directory', { readOnly: true }],
    [change.writes !== undefined, 'sematext-audit-log', change.writes, 'DirectoryOrCreate', {}],
  ] as const;
  for (const [needed, name, path, type, extra] of mounts) {
    if (!needed) continue;
    container.volumeMounts = [...(container.volumeMounts ?? []), { mountPath: path, name, ...extra }];
    pod.spec.volumes = [...(pod.spec.volumes ?? []), { hostPath: { path, type }, name }];
  }
  pod.metadata.annotations = { ...pod.metadata.annotations, [hashAnnotation]: change.hash ?? '' };
  return pod;
}

function setFlag(container: Container, name: string, value: string): void {
  const spelt = new RegExp(`^--${name.replaceAll('-', '[-_]')}(?==|$)`);
  const lists = [container.command ?? [], container.args ?? []] as const;
  const places = lists.flatMap((list) => list.map((_, i) => [list, i] as const));
  const at = places.findLastIndex(([list, i]) => spelt.test(list[i] ?? ''));
  const [list, i] = places[at] ?? (places.at(-1) as (typeof places)[number]);
  const [word = '', equals] = at < 0 ? [] : (list[i] ?? '').split(/(=)/, 2);
  if (at < 0) list.push(`--${name}=${value}`);
  else if (equals === '=') list[i] = `${word}=${value}`;
  else {
    const [next, j] = places[at + 1] as (typeof places)[number];
    next[j] = value;
  }
}

/** Without lists and maps that hold nothing, which mean nothing to Kubernetes where a change may touch them. */
function bare(pod: Pod): Pod {
  const drop = <T extends object>(from: T, key: keyof T): void => {
    const value = from[key];
    if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) delete from[key];
  };
  drop(pod.metadata, 'annotations');
  drop(pod.spec, 'volumes');
  for (const container of pod.spec.containers) drop(container, 'volumeMounts');
  return pod;
}
