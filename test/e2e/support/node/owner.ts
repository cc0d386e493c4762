// A process that starts a machine, says where it is, and waits to be ended: for tests of what is left then.
import { startMachine } from './machine.ts';
import { startNetwork } from './network.ts';

const network = await startNetwork();
const machine = await startMachine({ name: 'owned', network, number: 1, parts: [] });
const { cgroup } = machine;
process.stdout.write(JSON.stringify({ cgroup, netns: machine.netns(), hostAddress: network.hostAddress }));
setInterval(() => undefined, 1000);
