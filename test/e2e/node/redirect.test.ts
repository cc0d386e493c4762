// The carry for real: nftables and iptables of this kernel, in network namespaces: a node, its neighbour, and a pod whose
// interface on the node has no address, as those of Calico have none.
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

const part = (name: string): string =>
  readFileSync(new URL(`../../../src/node/${name}.sh`, import.meta.url), 'utf8');

/** Answers each line with a name for the port that it came to. */
const servers = `
const names = JSON.parse(process.argv[1]);
let left = Object.keys(names).length;
for (const [port, name] of Object.entries(names))
  require('node:net')
    .createServer((socket) => socket.on('error', () => undefined).on('data', () => socket.write(name + '\\n')))
    .listen(Number(port), '::', () => --left || console.log('up'));
`;
/** Opens a connection, and asks once for each line on its standard input. */
const client = `
exec 3<>"/dev/tcp/$1/$2" || exit 1
echo open
while read -r _; do echo x >&3; read -t 3 -r answer <&3 || exit 1; echo "$answer"; done`;

const ask = 'exec 3<>"/dev/tcp/$1/$2" && echo x >&3 && read -t 3 -r answer <&3 && printf %s "$answer"';

describe('the carry', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'redirect-'));
  const script = join(folder, 'redirect.sh');
  const running: ChildProcess[] = [];
  let node: number;
  let neighbour: number;
  let pod: number;

  const start = (...argv: readonly [string, ...string[]]): ChildProcess => {
    const [program, ...args] = argv;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    running.push(child);
    return child;
  };
  const namespace = async (): Promise<number> => {
    const child = start('unshare', '--net', 'sh', '-c', 'ip link set lo up && echo up && exec sleep 600');
    if (child.stdout !== null) await once(child.stdout, 'data');
    assert.ok(child.pid !== undefined);
    return child.pid;
  };
  const inside = (of: number, ...argv: readonly string[]): string =>
    execFileSync('nsenter', [`--net=/proc/${of}/ns/net`, ...argv], {
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const set = (of: number, lines: string): string => inside(of, 'sh', '-ec', lines);
  const serve = async (of: number, names: object): Promise<void> => {
    const child = start(
      'nsenter',
      `--net=/proc/${of}/ns/net`,
      process.execPath,
      '-e',
      servers,
      JSON.stringify(names),
    );
    if (child.stdout !== null) await once(child.stdout, 'data');
  };
  /** Who answers a new connection; `nobody` when none does. */
  const answers = (of: number, address: string, port: number): string => {
    try {
      return inside(of, 'timeout', '3', 'bash', '-c', ask, 'ask', address, String(port));
    } catch {
      return 'nobody';
    }
  };
  const kept = async (
    of: number,
    address: string,
  ): Promise<{ again(): Promise<string>; lines: Interface }> => {
    const child = start(
      'nsenter',
      `--net=/proc/${of}/ns/net`,
      'bash',
      '-c',
      client,
      'client',
      address,
      '6443',
    );
    assert.ok(child.stdout !== null);
    const lines = createInterface(child.stdout);
    await once(lines, 'line');
    const again = async (): Promise<string> => {
      child.stdin?.write('x\n');
      const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
      return line ?? 'nobody';
    };
    return { again, lines };
  };

  before(async () => {
    writeFileSync(
      script,
      [part('base'), part('redirect'), 'task=$1', 'shift', 'take "$@"', 'eval "$task"'].join('\n'),
    );
    writeFileSync(join(folder, 'nft'), '#!/bin/sh\nexit 127\n');
    chmodSync(join(folder, 'nft'), 0o755);
    [node, neighbour, pod] = [await namespace(), await namespace(), await namespace()];
    execFileSync('sh', [
      '-ec',
      `ip link add eth0 netns ${node} type veth peer name eth0 netns ${neighbour}
       ip link add cali0 netns ${node} type veth peer name eth0 netns ${pod}`,
    ]);
    set(
      neighbour,
      `ip addr add 10.99.0.1/24 dev eth0; ip -6 addr add fd00:99::1/64 dev eth0 nodad; ip link set eth0 up
       ip route add 10.96.0.0/12 via 10.99.0.2; ip route add 10.244.0.0/16 via 10.99.0.2
       ip -6 route add fd00:96::/112 via fd00:99::2`,
    );
    set(
      node,
      `ip addr add 10.99.0.2/24 dev eth0; ip addr add 10.99.0.9/24 dev eth0
       ip -6 addr add fd00:99::2/64 dev eth0 nodad; ip link set eth0 up
       ip link set cali0 up; ip route add 10.244.0.5 dev cali0; ip route add default via 10.99.0.1
       ip -6 route add default via fd00:99::1
       nsenter --net=/proc/${node}/ns/net sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.cali0.proxy_arp=1`,
    );
    set(
      pod,
      `ip addr add 10.244.0.5/32 dev eth0; ip link set eth0 up
       ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1`,
    );
    await serve(node, { 6443: 'real', 7443: 'twin' });
    await serve(neighbour, { 6443: 'another cluster' });
  });
  after(() => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  for (const means of ['nft', 'iptables'] as const)
    for (const ipv6 of [false, true])
      describe(`by ${means}, ${ipv6 ? 'IPv6' : 'IPv4'}`, () => {
        const address = ipv6 ? 'fd00:99::2' : '10.99.0.2';
        const service = ipv6 ? 'fd00:96::1' : '10.96.0.1';
        const loopback = ipv6 ? '::1' : '127.0.0.1';
        const words = [
          'port=6443',
          'twin=7443',
          `address=${address}`,
          `service=${ipv6 ? `[${service}]` : service}:443`,
        ];
        const task = (what: string): string => {
          const path = means === 'nft' ? '' : `${folder}:`;
          return inside(node, 'env', `PATH=${path}${process.env['PATH']}`, 'dash', script, what, ...words);
        };
        const rules = (): string => set(node, 'nft list ruleset; iptables -t nat -S; ip6tables -t nat -S');
        const ours = (): readonly string[] =>
          rules()
            .split('\n')
            .filter((line) => /sematext_audit|SEMATEXT_AUDIT/.test(line));
        afterEach(() => task('uncarry'));

        it('sends new connections to the twin, and back when it is taken away', () => {
          assert.equal(answers(neighbour, address, 6443), 'real');
          task('carry');
          assert.equal(answers(neighbour, address, 6443), 'twin');
          assert.equal(answers(node, address, 6443), 'twin');
          assert.equal(answers(neighbour, service, 443), 'twin', 'the service, from outside');
          assert.equal(answers(node, service, 443), 'twin', 'the service, from the node');
          task('uncarry');
          assert.deepEqual(
            [answers(neighbour, address, 6443), answers(node, address, 6443)],
            ['real', 'real'],
          );
          assert.deepEqual(ours(), []);
        });

        it('leaves loopback and other ports alone', () => {
          task('carry');
          assert.equal(answers(node, loopback, 6443), 'real');
          assert.equal(answers(neighbour, address, 7443), 'twin');
          assert.equal(answers(neighbour, address, 22), 'nobody');
        });

        it('keeps a connection with the server that it has', async () => {
          const before = await kept(neighbour, address);
          assert.equal(await before.again(), 'real');
          task('carry');
          assert.equal(await before.again(), 'real', 'a connection from before the carry');
          // As kube-proxy has: without somebody else's the kernel stops translating what it has begun.
          set(
            node,
            `nft add table inet other; nft add chain inet other pre '{ type nat hook prerouting priority 0; }'
             nft add rule inet other pre tcp dport 1 redirect to :2`,
          );
          const during = await kept(neighbour, address);
          assert.equal(await during.again(), 'twin');
          task('uncarry');
          assert.equal(await before.again(), 'real', 'a connection from before the carry, after it');
          assert.equal(await during.again(), 'twin', 'a connection that the twin has, after the carry');
          for (const { lines } of [before, during]) lines.close();
          set(node, 'nft delete table inet other');
        });

        it('sees connections that a packet filter of the node keeps from the twin, and only these', () => {
          const filter = `nft add table inet ufw; nft add chain inet ufw in '{ type filter hook input priority 0; }'`;
          task('carry');
          assert.equal(answers(node, address, 6443), 'twin');
          assert.equal(task('reached'), '0 0\n', 'from the node itself');
          assert.equal(answers(neighbour, address, 6443), 'twin');
          assert.equal(answers(neighbour, service, 443), 'twin');
          if (!ipv6) assert.equal(answers(neighbour, 'fd00:99::2', 6443), 'twin', 'the other family');
          assert.equal(answers(neighbour, address, 7443), 'twin', 'to its own port: it was not sent there');
          assert.equal(task('reached'), ipv6 ? '2 2\n' : '3 3\n');
          assert.equal(task('blocked || echo no'), 'no\n');
          set(node, `${filter}; nft add rule inet ufw in iifname != lo tcp dport 7443 drop`);
          try {
            assert.equal(task('blocked || echo no'), 'no\n', 'nobody has come since');
            assert.equal(answers(node, address, 6443), 'twin', 'the node itself');
            assert.equal(task('blocked || echo no'), 'no\n');
            assert.equal(answers(neighbour, address, 6443), 'nobody');
            assert.equal(task('blocked && echo yes'), 'yes\n');
          } finally {
            set(node, 'nft delete table inet ufw');
          }
          task('carry');
          assert.equal(task('reached'), '0 0\n', 'a new one counts anew');
        });

        it('may be added twice, and taken away twice', () => {
          task('carry');
          const once = rules();
          task('carry');
          assert.equal(rules().replace(/# handle \d+/g, ''), once.replace(/# handle \d+/g, ''));
          assert.equal(answers(neighbour, address, 6443), 'twin');
          task('uncarry');
          task('uncarry');
          assert.deepEqual(ours(), []);
        });

        if (ipv6) return;
        it('carries pods whose interface has no address, and lets them reach other clusters', () => {
          task('carry');
          assert.equal(answers(pod, service, 443), 'twin');
          assert.equal(answers(pod, address, 6443), 'twin');
          assert.equal(answers(pod, '10.99.0.1', 6443), 'another cluster');
        });

        it('carries every address of the node, also of the other family', () => {
          task('carry');
          assert.equal(answers(neighbour, '10.99.0.9', 6443), 'twin');
          assert.equal(answers(node, '10.99.0.9', 6443), 'twin');
          assert.equal(answers(neighbour, 'fd00:99::2', 6443), 'twin');
        });
      });

  it('says what it would be done with, and does nothing', () => {
    const before = set(node, 'nft list ruleset');
    assert.equal(inside(node, 'dash', script, 'carrier').trim(), 'nft');
    assert.equal(
      inside(node, 'env', `PATH=${folder}:${process.env['PATH']}`, 'dash', script, 'carrier').trim(),
      'iptables',
    );
    assert.equal(set(node, 'nft list ruleset'), before);
  });
});
