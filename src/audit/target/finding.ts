// The answer to "is this sign there?" in three values, so that a place nobody could look at never passes for "no"
// (nor for "yes"): Kleene's logic, with the evidence carried along.
import type { Look } from '../facts.ts';

/** Yes with the evidence, no, or blind with the reasons why it could not be seen. */
export type Finding =
  { readonly yes: string } | { readonly no: true } | { readonly blind: readonly string[] };

const no: Finding = { no: true };

/** The plain two-valued case: evidence or none, in something that is always known. */
export function found(evidence: string | undefined): Finding {
  return evidence === undefined ? no : { yes: evidence };
}

/** Asks what was seen; `absent` is a real answer and means no. */
export function within<T>(look: Look<T>, find: (value: T) => string | undefined): Finding {
  if ('seen' in look) return found(find(look.seen));
  return look.unseen === 'absent' ? no : { blind: [look.why] };
}

/** Yes as soon as one is; blind when none is and one could not be looked at. */
export function either(...findings: readonly Finding[]): Finding {
  const yes = findings.find((finding) => 'yes' in finding);
  return yes ?? blindness(findings) ?? no;
}

/** No as soon as one is; blind when none is and one could not be looked at. */
export function both(...findings: readonly Finding[]): Finding {
  if (findings.some((finding) => 'no' in finding)) return no;
  const evidence = findings.flatMap((finding) => ('yes' in finding ? [finding.yes] : []));
  return blindness(findings) ?? { yes: evidence.join(' and ') };
}

function blindness(findings: readonly Finding[]): Finding | undefined {
  const blind = findings.flatMap((finding) => ('blind' in finding ? finding.blind : []));
  return blind.length === 0 ? undefined : { blind: [...new Set(blind)] };
}
