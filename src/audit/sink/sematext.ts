// Where audit events go and where they can be searched: the two Sematext regions, or a sink of the user's own. Knows
// URLs and tokens' shapes, never a token itself: plans and facts carry `tokenSlot` where the token belongs.

/** Stands for the Logs token in every plan, manifest and fact; only io puts the real one in its place. */
export const tokenSlot = '${LOGS_TOKEN}';

export type Region = 'us' | 'eu';

export interface Sink {
  /** `own` when the receiver is the user's. */
  readonly region: Region | 'own';
  /** Base of the audit receiver, no trailing slash. */
  readonly receiver: string;
  /** Base of the search, no trailing slash; undefined for an own receiver without --search-url. */
  readonly search: string | undefined;
}

const hosts: Record<Region, string> = { us: '', eu: '.eu' };

/**
 * The sink that was asked for. An own receiver has a search only when that is named too: Sematext's would look in
 * the wrong place.
 * @param region in any case
 */
export function sinkOf(region: Region, receiverUrl?: string, searchUrl?: string): Sink {
  const dot = hosts[region];
  const strip = (url: string): string => url.replace(/\/+$/, '');
  if (receiverUrl !== undefined)
    return {
      region: 'own',
      receiver: strip(receiverUrl),
      search: searchUrl === undefined ? undefined : strip(searchUrl),
    };
  return {
    region,
    receiver: `https://logsene-k8s-audit-receiver${dot}.sematext.com`,
    search: strip(searchUrl ?? `https://logsene-search${dot}.sematext.com`),
  };
}

/** The region whose receiver this is; undefined for one of somebody's own. */
export function regionOfReceiver(receiver: string): Region | undefined {
  return (['us', 'eu'] as const).find((region) => sinkOf(region).receiver === receiver);
}

/** The URL that an API server posts to, with the token's slot in it. */
export function receiverUrlWithSlot(sink: Sink): string {
  return `${sink.receiver}/${tokenSlot}/`;
}

/** host[:port] as kube-apiserver's rest_client metrics name it. */
export function hostOf(url: string): string {
  return /^[a-z]+:\/\/(?:[^@/]*@)?([^/?#]+)/i.exec(url)?.[1] ?? url;
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/**
 * A URL that may hold a Logs token, made safe to keep and to print: our own token becomes the slot, any other one
 * a fingerprint, so that two sinks with the same token can still be told to be the same.
 * @param fingerprint short digest of a text, from the caller, since this room is pure
 */
export function maskUrl(
  url: string,
  token: string | undefined,
  fingerprint: (text: string) => string,
): string {
  return url.replace(uuid, (found) =>
    found.toLowerCase() === token ? tokenSlot : `<token ${fingerprint(found.toLowerCase())}>`,
  );
}

/** Whether a sink's URL leads to a Sematext audit receiver (then its events are billed there). */
export function isSematextReceiver(url: string): boolean {
  return /^logsene-k8s-audit-receiver(\.[a-z]+)?\.sematext\.com$/i.test(hostOf(url).replace(/:\d+$/, ''));
}
