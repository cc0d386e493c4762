// An event and templates of jsonpath with what kubectl 1.37.2 writes for them; test/e2e/jsonpath.test.ts asks it.

/** An event with lists of objects, numbers and keys with dots. */
export const subject = {
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  metadata: { name: 'x' },
  verb: 'get',
  level: 'Metadata',
  user: { username: 'alice', groups: ['a', 'b'] },
  sourceIPs: ['1.1.1.1', '2.2.2.2'],
  annotations: { 'authorization.k8s.io/decision': 'forbid' },
  numbers: [12345678901, 1.5],
  yes: true,
  nothing: null,
  list: [{ a: 1, b: 'x', s: 'a' }, { a: 2, b: 'y', s: 'b' }, { a: 3 }],
};

/** Template and text. */
export const alike: readonly (readonly [string, string])[] = [
  ['{.verb}', 'get'],
  ['{ .verb }, {$.level}/{@.level}', 'get, Metadata/Metadata'],
  ['{.user.username}{"\\t"}{.verb}{"\\n"}', 'alice\tget\n'],
  ["{.verb}{'|'}{1}{true}{-3}", 'get|1true-3'],
  ['{.nope.more}{.verb.x}{.list.a}{.verb .level}', ''],
  ['{.annotations.authorization\\.k8s\\.io/decision}', 'forbid'],
  ["{.annotations['authorization\\.k8s\\.io/decision']}", 'forbid'],
  ["{['verb']}{.user['groups'][0]}", 'geta'],
  ['{range .sourceIPs[*]}{@}{" "}{end}', '1.1.1.1 2.2.2.2 '],
  ['{range .list[*]}{.a}-{.b} {end}', '1-x 2-y 3- '],
  ['{range .list[*]}{range .s}<{@}>{end}{end}', '<a><b>'],
  ['{.sourceIPs}{.sourceIPs[*]}', '["1.1.1.1","2.2.2.2"]1.1.1.1 2.2.2.2'],
  ['{.sourceIPs[-1]} {.sourceIPs[-1:]} {.sourceIPs[0:1]}', '2.2.2.2 2.2.2.2 1.1.1.1'],
  ['{.list[::2].a} {.list[0,1].a} {.list[1:].a}', '1 3 1 2 2 3'],
  ["{.list[*]['a','b']}", '1 2 3 x y'],
  ['{.list[?(@.a==2)].b}{.list[?(@.a>1)].b}{.list[?(@.b=="x")].a}', 'yy1'],
  ['{.list[?(@.s)].a} {.list[?(@.a!=2)].a} {.list[?(@.a<=2)].a}', '1 2 1 3 1 2'],
  ['{..a} {..username}', '1 2 3 alice'],
  ['{.user}{.list[0]}', '{"groups":["a","b"],"username":"alice"}{"a":1,"b":"x","s":"a"}'],
  ['{.numbers[*]} {.yes} {.nothing}', '12345678901 1.5 true null'],
  ['{.verb}}', 'get}'],
];

/** What kubectl refuses as well. */
export const refused: readonly string[] = [
  '{.verb',
  '{verb}',
  '{.list[}',
  '{.list[a]}',
  '{"open}',
  '{end}',
  '{.list[?(@.a==1 && @.b=="x")]}',
  '{.list[?(@.a==2)]',
];
