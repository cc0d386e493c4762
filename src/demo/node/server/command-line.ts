// The command line of kube-apiserver, read and refused as the real releases do (cobra, apiserver pkg/server/options).
import type { Flags } from '../../kubernetes/server-flags.ts';
import type { Release } from '../../kubernetes/kinds.ts';
import { durations, flagsOf, numbers, switches } from './known-flags.ts';

/** Why an API server does not start, in its own words. */
export class Fatal extends Error {
  /** Whether it was the reading of the command line that failed: told without the time and place of a log line. */
  readonly inArguments: boolean;

  constructor(message: string, inArguments = false) {
    super(message);
    this.inArguments = inArguments;
  }
}

function checkValue(name: string, value: string): void {
  const about = `invalid argument "${value}" for "--${name}" flag`;
  if (numbers.has(name) && !/^[+-]?\d+$/.test(value))
    throw new Fatal(`${about}: strconv.ParseInt: parsing "${value}": invalid syntax`, true);
  if (durations.has(name) && !/^(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+$|^0$/.test(value))
    throw new Fatal(`${about}: time: invalid duration "${value}"`, true);
  if (switches.has(name) && !/^(?:true|false|1|0|t|f)$/i.test(value))
    throw new Fatal(`${about}: strconv.ParseBool: parsing "${value}": invalid syntax`, true);
}

/** Reads the arguments after the program's name. @throws Fatal */
export function readArguments(words: readonly string[], release: Release): Flags {
  const known = flagsOf(release);
  const flags: Record<string, string> = {};
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const [, name, value] = /^--([^=]*)(?:=([^]*))?$/.exec(word) ?? [];
    if (name === undefined) throw new Fatal(`unknown command "${word}" for "kube-apiserver"`, true);
    if (!known.has(name)) throw new Fatal(`unknown flag: --${name}`, true);
    const given = value ?? (switches.has(name) ? 'true' : left.shift());
    if (given === undefined) throw new Fatal(`flag needs an argument: --${name}`, true);
    checkValue(name, given);
    flags[name] = given;
  }
  return flags;
}

/** The names that a flag of pairs `name=true,other=false` turns on. */
export function turnedOn(flag: string | undefined): readonly string[] {
  const pairs = (flag ?? '').split(',').map((pair) => pair.split('='));
  return pairs.flatMap(([name = '', value]) => (name && value !== 'false' ? [name.trim()] : []));
}

const modes = ['batch', 'blocking', 'blocking-strict'];
const dynamicApi = 'auditregistration.k8s.io/v1alpha1';
const dynamicGate = 'DynamicAuditing';

function checkAudit(flags: Flags): void {
  for (const name of ['audit-log-maxage', 'audit-log-maxbackup', 'audit-log-maxsize'])
    if (Number(flags[name] ?? 0) < 0) throw new Fatal(`--${name} ${flags[name]} can't be a negative number`);
  for (const [backend, on] of [
    ['log', 'audit-log-path'],
    ['webhook', 'audit-webhook-config-file'],
  ] as const) {
    const mode = flags[`audit-${backend}-mode`];
    if (flags[on] && mode !== undefined && !modes.includes(mode))
      throw new Fatal(`invalid audit ${backend} mode ${mode}, allowed modes are "${modes.join(',')}"`);
  }
}

/** What of the API is there only when it is asked for. */
export interface Asked {
  /** Whether AuditSinks are served, and whether anything comes of them. */
  readonly auditSinks: { readonly served: boolean; readonly honoured: boolean };
}

/** Checks what the flags say together. @throws Fatal */
export function checkFlags(flags: Flags, release: Release): Asked {
  checkAudit(flags);
  const old = release === '1.18.19';
  const gate = turnedOn(flags['feature-gates']).includes(dynamicGate);
  const served = turnedOn(flags['runtime-config']).includes(dynamicApi);
  const wanted = flags['audit-dynamic-configuration'] === 'true';
  if (gate && !old) throw new Fatal(`unrecognized feature gate: ${dynamicGate}`);
  if (served && !old) throw new Fatal(`unknown api groups ${dynamicApi}`);
  if (wanted && !gate)
    throw new Fatal(`--audit-dynamic-configuration set, but ${dynamicGate} feature gate is not enabled`);
  return { auditSinks: { served, honoured: wanted } };
}
