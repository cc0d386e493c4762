// The world as a command opens it: lazy, and each part the right one. Its lazily loaded modules may be other
// instances than the ones imported here, so failures are told by their name.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { secrets, temporary } from '../support/secrets.ts';
import { openWorld } from '../../src/io/world.ts';
import { closeServers, console, deadPort, httpServer, kubeconfig, options } from './servers.ts';

describe('world', () => {
  afterEach(closeServers);

  it('opens nothing by itself, and a broken kubeconfig only hurts who asks for the cluster', async () => {
    const world = openWorld(options({ connection: { kubeconfig: '/nonexistent' } }));
    assert.match(world.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(world.uuid(), world.uuid());
    assert.equal(
      (await world.hasher())('ä'),
      '33e6d73fee82904c8d7afb78de1154d1e8dc2a0edb08120e63df5b9385c2d9cc',
    );
    await assert.rejects(world.cluster(), { name: 'Failure', code: 'kubeconfig-invalid' });
  });

  it('gives the same cluster each time, masks what it knows, and reaches the sink', async () => {
    const host = await httpServer((_q, response) => response.end('{"ok":true}'));
    const folder = temporary();
    const token = folder.secretFile('token');
    writeFileSync(token, secrets.token, { mode: 0o600 });
    const config = kubeconfig(folder.path, { server: `http://${host}` });
    const world = openWorld(options({ connection: { kubeconfig: config } }));
    const cluster = await world.cluster();
    assert.equal(await world.cluster(), cluster);
    assert.equal((await cluster.request({ path: '/' })).text, '{"ok":true}');
    assert.equal((await world.secrets.logsToken({ file: token })).value, secrets.token);
    assert.equal(await world.secrets.apiKey({}), undefined);
    assert.ok(cluster.known?.has(secrets.token));
    assert.equal((await world.http({ method: 'GET', url: `http://${host}/` })).status, 200);
    const url = `http://${await deadPort()}/${secrets.token}`;
    await assert.rejects(world.http({ method: 'GET', url }), { name: 'HttpError', reason: 'refused' });
  });

  it('asks, waits and ends with its signal', async () => {
    const abort = new AbortController();
    const terminal = console(true);
    const world = openWorld(options({ terminal, signal: abort.signal }));
    assert.equal(world.signal, abort.signal);
    const asked = world.ask('Go on?');
    terminal.stdin.write('y\r');
    assert.equal(await asked, true);
    await world.clock.sleep(1);
    abort.abort();
    await assert.rejects(world.clock.sleep(60_000), { name: 'Failure', code: 'interrupted' });
    await assert.rejects(openWorld(options()).ask('Go on?'), {
      name: 'Failure',
      code: 'confirmation-needed',
    });
  });
});
