// From what the user said about the sink to what opens it: URLs, token, key.
import { seen } from '../audit/facts.ts';
import { hostOf, regionOfReceiver, sinkOf } from '../audit/sink/sematext.ts';
import type { Sink } from '../audit/sink/sematext.ts';
import { Failure } from '../errors.ts';
import type { SinkAccess } from '../io/sematext.ts';
import type { Secret, World } from '../io/world.ts';
import { recordLook } from './gather.ts';

/** What the user said about the sink; nothing is read or looked up yet. */
export interface SinkChoice {
  readonly token: { readonly file?: string; readonly secret?: string };
  readonly apiKey: { readonly file?: string };
  readonly region?: 'us' | 'eu';
  readonly receiverUrl?: string;
  readonly searchUrl?: string;
}

/** What the command at hand wants of the sink. */
export interface AccessWants {
  /** The user is asked for a token that was not given. */
  readonly token: boolean;
  /** A cluster is there whose record may know the region. */
  readonly cluster: boolean;
}

/**
 * Reads the secrets and puts the sink together.
 * @param say told what is to be known about how the secrets are kept
 * @throws Failure token-missing | token-malformed | usage | …
 */
export async function openAccess(
  world: World,
  choice: SinkChoice,
  wants: AccessWants,
  say: (text: string) => void,
): Promise<SinkAccess> {
  checkUrl('--receiver-url', choice.receiverUrl);
  checkUrl('--search-url', choice.searchUrl);
  const { token, apiKey } = await readSecrets(world, choice, wants.token);
  for (const note of [...(token?.notes ?? []), ...(apiKey?.notes ?? [])]) say(note);
  return {
    sink: await findSink(world, choice, wants.cluster, token !== undefined),
    ...(token !== undefined && { token: token.value }),
    ...(apiKey !== undefined && { apiKey: apiKey.value }),
  };
}

async function findSink(
  world: World,
  choice: SinkChoice,
  askCluster: boolean,
  hasToken: boolean,
): Promise<Sink> {
  const { region, receiverUrl, searchUrl } = choice;
  const unsaid = region === undefined && receiverUrl === undefined && askCluster;
  const recorded = unsaid ? await recordedRegion(world, hasToken) : undefined;
  return sinkOf(region ?? recorded ?? 'us', receiverUrl, searchUrl);
}

async function readSecrets(
  { secrets }: World,
  choice: SinkChoice,
  needsToken: boolean,
): Promise<{ token: Secret | undefined; apiKey: Secret | undefined }> {
  const token = needsToken
    ? await secrets.logsToken(choice.token)
    : await secrets.logsTokenIfGiven(choice.token);
  return { token, apiKey: await secrets.apiKey(choice.apiKey) };
}

/**
 * Who enabled with --region eu need not say it again: the record knows the region. It is never believed for more: a
 * URL out of a ConfigMap would send token and key wherever whoever can edit it wants.
 */
async function recordedRegion(world: World, hasToken: boolean): Promise<'us' | 'eu' | undefined> {
  const record = seen(await recordLook(await world.cluster()))?.record;
  if (record === undefined) return undefined;
  const region = regionOfReceiver(record.receiver);
  if (region === undefined && hasToken)
    throw new Failure(
      'usage',
      `Events go to a receiver of your own, ${hostOf(record.receiver)}, as the record has it.`,
      ['Name it, so that the token goes nowhere else: --receiver-url URL --search-url URL.'],
    );
  return region;
}

// What an AuditSink's URL may not have, the API server refuses later and less clearly (apiserver pkg/util/webhook).
function checkUrl(flag: string, text: string | undefined): void {
  if (text === undefined) return;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fault =
    url === undefined || !/^https?:$/.test(url.protocol)
      ? 'is not an http or https URL'
      : url.username !== '' || url.password !== ''
        ? 'holds a user name or password, which audit webhooks refuse'
        : url.search !== '' || url.hash !== ''
          ? 'has a query or a fragment, which audit webhooks refuse'
          : undefined;
  if (fault !== undefined)
    throw new Failure('usage', `${flag} ${fault}.`, [
      `Give the base alone, like https://receiver.example.com; the token is put behind it.`,
    ]);
}
