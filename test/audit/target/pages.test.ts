// The pages about control planes: one for each, and what is said twice is written from the code.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { backendFor } from '../../../src/audit/target/backend-for.ts';
import { isChangeable } from '../../../src/audit/target/changeable.ts';
import { rows } from '../../../src/audit/target/rows.ts';
import { pageOf, targetIds } from '../../../src/audit/target/target.ts';
import type { TargetId } from '../../../src/audit/target/target.ts';
import type { ByHand } from '../../../src/audit/target/byhand.ts';
import { change, codeOf, needs, typical } from './by-hand-cases.ts';
import { versionOf } from './clusters.ts';
import { goldenPart, read } from './golden.ts';

const titles = { dynamic: 'Dynamic backend', webhook: 'Webhook', 'log-backend': 'Log file' } as const;

function markdownStep(step: string, i: number): string {
  const [sentence = ''] = step.split('\n');
  const code = codeOf(step);
  const marker = `${i + 1}. `;
  const item = `${marker}${escaped(sentence)}`;
  if (code === '') return item;
  const fenced = ['```text', ...code.split('\n'), '```'].map((line) => `${' '.repeat(marker.length)}${line}`);
  return [item, '', ...fenced].join('\n');
}

// < and * would be read as markup
const escaped = (text: string): string => text.replace(/[<*_]/g, (sign) => `\\${sign}`);

function markdownOf({ summary, steps, warnings }: ByHand, title: string): string {
  const careful = warnings.length === 0 ? [] : [warnings.map((text) => `- ${escaped(text)}`).join('\n')];
  return [`### ${title}`, escaped(summary), ...steps.map(markdownStep), ...careful].join('\n\n');
}

/** Where all three are the same (a provider's way), it is said once. */
function byHandOf(target: TargetId): string {
  const all = needs.map((need) => ({ need, hand: change(target, need, typical[need]) }));
  const [dynamic, webhook] = all;
  if (dynamic && webhook && dynamic.hand.steps === webhook.hand.steps)
    return markdownOf(dynamic.hand, 'Any backend');
  return all.map(({ need, hand }) => markdownOf(hand, `${titles[need]} (${typical[need]})`)).join('\n\n');
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) =>
    Math.max(3, cell.length, ...lines.map((line) => line[i]?.length ?? 0)),
  );
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [row(head), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n');
}

const link = (id: TargetId, name: string): string => `[${name}](control-planes/${id}.md)`;

describe('pages of control planes', () => {
  for (const target of targetIds)
    it(`${target} has its page, with the steps that the tool prints`, () => {
      const sign = rows.find(({ id }) => id === target)?.sign ?? 'none of the signs of the others';
      goldenPart(pageOf(target), 'recognised', `Recognised by: ${sign}.`);
      goldenPart(pageOf(target), 'by-hand', byHandOf(target));
      const page = read(pageOf(target));
      const does = page.includes('\nEverything: `enable --webhook`, `enable --log-backend`');
      assert.equal(does, isChangeable(target), `${target} says that the tool does it: ${does}`);
      for (const title of ['How it is recognised', 'What the tool does', 'By hand', 'Undo by hand', 'Traps'])
        assert.ok(page.includes(`\n## ${title}\n`), `${target} has no "${title}"`);
    });

  it('no page without its target', () => {
    const pages = readdirSync(new URL('../../../docs/control-planes/', import.meta.url)).sort();
    assert.deepEqual(pages, targetIds.map((id) => `${id}.md`).sort());
  });

  it('the decision table is that of the code', () => {
    const lines = rows.map(({ id, name, sign, sure }, i) => [`${i + 1}`, link(id, name), sign, sure]);
    const last = [`${rows.length + 1}`, link('unknown', 'unknown'), 'none of these', 'none'];
    const head = ['#', 'Control plane', 'Sign', 'Confidence'];
    goldenPart('docs/control-planes.md', 'decision-table', table(head, [...lines, last]));
  });

  it('the support matrix is that of the code', () => {
    const none = { unseen: 'absent', why: 'not served' } as const;
    const how = (target: TargetId, need: 'dynamic' | 'webhook' | 'log-backend'): string => {
      const { steps } = change(target, need, typical[need]);
      const pick = backendFor(versionOf(typical.webhook), target, none).backend;
      if (pick === 'provider') return 'provider';
      if (isChangeable(target)) return 'yes';
      return steps.length === 0 ? 'no' : 'by hand';
    };
    const lines = targetIds.map((id) => {
      const name = rows.find((row) => row.id === id)?.name ?? 'unknown';
      const pick = backendFor(versionOf(typical.webhook), id, none).backend;
      return [link(id, name), how(id, 'dynamic'), how(id, 'webhook'), how(id, 'log-backend'), pick];
    });
    const head = [
      'Control plane',
      'Switches for AuditSinks (1.13–1.18)',
      'Webhook',
      'Log file',
      'Plain `enable` picks',
    ];
    goldenPart('docs/control-planes.md', 'matrix', table(head, lines));
  });
});
