// Verbs that no request has: in the wrong case, of the other kind of request, or of nobody's.
import { resourceVerbs, urlVerbs, verbsOf } from './dead.ts';
import type { LintRule } from './rule.ts';
import { eachItem, kindOf, mayTake, quoted } from './rule.ts';

const verbCase: LintRule = {
  id: 'verb-case',
  severity: 'warning',
  title: 'A verb that is not in lower case',
  ask: eachItem(['verbs'], ({ value, rule, index }, subject) => {
    const verb = value.toLowerCase();
    return verb === value || !verbsOf[kindOf(rule)].includes(verb)
      ? undefined
      : {
          message: `${quoted(value)} matches nothing: verbs are in lower case`,
          hint: `write ${verb}`,
          fix: { write: verb, for: value },
          less: mayTake(subject, index),
        };
  }),
};

/** What a verb of the one kind of request is in the other. */
const translated: Readonly<Record<string, string>> = {
  post: 'create',
  put: 'update',
  head: 'get',
  list: 'get',
  watch: 'get',
  create: 'post',
  update: 'put',
  deletecollection: 'delete',
};

const verbOfOtherKind: LintRule = {
  id: 'verb-of-other-kind',
  severity: 'warning',
  title: 'A verb of another kind of request',
  ask: eachItem(['verbs'], ({ value, rule }) => {
    const verb = value.toLowerCase();
    const kind = kindOf(rule);
    if (verbsOf[kind].includes(verb) || !verbsOf.any.includes(verb)) return undefined;
    const other = translated[verb];
    return {
      message:
        kind === 'url'
          ? `no request for a URL has the verb ${quoted(value)}: it has its method, in lower case`
          : `no request for a resource has the verb ${quoted(value)}`,
      hint: other === undefined ? 'take it out' : `write ${other}`,
    };
  }),
};

const unknownVerb: LintRule = {
  id: 'unknown-verb',
  severity: 'warning',
  title: 'A verb that there is not',
  ask: eachItem(['verbs'], ({ value, rule }) => {
    if (value === '' || value.includes('*') || verbsOf.any.includes(value.toLowerCase())) return undefined;
    const known = kindOf(rule) === 'url' ? urlVerbs : resourceVerbs;
    return { message: `no request has the verb ${quoted(value)}`, hint: `verbs are ${known.join(', ')}` };
  }),
};

/** About verbs. */
export const verbs: readonly LintRule[] = [verbCase, verbOfOtherKind, unknownVerb];
