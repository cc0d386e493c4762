// Why an API server did not stay up, out of its own log. The sentences are its own; klog's prefixes are taken off.

/**
 * The sentence that tells why a kube-apiserver ended.
 * @param log the end of its container's log
 * @returns undefined when nothing in it does
 */
export function exitReason(log: string): string | undefined {
  const lines = log.split('\n').map((line) => line.trim());
  const told = lines.findLast((line) => /^Error: |^[EF]\d{4} |^panic: |command failed/.test(line));
  if (told === undefined) return undefined;
  const [, quoted] = / err="((?:[^"\\]|\\.)*)"/.exec(told) ?? [];
  const text =
    quoted?.replaceAll('\\"', '"') ?? told.replace(/^[EF]\d{4} [^\]]*\] ?/, '').replace(/^Error: /, '');
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
