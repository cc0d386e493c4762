// enable --print: the plan as a shell script for people who must do it by hand. Run as root on each control-plane node,
// it does that node's part; the token is asked for there and is not in it.
import { folderOf } from '../audit/change.ts';
import { isTurn } from '../audit/plan/step.ts';
import type { Turn } from '../audit/plan/step.ts';
import type { EnableResult } from '../audit/results.ts';
import { tokenSlot } from '../audit/sink/sematext.ts';
import { viewEnable } from './enable.ts';
import type { Terminal } from './paint.ts';

const end = 'END_OF_SEMATEXT_AUDIT';

/** The script; where nothing is planned, what enable says instead. */
export function viewScript(result: EnableResult, terminal: Terminal): string {
  const turns = result.plan.steps.filter(isTurn).map(({ action }) => action.turn);
  if (result.outcome !== 'planned' || turns.length === 0) return viewEnable(result, terminal);
  const rest = result.plan.steps.filter((step) => !isTurn(step)).map(({ title }) => `#   - ${title}`);
  return [
    '#!/bin/sh',
    '# Turns audit logs on by hand. As root, on one control-plane node after the other:   sh FILE',
    '# The API server of the node is away for about 40 s. Go on to the next node when this one is ready again.',
    '# To take it back, as root (a rename within the folder: the kubelet never sees half a file):',
    '#   cp -p /var/lib/sematext-audit/original.yaml FOLDER/.original && mv FOLDER/.original FOLDER/kube-apiserver.yaml',
    ...(rest.length === 0 ? [] : ['# enable does this besides, which this script does not:', ...rest]),
    'set -eu',
    'umask 077',
    'case $(hostname | tr A-Z a-z) in',
    ...turns.flatMap(nodePart),
    '*)',
    '  echo "this is none of the nodes that this script was made for" >&2',
    '  exit 3',
    '  ;;',
    'esac',
    '',
  ].join('\n');
}

function nodePart(turn: Turn): readonly string[] {
  const { node, manifest, sha256, files, hash } = turn;
  const folder = hash === undefined ? undefined : folderOf(hash);
  const next = manifest.replace(/[^/]*$/, '.sematext-audit.next');
  const asks = files.some(({ content }) => content.includes(tokenSlot));
  return [
    `${quoted(node)})`,
    `manifest=${quoted(manifest)}`,
    `if [ "$(sha256sum < "$manifest" | cut -d ' ' -f 1)" != ${sha256} ]; then`,
    '  echo "$manifest is not the one that this script was made for: print it again" >&2',
    '  exit 3',
    'fi',
    ...(asks
      ? [
          "printf 'Sematext Logs token (not shown): ' >&2",
          'stty -echo 2> /dev/null || true',
          'read -r LOGS_TOKEN',
          'stty echo 2> /dev/null || true',
        ]
      : []),
    `mkdir -p /var/lib/sematext-audit${folder === undefined ? '' : ` ${folder}`}`,
    ...files.flatMap(({ name, content }) => document(`${folder}/${name}`, content)),
    ...document(next, turn.after),
    '[ -f /var/lib/sematext-audit/original.yaml ] || cp -p "$manifest" /var/lib/sematext-audit/original.yaml',
    'sync',
    `mv ${quoted(next)} "$manifest"`,
    '  ;;',
  ];
}

/** A file as a here-document; the token's slot is a variable of the script, everything else stands as it is. */
function document(path: string, text: string): readonly string[] {
  const holds = text.includes(tokenSlot);
  const body = holds ? text.split(tokenSlot).map(escaped).join(tokenSlot) : text;
  return [`cat > ${quoted(path)} << ${holds ? end : `'${end}'`}`, body.replace(/\n$/, ''), end];
}

const escaped = (text: string): string => text.replace(/[\\$`]/g, '\\$&');

const quoted = (word: string): string =>
  /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
