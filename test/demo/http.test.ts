// The loopback HTTP server at the moment when its port is closed.
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Faults } from '../../src/demo/faults.ts';
import { listen } from '../../src/demo/http.ts';

function ask(port: number, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', agent }, (answer) => {
      answer.resume().once('end', () => resolve(answer.headers.connection));
    })
      .once('error', reject)
      .end();
  });
}

describe('a server that closes its port', () => {
  it('ends what it has begun, lets go of kept connections, and takes no new ones', async () => {
    let slow = 0;
    const server = await listen(async () => {
      await sleep(slow);
      return { status: 200 };
    }, new Faults());
    const agents = Array.from({ length: 2 }, () => new Agent({ keepAlive: true }));
    const [idle, busy] = agents as [Agent, Agent];
    for (const agent of agents) assert.equal(await ask(server.port, agent), 'keep-alive');
    slow = 50;
    const begun = ask(server.port, busy);
    await sleep(10);
    server.closePort();
    assert.equal(await begun, 'close');
    await sleep(10);
    for (const agent of agents) assert.deepEqual(Object.values(agent.freeSockets), []);
    await assert.rejects(ask(server.port, idle), /ECONNREFUSED/);
    await server.stop();
  });
});
