// Whatever happens to enable and disable, on a real kubeadm node: the shipped program is a process, killed as such, and
// so are the containers' processes; the node is a machine that is switched off.
import { readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnableResult, StatusResult } from '../../../src/audit/results.ts';
import { endsWellContract } from '../../contract/ends-well.contract.ts';
import { isTwin, phaseOf } from '../../contract/ends-well/stand.ts';
import type { Fault, Process, Run, Stand, Wishes } from '../../contract/ends-well/stand.ts';
import { secrets, temporary } from '../../support/secrets.ts';
import { cli, documentOf, startCli, type End } from '../support/cli.ts';
import { startNode, type Node } from '../support/node.ts';
import {
  forbiddenTwins,
  fullDisk,
  missingImage,
  shortOfMemory,
  standingStill,
} from '../support/node/faults.ts';
import { startSematext, type Sematext } from '../support/sematext.ts';

const folders = '/etc/kubernetes /var/lib/sematext-audit /var/lib/sematext-audit-agent';

/** How a command ended, in one line. */
function saidOf(end: End): string {
  const { error, outcome, checks = [] } = documentOf<EnableResult>(end);
  if (error !== undefined) return `${error.code}: ${error.message}`;
  if (outcome !== 'refused') return 'done';
  return `refused: ${checks.filter(({ result }) => result === 'bad').map(({ id }) => id)}`;
}

class RealStand implements Stand {
  readonly node: Node;
  readonly #sematext: Sematext;

  constructor(node: Node, sematext: Sematext) {
    this.node = node;
    this.#sematext = sematext;
  }

  path(inside: string): string {
    return this.node.path(inside);
  }

  run(command: 'enable' | 'disable', { resume = false, policy, yes = false }: Wishes = {}): Run {
    const { receiverUrl, searchUrl } = this.#sematext;
    const sink = [`--webhook`, `--receiver-url=${receiverUrl}`, `--search-url=${searchUrl}`];
    const args = [command, '--no-input', '-o=json', ...(command === 'enable' ? sink : [])];
    if (resume) args.push('--resume');
    if (yes) args.push('--yes');
    if (policy !== undefined) args.push(`--policy=${fileWith(policy)}`);
    return new CliProcess(startCli(args, { kubeconfig: this.node.kubeconfig }));
  }

  async status(): Promise<readonly string[]> {
    const { receiverUrl, searchUrl } = this.#sematext;
    const args = ['status', '-o=json', `--receiver-url=${receiverUrl}`, `--search-url=${searchUrl}`];
    const { checks = [] } = documentOf<StatusResult>(await cli(args, { kubeconfig: this.node.kubeconfig }));
    return checks.filter(({ result }) => result === 'bad').map(({ id }) => id);
  }

  async state(): Promise<Readonly<Record<string, string>>> {
    // what is written meanwhile is no failure
    const sums = `find ${folders} -type f -exec sha256sum {} + 2>/dev/null || true`;
    const tables = 'nft list tables 2>/dev/null | grep sematext_audit || echo none';
    const [files, redirect, objects] = await Promise.all([
      this.node.exec(sums),
      this.node.exec(tables),
      this.#objects(),
    ]);
    const lines = files.stdout.split('\n').filter(Boolean);
    return {
      ...Object.fromEntries(lines.map((line) => [line.slice(66), line.slice(0, 64)])),
      ...objects,
      redirect: redirect.stdout.trim(),
    };
  }

  /** ConfigMaps whose texts count; of all else in our namespace, and of it, that it is there. */
  async #objects(): Promise<Record<string, string>> {
    const list = async (...args: string[]): Promise<readonly Listed[]> => {
      const { code, stdout, stderr } = await this.node.kubectl(['get', ...args, '-o=json']);
      if (code !== 0) throw new Error(stderr);
      return (JSON.parse(stdout) as { items: Listed[] }).items;
    };
    const ours = ({ metadata }: Listed): boolean => metadata.name !== 'kube-root-ca.crt';
    const [maps, rest, slices, namespaces] = await Promise.all([
      list('configmaps', '-n=kube-system'),
      list('pods,secrets,configmaps,daemonsets', '-n=sematext-audit'),
      list('endpointslices', '-n=default'),
      list('namespaces'),
    ]);
    const named = maps.filter(({ metadata }) => /^(kubeadm-config|sematext-audit)$/.test(metadata.name));
    return Object.fromEntries([
      ...named.map((one) => [nameOf(one), JSON.stringify(one.data)]),
      ...[...rest.filter(ours), ...slices, ...namespaces].map((one) => [nameOf(one), '']),
    ]) as Record<string, string>;
  }

  async serves(): Promise<boolean> {
    const guard = '/etc/kubernetes/manifests/sematext-audit-guard.yaml';
    const ask = 'curl -ks -m 5 https://127.0.0.1:6443/readyz || true';
    const { stdout } = await this.node.exec(`if [ ! -e ${guard} ]; then ${ask}; fi`);
    return stdout === 'ok';
  }

  /** Those in the node's own network: the pods that count have no other one. */
  processes(): readonly Process[] {
    const network = readlinkSync(this.node.netns());
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          if (readlinkSync(join('/proc', pid, 'ns/net')) !== network) return [];
          const words = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').split('\0');
          return /^(\/bin\/sh|kube-apiserver)$/.test(words[0] ?? '')
            ? [{ pid: Number(pid), command: words.join(' ') }]
            : [];
        } catch {
          return []; // it has ended meanwhile
        }
      });
  }

  reboot(): Promise<void> {
    return this.node.reboot();
  }

  /** Packets of the program's machine are dropped for 20 s. */
  async loseNetwork(): Promise<void> {
    const rule = `ip saddr ${this.node.network.hostAddress} tcp dport { 6443, 7443 } drop`;
    await this.node.exec(`nft add table ip lost
      nft 'add chain ip lost arriving { type filter hook prerouting priority -300; }'
      nft 'add rule ip lost arriving ${rule}'
      sleep 20
      nft delete table ip lost`);
  }

  async stop(): Promise<void> {
    await this.#sematext.stop();
    await this.node.stop();
  }
}

interface Listed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
}

const nameOf = ({ kind, metadata }: Listed): string => `${kind} ${metadata.namespace}/${metadata.name}`;

function fileWith(text: string): string {
  const file = join(temporary().path, 'policy.yaml');
  writeFileSync(file, text);
  return file;
}

/** The program at work. */
class CliProcess implements Run {
  readonly ended: Promise<string>;
  readonly #cli: ReturnType<typeof startCli>;
  #stderr: () => string = () => '';

  constructor(started: ReturnType<typeof startCli>) {
    this.#cli = started;
    this.ended = started.then(async (run) => {
      this.#stderr = run.said;
      const end = await run.ended;
      return end.signal === 'SIGKILL' ? 'killed' : saidOf(end);
    });
  }

  told(): string {
    return this.#stderr();
  }

  kill(): void {
    void this.#cli.then((run) => run.kill('SIGKILL'));
  }

  interrupt(): void {
    void this.#cli.then((run) => run.kill('SIGINT'));
  }
}

const nodeOf = (stand: Stand): Node => (stand as RealStand).node;

const faults: Readonly<Record<string, (stand: Stand) => Fault>> = {
  'the disk is full': (stand) => ({
    show: () => fullDisk(nodeOf(stand)),
    ends: /^(target-unsupported|refused|rolled-back)/,
  }),
  'the disk fills up once the guard is armed': (stand) => ({
    show: () => fullDisk(nodeOf(stand), () => phaseOf(stand) === 'armed'),
    ends: /^(done|rolled-back|target-unsupported|undo-failed)/, // what the change needs lies ready by then
  }),
  'the image of the helper is missing': (stand) => ({
    show: () => missingImage(nodeOf(stand)),
    ends: /^(target-unsupported|rolled-back)/,
  }),
  'the twin is out of memory': (stand) => ({
    show: async () => shortOfMemory(() => stand.processes().find(isTwin)?.pid, 64 << 20),
    ends: /^(target-unsupported|rolled-back)/,
  }),
  'admission forbids the twin': (stand) => ({
    show: () => forbiddenTwins(nodeOf(stand)),
    ends: /^confirmation-needed/,
  }),
  'admission forbids the twin, and the outage is agreed to': (stand) => ({
    show: () => forbiddenTwins(nodeOf(stand)),
    wishes: { yes: true },
    ends: /^done/,
  }),
  'the kubelet stands still for 20 s': (stand) => ({
    show: async () => standingStill(nodeOf(stand), 8_000, 20_000),
    ends: /^(done|rolled-back|target-unsupported)/,
  }),
};

endsWellContract(
  {
    name: 'a real kubeadm node, Kubernetes 1.37.2',
    patienceMs: 300_000,
    everyMs: 50,
    isSlow: true,
    atOnce: Number(process.env['MATRIX_LANES'] ?? 1),
    start: async () => {
      // an API server with open watches uses up its grace: with a short one the matrix takes half as long
      const node = await startNode({ gracePeriod: 5 });
      const address = node.network.hostAddress;
      return new RealStand(node, await startSematext({ apiKey: secrets.apiKey, address }));
    },
    faults,
  },
  [36, 77],
);
