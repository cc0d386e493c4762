// Requests as clients send them, by chance: paths of every form, queries of lists and watches, escapes.
import type { Draws } from '../../../support/draws.ts';

export interface Sent {
  readonly method: string;
  readonly uri: string;
}

const methods = [
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'get',
  'BREW',
];
const starts = [
  ...[
    '/api/v1',
    '/api/v1',
    '/apis/apps/v1',
    '/apis/x.io/v1alpha1',
    '/apis',
    '/api',
    '/',
    '//api/v1',
    '/healthz',
  ],
  ...['/API/v1', '/version/', '/apis/apps', '/apis//v1', '/api//pods', '/openapi/v3', '/%61pi/v1', '/logs'],
];
const segments = [
  ...[
    'namespaces',
    'namespaces',
    'ns',
    'pods',
    'pods',
    'nodes',
    'one',
    'log',
    'status',
    'finalize',
    'exec',
    'scale',
  ],
  ...[
    'proxy',
    'watch',
    '',
    '.',
    '..',
    '%2F',
    'a%2Fb',
    '%20',
    'a+b',
    'p%6Fds',
    '%C3%A9',
    'http%3Asvc%3A80',
    '*',
    'a:b',
  ],
  ...['%ff', '%E2%82', 'ä', '~', "'", 'a;b', 'a=b', 'a,b', 'a&b', '@', '$x', '(a)'],
];
const parameters = [
  ...[
    'watch',
    'watch=',
    'watch=true',
    'watch=1',
    'watch=0',
    'watch=false',
    'watch=False',
    'watch=f',
    'watch=no',
  ],
  ...[
    'watch=%66alse',
    '%77atch=1',
    'Watch=true',
    'follow=true',
    'limit=500',
    'limit=',
    'limit=x',
    'limit=-1',
  ],
  ...[
    'limit=1.5',
    'limit=99999999999999999999',
    'timeoutSeconds=5',
    'timeoutSeconds=5s',
    'resourceVersion=x',
  ],
  ...[
    'allowWatchBookmarks=true',
    'pretty',
    'labelSelector=a%3Db',
    'labelSelector=a',
    'labelSelector=',
    '',
    '=',
    '&',
  ],
  ...[
    'x=%zz',
    'x=a;watch=1',
    'continue=a+b',
    'resourceVersionMatch=Exact',
    '%',
    'timeout=30s',
    'gracePeriodSeconds=0',
  ],
];
const selectors = [
  ...['metadata.name=one', 'metadata.name==one', 'metadata.name!=one', 'metadata.name=', 'metadata.name'],
  ...[
    'metadata.name=one,spec.nodeName=n',
    'spec.nodeName=n,metadata.name=one',
    'metadata.name=one,metadata.name=two',
  ],
  ...[
    'metadata.namespace=ns',
    ' metadata.name=one',
    'metadata.name =one',
    'metadata.name= one',
    'metadata.name=one ,a=b',
  ],
  ...[
    'metadata.name=a\\,b',
    'metadata.name=a\\=b',
    'metadata.name=a\\\\b',
    'metadata.name=a\\b',
    'metadata.name=a=b',
  ],
  ...[
    'metadata.name=a/b',
    'metadata.name=.',
    'metadata.name=..',
    'metadata.name=a%b',
    'metadata.name=a+b',
    ',',
    'a',
  ],
  ...[
    'metadata.name=one,',
    ',metadata.name=one',
    'metadata.name=é',
    'a!=b,metadata.name=one',
    'metadata.name=one\\',
  ],
  ...['a==b,metadata.name==one', 'metadata\\.name=one', '=one', 'metadata.name!=', 'metadata.name=a!b', ''],
];

export function drawSent(draws: Draws): Sent {
  const { below, next, pick } = draws;
  const path = [pick(...starts), ...Array.from({ length: below(6) }, () => pick(...segments))].join('/');
  const slashed = next() < 0.1 ? path.replace('/', '//') : path;
  const queries = Array.from({ length: next() < 0.5 ? 0 : 1 + below(2) }, () => parameter(draws));
  const query = queries.length === 0 ? pick('', '', '', '?') : `?${queries.join('&')}`;
  return { method: pick(...methods), uri: `${slashed}${next() < 0.1 ? '/' : ''}${query}` };
}

function parameter({ next, pick }: Draws): string {
  if (next() < 0.5) return pick(...parameters);
  const selector = pick(...selectors);
  return `fieldSelector=${next() < 0.7 ? encodeURIComponent(selector) : selector.replaceAll(' ', '+')}`;
}
