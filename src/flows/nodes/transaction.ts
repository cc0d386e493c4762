// The change of one control-plane node, in order: stage, rehearse, arm, carry, swap, confirm. Up to the swap nothing
// has happened to the API server, and what was put down is taken up again; after it, the old manifest comes back while
// the twin still carries the traffic. When this process is gone, the guard on the node does the same at its deadline.
import type { Place, Turn } from '../../audit/plan/step.ts';
import { guardManifest } from '../../node/helper-pod.ts';
import { isOver } from '../../node/protocol.ts';
import type { Phase, PhaseAnswer, PhaseArguments } from '../../node/protocol.ts';
import { readManifest } from '../../audit/target/manifest.ts';
import { Failure } from '../../errors.ts';
import type { Through } from '../../io/world.ts';
import { UnknownEnd } from '../crew.ts';
import { holdEndpoint, releaseEndpoint } from './endpoint.ts';
import { ask } from './hand.ts';
import type { Hand } from './hand.ts';
import { whileKnocking } from './knock.ts';
import { refusal } from './refusal.ts';
import { awaitServing } from './serving.ts';
import type { Site } from './site.ts';
import { calm, until } from './site.ts';
import { endTwin, raiseTwin, wayToServer } from './twin.ts';
import type { Twin } from './twin.ts';

/** What a transaction needs besides the site. */
export interface Means {
  readonly hand: Hand;
  /**
   * Proves that events made at this port arrive.
   * @throws Failure when they do not
   */
  readonly prove: (site: Site, turn: Turn, at: Through, who: 'twin' | 'server') => Promise<void>;
  /** How long one proof may take, milliseconds. */
  readonly proofMs: number;
  /** SHA-256, hexadecimal. */
  readonly digest: (text: string) => string;
  /** Folder of static pod manifests. */
  readonly folder: string;
  /** Of the audit log, for its free space. */
  readonly logFolder: string;
}

/** Free space that is asked for on the node, KiB: a manifest, a policy and a kubeconfig are some 20. */
const needKiB = 4096;

/** Between the end of the redirect and that of the twin. */
const drainMs = 3_000;

/** From arming to confirming: the redirect, the exchange (45 s, up to 4 min on a slow node), the proof. */
const exchangeSeconds = 330;

/** Changes the node. @throws Failure after it took itself back; UnknownEnd when nobody knows how it ended */
export async function forward(site: Site, means: Means, turn: Turn): Promise<void> {
  const at = new Transaction(site, means, turn);
  await at.prepare();
  await at.exchange();
}

/** Changes the node back from what `forward` made of it; events need not be proved for that. */
export async function back(site: Site, means: Means, turn: Turn): Promise<void> {
  const { before, after } = turn;
  const inverse: Turn = {
    ...turn,
    before: after,
    after: before,
    sha256: means.digest(after),
    files: [],
    hash: undefined,
  };
  await forward(calm(site), { ...means, prove: async () => undefined }, inverse);
}

/** Rehearses the change and takes up again what was put down. @throws Failure when the twin says no */
export async function rehearse(site: Site, means: Means, turn: Turn): Promise<void> {
  const at = new Transaction(site, means, turn);
  await at.prepare('rehearsal');
}

class Transaction {
  readonly #site: Site;
  readonly #means: Means;
  readonly #turn: Turn;
  readonly #place: Place;
  #twin: Twin | undefined;
  /** Path of the EndpointSlice that stands in for the API server's own. */
  #endpoint: string | undefined;

  constructor(site: Site, means: Means, turn: Turn) {
    this.#site = site;
    this.#means = means;
    this.#turn = turn;
    this.#place = { node: turn.node, arch: turn.arch, image: turn.image };
  }

  /** Everything before the swap; on failure, and after a mere rehearsal, nothing of it stays. */
  async prepare(what: 'all' | 'rehearsal' = 'all'): Promise<void> {
    try {
      await this.#stage();
      await this.#rehearse();
      if (what === 'rehearsal') return await this.#abandon();
      await this.#arm();
      if (this.#turn.carry !== undefined) await this.#carry();
    } catch (error) {
      await this.#abandon().catch(() => undefined); // the first error is the one to show; status shows what is left
      throw error;
    }
  }

  /** The swap and what follows it. */
  async exchange(): Promise<void> {
    const { pod, after } = this.#turn;
    try {
      this.#tell('Swapping the manifest');
      await this.#phase('swap', {});
      await awaitServing(this.#site, { pod, manifest: after, way: () => this.#real(this.#site) });
      this.#tell('Serves with the new manifest');
      await this.#means.prove(this.#site, this.#turn, await this.#real(this.#site), 'server');
      await this.#phase('confirm', {});
    } catch (error) {
      await this.#restore(error);
    }
    await this.#clearUp();
  }

  // The node runs what it should: that something of the way there stays behind is told, and no reason to go back.
  async #clearUp(): Promise<void> {
    try {
      await this.#dismiss(calm(this.#site), 'keep');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#tell(`Changed, but not all was cleared up: ${why}`);
    }
  }

  async #stage(): Promise<void> {
    const { manifest, sha256, after, files, hash } = this.#turn;
    const { digest } = this.#means;
    const args = { manifest, old: sha256, new: digest(after), config: hash, need: needKiB };
    const config = files.map(({ name, content }) => [`config.${name}`, content] as const);
    await this.#phase('stage', args, { manifest: after, ...Object.fromEntries(config) });
  }

  async #rehearse(): Promise<void> {
    const { twin } = this.#turn;
    if (twin === undefined) return;
    this.#tell('Rehearsing on a twin of the API server');
    this.#twin = await raiseTwin(this.#site, this.#turn, twin);
    await this.#means.prove(this.#site, this.#turn, this.#twin.through, 'twin');
  }

  async #arm(): Promise<void> {
    const { port, twin, carry, image, arch } = this.#turn;
    const deadline = exchangeSeconds + Math.ceil(this.#means.proofMs / 1000);
    const { run, helperImage } = this.#site;
    const guard = guardManifest({ run, image, arch, helperImage, folder: this.#means.folder });
    await this.#phase(
      'arm',
      {
        deadline,
        port,
        twin: carry === undefined ? undefined : twin,
        address: carry?.address ?? '127.0.0.1',
        service: carry?.service,
      },
      { 'guard.yaml': guard },
    );
  }

  async #carry(): Promise<void> {
    const lines = await whileKnocking(this.#site, this.#turn, () => this.#phase('carry', {}));
    if (Number(new Map(lines).get('arrived') ?? 0) === 0)
      this.#tell(
        'Nobody connected from outside, so it is not known whether packet filters let the twin be reached',
      );
    this.#endpoint = await holdEndpoint(this.#site, this.#turn);
  }

  /** Before the swap: takes up what was put down. What fails half-way, the guard goes on with. */
  async #abandon(): Promise<void> {
    const site = calm(this.#site);
    const answer = await until(site, { timeoutMs: 20_000, everyMs: 2_000 }, async () => {
      const said = await this.#ask('abort', {}, {}, site);
      return said.outcome === 'failed' ? undefined : said;
    });
    if (answer === undefined) throw new Error('the transaction could not be ended');
    if (answer.outcome !== 'ok' && !isOver(answer)) throw refusal(this.#turn.node, 'abort', answer);
    await this.#dismiss(site, 'drop');
  }

  /**
   * After the swap: the old manifest comes back, and the twin stays until its server serves.
   * @returns when the new one was confirmed after all: nobody can go back from that, and all is as it should be
   * @throws Failure rolled-back, or the error itself when the user has interrupted; UnknownEnd
   */
  async #restore(error: unknown): Promise<void> {
    const site = calm(this.#site);
    const { node } = this.#turn;
    const reason = error instanceof Error ? error.message : String(error);
    site.tell(`${node}: taking back: ${reason}`);
    try {
      if ((await this.#tookBack(site, reason)) === 'confirmed') return;
      await this.#dismiss(site, 'drop');
    } catch (trouble) {
      throw new UnknownEnd(
        'undo-failed',
        `${node}: the change failed (${reason}) and could not be taken back from here; the guard on the node does that by itself.`,
        ['kubectl sematext-audit status tells how it ended', 'enable --resume or disable --resume clears up'],
        trouble,
      );
    }
    if (error instanceof Failure && error.code === 'interrupted') throw error;
    const next = error instanceof Failure ? error.suggestions : [];
    throw new Failure('rolled-back', `${node}: the old API server is back: ${reason}`, next, error);
  }

  async #tookBack(site: Site, reason: string): Promise<'back' | 'confirmed'> {
    const { pod, before } = this.#turn;
    const answer = await this.#ask('restore', {}, { reason }, site);
    if (answer.outcome === 'unknown') throw new Error('the helper was cut off');
    if (answer.outcome === 'refused' && answer.code === 'wrong-phase') {
      await this.#phase('abort', {}, {}, site); // there was no swap
      return 'back';
    }
    if (answer.outcome === 'refused' && /^(this run has ended: )?confirmed\b/.test(answer.text)) {
      await this.#phase('confirm', {}, {}, site);
      return 'confirmed';
    }
    await awaitServing(site, { pod, manifest: before, way: () => this.#real(site) });
    await this.#settled(site);
    return 'back';
  }

  // The guard may be faster: then there is nothing more to settle.
  async #settled(site: Site): Promise<void> {
    const done = await until(site, { timeoutMs: 150_000, everyMs: 2_000 }, async () => {
      const answer = await this.#ask('settle', {}, {}, site);
      return answer.outcome === 'ok' || isOver(answer) ? true : undefined;
    });
    if (done === undefined) throw new Error('the transaction could not be ended');
  }

  /** @param its what becomes of the twin's log: a log that is written before and after keeps it in any case */
  async #dismiss(site: Site, its: 'keep' | 'drop'): Promise<void> {
    if (this.#twin === undefined) return;
    await site.clock.sleep(drainMs); // what it has accepted last is answered before it goes
    await endTwin(site, this.#twin);
    if (this.#endpoint !== undefined) await releaseEndpoint(site, this.#endpoint);
    const { log, before } = this.#turn;
    if (log === undefined) return;
    const goes = its === 'drop' && readManifest(before).flags['audit-log-path'] !== log;
    await this.#phase('twin-log', { log, drop: goes ? 'yes' : undefined }, {}, site);
  }

  #real(site: Site): Promise<Through> {
    return wayToServer(site, this.#turn, this.#twin);
  }

  async #ask<P extends Phase>(
    phase: P,
    args: PhaseArguments[P],
    files: Readonly<Record<string, string>>,
    site: Site,
  ): ReturnType<Hand['phase']> {
    return ask(this.#means.hand, site, this.#place, { phase, args, files });
  }

  async #phase<P extends Phase>(
    phase: P,
    args: PhaseArguments[P],
    files: Readonly<Record<string, string>> = {},
    site: Site = this.#site,
  ): Promise<PhaseAnswer['lines']> {
    const answer = await this.#ask(phase, args, files, site);
    if (answer.outcome === 'ok') return answer.lines;
    throw refusal(this.#turn.node, phase, answer);
  }

  #tell(what: string): void {
    this.#site.tell(`${this.#turn.node}: ${what}`);
  }
}

/** One phase on each of these nodes. @throws Failure when one says no */
export async function onEach(
  site: Site,
  { hand, folder }: Means,
  phase: 'tidy' | 'remove',
  places: readonly Place[],
): Promise<void> {
  for (const place of places) {
    const answer = await ask(hand, site, place, { phase, args: { folder } });
    if (answer.outcome !== 'ok') throw refusal(place.node, phase, answer);
  }
}
