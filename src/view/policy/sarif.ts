// What lint found, for code scanning: SARIF 2.1.0 (OASIS), the part of it that such tools read.
import type { PolicyProblem } from '../../audit/policy/problem.ts';

interface Rule {
  readonly id: string;
  readonly severity: PolicyProblem['severity'];
  readonly title: string;
  readonly page: string;
}

export interface Scan {
  readonly files: readonly { readonly file: string; readonly problems: readonly PolicyProblem[] }[];
}

const levels = { error: 'error', warning: 'warning', advice: 'note' } as const;

/** A file as a URI reference: relative ones stay so. */
function uriOf(file: string): string {
  const path = file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
  if (/^[A-Za-z]%3A\//.test(path)) return `file:///${path.replace('%3A', ':')}`;
  return path.startsWith('/') ? `file://${path}` : path;
}

/**
 * The log of one run.
 * @param rules every rule that was asked
 * @param version of this program
 */
export function sarif({ files }: Scan, rules: readonly Rule[], version: string): object {
  const index = new Map(rules.map(({ id }, i) => [id, i]));
  const results = files.flatMap(({ file, problems }) =>
    problems.map(({ id, severity, path, line, column, message, hint }) => ({
      ruleId: id,
      ruleIndex: index.get(id) ?? -1,
      level: levels[severity],
      message: {
        text: `${path === '' ? '' : `${path}: `}${message}${hint === undefined ? '' : ` (${hint})`}`,
      },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: uriOf(file) },
            region: { startLine: line, startColumn: column },
          },
          ...(path !== '' && { logicalLocations: [{ fullyQualifiedName: path }] }),
        },
      ],
    })),
  );
  const driver = {
    name: 'kubectl-sematext-audit',
    version,
    informationUri: 'https://github.com/sematext/kubectl-sematext-audit',
    rules: rules.map(({ id, severity, title, page }) => ({
      id,
      shortDescription: { text: title },
      helpUri: page,
      defaultConfiguration: { level: levels[severity] },
    })),
  };
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
  };
}
