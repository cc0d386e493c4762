// The commands that docs/how-it-changes-your-api-server.md gives to whoever has no tool at hand: taken from the page and
// run on an imitated node, in every state that a run can leave.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { witness } from '../support/secrets.ts';
import { hash, manifestPath, manifests, newManifest, oldManifest, sha256 } from './support/imitated-node.ts';
import type { ImitatedNode } from './support/imitated-node.ts';
import { redirects } from './support/legal.ts';
import { armArgs, forgetRoads, roadTo, stageArgs, well } from './support/road.ts';
import type { Place, Road } from './support/road.ts';
import { shells } from './support/shells.ts';

const page = readFileSync('docs/how-it-changes-your-api-server.md', 'utf8');
const state = '/var/lib/sematext-audit';
const config = '/etc/kubernetes/sematext-audit';
const theirs = `${oldManifest}# somebody else was here\n`;

/** The commands under their title on the page. */
function commands(title: string): string {
  const [, text] = new RegExp(`<!-- by hand: ${title} -->\\n+\`\`\`sh\\n([^]*?)\`\`\``).exec(page) ?? [];
  assert.ok(text !== undefined, `the page has no commands "${title}"`);
  return text;
}

/** Part 3 of the page, in its order and in one shell. */
const noGuard = ['decide', 'put back', 'wait', 'redirect', 'forget'].map(commands).join('\n');

/** Types commands on a node, whose paths are those under its root. */
async function type(node: ImitatedNode, text: string): Promise<string> {
  const there = text
    .replace(/(?<![\w.-])\/(etc|var)\//g, (path) => `${node.root}${path}`)
    .replace('manifest=$(sed', `manifest=${node.root}$(sed`);
  const [program, ...args] = node.shell.command;
  const child = spawn(program, [...args, '-c', `${node.shell.prelude}${there}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: [node.shim('usual'), ...node.shell.path].join(':'),
      SHIMS: node.shim('.'),
      NODE: node.root,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  await new Promise((resolve) => child.on('close', resolve));
  witness(said);
  return said;
}

/** The old API server's manifest is in force, and a later run finds nothing of this one. */
async function assertTakenBack(node: ImitatedNode): Promise<void> {
  assert.equal(node.read(manifestPath), oldManifest);
  assert.deepEqual(node.list(manifests), ['kube-apiserver.yaml']);
  assert.deepEqual(node.list(config), []);
  assert.deepEqual(redirects(node), []);
  assert.deepEqual(
    node.list(state).filter((name) => /^(tx|guard|alive)/.test(name)),
    [],
  );
  await well(node.phase('stage', stageArgs));
}

for (const shell of shells)
  describe(`by hand, in ${shell.name}`, function () {
    this.timeout(60_000);
    let road: Road;
    const at = async (place: Place): Promise<ImitatedNode> => {
      // a deadline that no test lives to see
      road = await roadTo(place, shell, { arm: { ...armArgs, deadline: 1e6 } });
      return road.node;
    };
    const withoutGuard = async (place: Place): Promise<ImitatedNode> => {
      const node = await at(place);
      road.kubelet.stop();
      await road.kubelet.stopped();
      return node;
    };
    afterEach(() => road.stop());
    after(forgetRoads);

    for (const place of ['armed', 'carried', 'swapped'] as const)
      it(`has the guard take back what is ${place}`, async () => {
        const node = await at(place === 'swapped' ? 'carried' : place);
        if (place === 'swapped') await well(node.phase('swap', {}));
        await road.kubelet.settled(); // the new API server runs, and has to leave
        await type(node, commands('ask the guard'));
        await road.kubelet.idle();
        node.remove(`${state}/alive`); // may outlive the guard, as the page says
        const end = place === 'swapped' ? 'restored' : 'aborted';
        assert.match(node.read(`${state}/last`) ?? '', new RegExp(`^\\S+ ${end}( by hand)?\\n$`));
        await assertTakenBack(node);
      });

    for (const place of ['staged', 'armed', 'carried', 'swapped'] as const)
      it(`takes back what is ${place} where no guard lives`, async () => {
        const node = await withoutGuard(place);
        await type(node, noGuard);
        await assertTakenBack(node);
      });

    it('takes an iptables redirect away', async () => {
      const node = await at('armed');
      writeFileSync(node.shim('no-nft'), '');
      await well(node.phase('carry', {}));
      assert.deepEqual(redirects(node), ['ip6tables', 'iptables']);
      road.kubelet.stop();
      await road.kubelet.stopped();
      await type(node, noGuard);
      await assertTakenBack(node);
    });

    it('puts back a manifest that is missing, also when its copy beside it is', async () => {
      const node = await withoutGuard('swapped');
      node.remove(manifestPath);
      node.remove(`${manifests}/.sematext-audit.old`);
      await type(node, noGuard);
      await assertTakenBack(node);
    });

    it('leaves the manifest of somebody else alone', async () => {
      const node = await withoutGuard('swapped');
      node.write(manifestPath, theirs);
      assert.ok((await type(node, noGuard)).includes(sha256(theirs)), 'its sum is shown');
      assert.equal(node.read(manifestPath), theirs);
      assert.deepEqual(redirects(node), []);
    });

    it('keeps what is decided from being undone by a tool that is late', async () => {
      const node = await withoutGuard('swapped');
      await type(node, commands('decide'));
      const { answer } = await node.phase('confirm', {});
      assert.deepEqual([answer.outcome, 'code' in answer && answer.code], ['refused', 'decided']);
    });

    it('brings back the manifest of before, and clears the node, after a change that was confirmed', async () => {
      const node = await at('swapped');
      await well(node.phase('confirm', {}));
      await road.kubelet.idle();
      assert.match(await type(node, commands('clear')), /kube-apiserver\.yaml/);
      assert.deepEqual(node.list(config), [hash], 'a manifest needs it still');
      await type(node, commands('original'));
      assert.equal(node.read(manifestPath), oldManifest);
      await type(node, commands('clear'));
      assert.deepEqual([node.list(config), node.list(state)], [[], []]);
      assert.deepEqual(node.list(manifests), ['kube-apiserver.yaml']);
    });

    it('does not bring back a version of before an upgrade', async () => {
      const node = await at('swapped');
      await well(node.phase('confirm', {}));
      await road.kubelet.idle();
      const upgraded = `${newManifest}# upgraded\n`;
      node.write(manifestPath, upgraded);
      assert.match(await type(node, commands('original')), /written anew/);
      assert.equal(node.read(manifestPath), upgraded);
    });
  });
