// The record: written, read back, and never believed where it names what this tool never made.
import assert from 'node:assert/strict';
import { names } from '../../../src/audit/names.ts';
import { readRecord, recordObject, undoRecord } from '../../../src/audit/plan/record.ts';
import type { RecordedObject } from '../../../src/audit/plan/record.ts';
import { recordOf } from '../../support/facts.ts';

const sinks = '/apis/auditregistration.k8s.io/v1alpha1/auditsinks';
const path = `${sinks}/${names.object}`;
const restore = { kind: 'AuditSink', name: names.object, undo: { do: 'restore' as const, path } };

const ofAgent = (kind: string, collection: string): RecordedObject => {
  const name = 'sematext-audit-agent';
  return { kind, name, undo: { do: 'delete', path: `${collection}/${name}` } };
};
/** What `enable --log-backend --agent logagent` records. */
const agent = [
  ofAgent('Secret', '/api/v1/namespaces/sematext-audit/secrets'),
  ofAgent('ConfigMap', '/api/v1/namespaces/sematext-audit/configmaps'),
  ofAgent('DaemonSet', '/apis/apps/v1/namespaces/sematext-audit/daemonsets'),
];

describe('a record', () => {
  const records = [
    recordOf(),
    recordOf({ state: 'open' }),
    recordOf({ objects: [] }),
    recordOf({ objects: [restore] }),
    recordOf({ objects: agent }),
  ];
  for (const record of records)
    it(`that is ${record.state}, of ${record.objects.map(({ undo }) => undo.do).join() || 'nothing'}, is read as it was written`, () => {
      const stored: unknown = JSON.parse(JSON.stringify(recordObject(record)));
      assert.deepEqual(readRecord(stored), record);
    });

  it('is a ConfigMap of ours in kube-system', () => {
    const { data, ...object } = recordObject(recordOf());
    assert.deepEqual(Object.keys(data), ['record.json']);
    assert.deepEqual(object, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'sematext-audit',
        namespace: 'kube-system',
        labels: { 'app.kubernetes.io/managed-by': 'kubectl-sematext-audit' },
      },
    });
  });

  it('may have fields of a later version', () => {
    const text = JSON.stringify({ ...recordOf(), colour: 'red' });
    assert.equal(readRecord({ data: { 'record.json': text } })?.run, recordOf().run);
  });
});

const undoing = (undo: object): object => ({
  ...recordOf(),
  objects: [{ ...restore, undo }],
});
const deleting = (other: string): object => undoing({ do: 'delete', path: other });
const tampered: readonly (readonly [what: string, record: unknown])[] = [
  ['another path', deleting('/api/v1/namespaces/kube-system')],
  ['a Secret', deleting('/api/v1/namespaces/default/secrets/x')],
  ['the whole collection', deleting(sinks)],
  ['the whole collection, with a slash', deleting(`${sinks}/`)],
  ['a path that climbs', deleting(`${sinks}/../../../../api/v1/namespaces/default`)],
  ['a name that climbs', deleting(`${sinks}/..`)],
  ['a name that stays', deleting(`${sinks}/.`)],
  ['a sink of another name', deleting(`${sinks}/theirs`)],
  ['a path that goes on', deleting(`${path}/x`)],
  ['an encoded path', deleting(`${sinks}/..%2F..%2F..%2Fapi`)],
  ['a query', deleting(`${path}?propagationPolicy=Orphan`)],
  ['a fragment', deleting(`${path}#x`)],
  ['a line break', deleting(`${path}\n`)],
  ['something before the path', deleting(`http://elsewhere${path}`)],
  ['upper case', deleting(path.toUpperCase())],
  ['a path that is no text', undoing({ do: 'delete', path: [path] })],
  ['no path', undoing({ do: 'delete' })],
  ['another action', undoing({ do: 'create', path, collection: sinks, object: {} })],
  ['no action', undoing({ path })],
  [
    'one good object and one bad',
    {
      ...recordOf(),
      objects: [restore, { kind: 'Pod', name: 'x', undo: { do: 'delete', path: '/api/v1/pods/x' } }],
    },
  ],
  ['objects that are null', { ...recordOf(), objects: [null] }],
  ['no list of objects', { ...recordOf(), objects: {} }],
  ['another version', { ...recordOf(), version: 2 }],
  ['another state', { ...recordOf(), state: 'half' }],
  ['a run that is no id', { ...recordOf(), run: 'a' }],
  ['another kind', { ...recordOf(), objects: [{ ...restore, kind: 'Pod' }] }],
  ['another name', { ...recordOf(), objects: [{ ...restore, name: 'theirs' }] }],
  ['a run that is no text', { ...recordOf(), run: 7 }],
  ['no receiver', { ...recordOf(), receiver: undefined }],
  ['a list', [recordOf()]],
  ['null', null],
];

describe('what is no record', () => {
  for (const [what, record] of tampered)
    it(`with ${what}`, () =>
      assert.equal(readRecord({ data: { 'record.json': JSON.stringify(record) } }), undefined));

  const maps: readonly (readonly [what: string, configMap: unknown])[] = [
    ['JSON that broke off', { data: { 'record.json': '{"version":1' } }],
    ['a ConfigMap of other data', { data: { other: 'x' } }],
    ['a ConfigMap without data', { metadata: {} }],
    ['data that is no text', { data: { 'record.json': recordOf() } }],
    ['null', null],
    ['nothing', undefined],
  ];
  for (const [what, map] of maps) it(what, () => assert.equal(readRecord(map), undefined));
});

describe('undoRecord', () => {
  it('takes the last thing back first, and forgets the record at the end', () => {
    const first = {
      kind: 'AuditSink',
      name: 'first',
      undo: { do: 'delete' as const, path: `${sinks}/first` },
    };
    const { steps, notes } = undoRecord(recordOf({ objects: [first, restore] }));
    assert.deepEqual(
      steps.map(({ action }) => action),
      [
        { do: 'restore', path },
        { do: 'delete', path: `${sinks}/first` },
        { do: 'delete', path: names.recordPath },
      ],
    );
    assert.deepEqual(
      steps.map(({ title }) => title),
      [
        'Put back the earlier spec of AuditSink sematext-audit',
        'Delete AuditSink first',
        'Delete ConfigMap kube-system/sematext-audit (the record)',
      ],
    );
    for (const { action, undo } of steps)
      assert.deepEqual(undo, { do: 'previous', path: 'path' in action && action.path });
    assert.deepEqual(notes, []);
  });
});
