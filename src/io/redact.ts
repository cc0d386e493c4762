// Masking: what came from elsewhere and goes into a sentence of ours must not bring a secret along.
import { withoutCredentials } from '../audit/credentials.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/**
 * `text` with every secret masked: those in `known` in any case, any UUID that stands in a URL's path (Logs tokens
 * do), user and password in a URL, and bearer tokens.
 */
export function redact(text: string, known: Iterable<string> = []): string {
  let masked = withoutCredentials(text.replace(new RegExp(`(/|%2F)(${uuid})`, 'gi'), '$1***'));
  for (const secret of known) {
    if (secret.length < 6) continue;
    const literal = secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    masked = masked.replace(new RegExp(literal, 'gi'), '***');
  }
  return masked;
}
