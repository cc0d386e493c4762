// From what the user said about the sink to what opens it: URLs, token, key.
import { sinkOf } from '../audit/sink/sematext.ts';
import { Failure } from '../errors.ts';
import type { SinkAccess } from '../io/sematext.ts';
import type { World } from '../io/world.ts';

/** What the user said about the sink; nothing is read or looked up yet. */
export interface SinkChoice {
  readonly token: { readonly file?: string; readonly secret?: string };
  readonly apiKey: { readonly file?: string };
  readonly region?: 'us' | 'eu';
  readonly receiverUrl?: string;
  readonly searchUrl?: string;
}

/**
 * Reads the secrets and puts the sink together.
 * @param needsToken whether the user is asked for a token that was not given
 * @param say told what is to be known about how the secrets are kept
 * @throws Failure token-missing | token-malformed | usage | …
 */
export async function openAccess(
  world: World,
  choice: SinkChoice,
  needsToken: boolean,
  say: (text: string) => void,
): Promise<SinkAccess> {
  checkUrl('--receiver-url', choice.receiverUrl);
  checkUrl('--search-url', choice.searchUrl);
  const { secrets } = world;
  const token = needsToken
    ? await secrets.logsToken(choice.token)
    : await secrets.logsTokenIfGiven(choice.token);
  const apiKey = await secrets.apiKey(choice.apiKey);
  for (const note of [...(token?.notes ?? []), ...(apiKey?.notes ?? [])]) say(note);
  return {
    sink: sinkOf(choice.region ?? 'us', choice.receiverUrl, choice.searchUrl),
    ...(token !== undefined && { token: token.value }),
    ...(apiKey !== undefined && { apiKey: apiKey.value }),
  };
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
