// Objects as an API server keeps them: create, read, list, update, delete, and how it refuses when something else
// happened in between.
import assert from 'node:assert/strict';
import { fresh, parsed, refuses, type Reply, type Sending, type Subject } from './subject.ts';

const path = '/api/v1/namespaces/default/configmaps';

interface ConfigMap {
  readonly apiVersion: 'v1';
  readonly kind: 'ConfigMap';
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: object;
  };
  readonly data?: Readonly<Record<string, string>>;
}

function configMap(
  name: string,
  metadata: object = {},
  data: Readonly<Record<string, string>> = { k: 'v' },
): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

const modified =
  'the object has been modified; please apply your changes to the latest version and try again';

/** States it of a subject that runs. */
export function objectContract(subject: () => Subject): void {
  const ask = (method: string, at: string, body?: unknown): Promise<Reply> => {
    const sending: Sending = body === undefined ? {} : { body };
    return subject().request(method, at, sending);
  };
  const make = async (name: string, labels?: object): Promise<ConfigMap> => {
    const reply = await ask('POST', path, configMap(name, labels && { labels }));
    assert.equal(reply.status, 201, reply.text);
    return parsed(reply) as unknown as ConfigMap;
  };
  describe('objects', () => {
    createAndRead(ask, make);
    update(ask, make);
    remove(ask, make);
    otherKinds(ask);
  });
}

type Ask = (method: string, at: string, body?: unknown) => Promise<Reply>;
type Make = (name: string, labels?: object) => Promise<ConfigMap>;

function createAndRead(ask: Ask, make: Make): void {
  it('makes one, gives it a uid, a version and a time, and shows it', async () => {
    const name = fresh('made');
    const made = await make(name);
    assert.match(String(made.metadata.uid), /^[0-9a-f-]{36}$/);
    assert.match(String(made.metadata.resourceVersion), /^\d+$/);
    assert.deepEqual(parsed(await ask('GET', `${path}/${name}`))['data'], { k: 'v' });
    refuses(
      await ask('POST', path, configMap(name)),
      409,
      'AlreadyExists',
      `configmaps "${name}" already exists`,
    );
  });

  it('does not have one that was not made', async () => {
    const reply = await ask('GET', `${path}/none`);
    refuses(reply, 404, 'NotFound', 'configmaps "none" not found');
    assert.deepEqual(parsed(reply)['details'], { name: 'none', kind: 'configmaps' });
  });

  it('lists by label and by name, items without their type, in pages', async () => {
    const label = fresh('list');
    const names = [`${label}-a`, `${label}-b`];
    for (const name of names) await make(name, { list: label });
    const byLabel = parsed(await ask('GET', `${path}?labelSelector=list%3D${label}`));
    assert.equal(byLabel['kind'], 'ConfigMapList');
    const items = byLabel['items'] as ConfigMap[];
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      names,
    );
    assert.ok(items.every((item) => !('kind' in item) && !('apiVersion' in item)));
    const first = parsed(await ask('GET', `${path}?limit=1&labelSelector=list%3D${label}`));
    const { continue: next } = first['metadata'] as { continue: string };
    const rest = await ask(
      'GET',
      `${path}?limit=1&labelSelector=list%3D${label}&continue=${encodeURIComponent(next)}`,
    );
    const all = [...(first['items'] as ConfigMap[]), ...(parsed(rest)['items'] as ConfigMap[])];
    assert.deepEqual(
      all.map(({ metadata }) => metadata.name),
      names,
    );
    const byName = parsed(await ask('GET', `${path}?fieldSelector=metadata.name%3D${label}-b`));
    assert.equal((byName['items'] as ConfigMap[]).length, 1);
  });

  it('does not keep a dry run', async () => {
    const name = fresh('dry');
    assert.equal((await ask('POST', `${path}?dryRun=All`, configMap(name))).status, 201);
    refuses(await ask('GET', `${path}/${name}`), 404, 'NotFound');
    refuses(
      await ask('POST', `${path}?dryRun=Some`, configMap(name)),
      422,
      'Invalid',
      /supported values: "All"/,
    );
  });

  it('refuses what it cannot keep', async () => {
    refuses(
      await ask('POST', path, configMap('Bad_Name')),
      422,
      'Invalid',
      /^ConfigMap "Bad_Name" is invalid: metadata\.name: /,
    );
    refuses(
      await ask('POST', path, { ...configMap(''), metadata: {} }),
      422,
      'Invalid',
      /name or generateName is required$/,
    );
    refuses(
      await ask('POST', path, '{"a":'),
      400,
      'BadRequest',
      /couldn't get version\/kind; json parse error: /,
    );
    refuses(await ask('POST', path, { ...configMap('x'), kind: 'Secret' }), 400, 'BadRequest');
    const elsewhere = configMap('x', { namespace: 'kube-system' });
    refuses(
      await ask('POST', path, elsewhere),
      400,
      'BadRequest',
      /^the namespace of the provided object does not match/,
    );
    const nowhere = await ask('POST', '/api/v1/namespaces/none/configmaps', configMap('x'));
    refuses(nowhere, 404, 'NotFound', 'namespaces "none" not found');
    refuses(await ask('PUT', path, configMap('x')), 405, 'MethodNotAllowed');
  });
}

function update(ask: Ask, make: Make): void {
  it('changes one that is as it was read, and no other', async () => {
    const made = await make(fresh('change'));
    const at = `${path}/${made.metadata.name}`;
    const changed = await ask('PUT', at, { ...made, data: { k: 'w' } });
    assert.equal(changed.status, 200);
    const late = await ask('PUT', at, { ...made, data: { k: 'late' } });
    const message = `Operation cannot be fulfilled on configmaps "${made.metadata.name}": ${modified}`;
    refuses(late, 409, 'Conflict', message);
    const whole = await ask('PUT', at, configMap(made.metadata.name, {}, { k: 'whatever' }));
    assert.equal(whole.status, 200, 'without a version it is changed as it is');
    assert.deepEqual(parsed(await ask('GET', at))['data'], { k: 'whatever' });
  });

  it('does not change another object of the same name', async () => {
    const made = await make(fresh('other'));
    const { name } = made.metadata;
    const reply = await ask(
      'PUT',
      `${path}/${name}`,
      configMap(name, { uid: '00000000-0000-4000-8000-000000000000' }),
    );
    refuses(reply, 409, 'Conflict', /Precondition failed: UID in precondition: /);
  });

  it('does not make one by changing it', async () => {
    refuses(
      await ask('PUT', `${path}/none`, configMap('none')),
      404,
      'NotFound',
      'configmaps "none" not found',
    );
    refuses(await ask('PUT', `${path}/none`, configMap('other')), 400, 'BadRequest');
  });

  it('changes nothing in a dry run', async () => {
    const made = await make(fresh('dry'));
    const at = `${path}/${made.metadata.name}`;
    assert.equal((await ask('PUT', `${at}?dryRun=All`, { ...made, data: { k: 'dry' } })).status, 200);
    assert.deepEqual(parsed(await ask('GET', at))['data'], { k: 'v' });
  });
}

function remove(ask: Ask, make: Make): void {
  it('deletes only the one that is meant', async () => {
    const { metadata } = await make(fresh('delete'));
    const at = `${path}/${metadata.name}`;
    const other = { uid: '00000000-0000-4000-8000-000000000000' };
    const message = /^Operation cannot be fulfilled on ConfigMap "[^"]+": the UID in the precondition /;
    refuses(await ask('DELETE', at, { preconditions: other }), 409, 'Conflict', message);
    refuses(
      await ask('DELETE', at, { preconditions: { resourceVersion: '1' } }),
      409,
      'Conflict',
      /the ResourceVersion in/,
    );
    assert.equal((await ask('DELETE', `${at}?dryRun=All`)).status, 200);
    const reply = await ask('DELETE', at, { preconditions: { uid: metadata.uid } });
    assert.equal(reply.status, 200);
    const { status, details } = parsed(reply);
    assert.equal(status, 'Success');
    assert.deepEqual(details, { name: metadata.name, kind: 'configmaps', uid: metadata.uid });
    refuses(await ask('DELETE', at), 404, 'NotFound', `configmaps "${metadata.name}" not found`);
  });
}

function otherKinds(ask: Ask): void {
  it('keeps a secret in base64', async () => {
    const name = fresh('secret');
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { a: 'b' } };
    const reply = await ask('POST', '/api/v1/namespaces/default/secrets', body);
    const { data, type, stringData } = parsed(reply);
    assert.deepEqual(
      { data, type, stringData },
      { data: { a: 'Yg==' }, type: 'Opaque', stringData: undefined },
    );
  });

  it('names its own addresses', async () => {
    const endpoints = parsed(await ask('GET', '/api/v1/namespaces/default/endpoints/kubernetes'));
    const [subset] = endpoints['subsets'] as {
      addresses: { ip: string }[];
      ports: { name: string; port: number }[];
    }[];
    assert.match(String(subset?.addresses[0]?.ip), /^\d+\.\d+\.\d+\.\d+$/);
    assert.equal(subset?.ports[0]?.name, 'https');
    assert.equal(typeof subset?.ports[0]?.port, 'number');
  });
}
