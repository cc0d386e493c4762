// Which proxy stands before a URL: the table of Go's httpproxy, one line per case.
import assert from 'node:assert/strict';
import { proxyFor } from '../../src/io/proxy.ts';
import { redact } from '../../src/io/redact.ts';
import type { Env } from '../../src/io/world.ts';

const url = 'https://logs.example.com/x';
const env = { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://q:2' };
const cases: [string, string, Env, string | undefined][] = [
  ['https by HTTPS_PROXY', url, env, 'http://p:1'],
  ['http by HTTP_PROXY', 'http://logs.example.com/', env, 'http://q:2'],
  ['not https by HTTP_PROXY', url, { HTTP_PROXY: 'http://q:2' }, undefined],
  ['lower case', url, { https_proxy: 'http://l:3' }, 'http://l:3'],
  ['upper case before lower case', url, { ...env, https_proxy: 'http://l:3' }, 'http://p:1'],
  ['an empty one', url, { HTTPS_PROXY: '' }, undefined],
  ['without a scheme', url, { HTTPS_PROXY: 'p:1' }, 'http://p:1'],
  ['localhost', 'https://localhost:6443/', env, undefined],
  ['127.0.0.1', 'https://127.0.0.1:6443/', env, undefined],
  ['::1', 'https://[::1]:6443/', env, undefined],
  ['NO_PROXY *', url, { ...env, NO_PROXY: '*' }, undefined],
  ['NO_PROXY of the name', url, { ...env, NO_PROXY: 'logs.example.com' }, undefined],
  ['NO_PROXY of the domain', url, { ...env, NO_PROXY: 'a, example.com' }, undefined],
  ['NO_PROXY of .domain', url, { ...env, NO_PROXY: '.example.com' }, undefined],
  ['NO_PROXY of *.domain', url, { ...env, NO_PROXY: '*.example.com' }, undefined],
  ['NO_PROXY of .name', url, { ...env, NO_PROXY: '.logs.example.com' }, 'http://p:1'],
  ['NO_PROXY of another', url, { ...env, NO_PROXY: 'ample.com' }, 'http://p:1'],
  ['NO_PROXY in capitals', url, { ...env, no_proxy: 'Example.COM' }, undefined],
  ['NO_PROXY with the port', url, { ...env, NO_PROXY: 'example.com:443' }, undefined],
  ['NO_PROXY with another port', url, { ...env, NO_PROXY: 'example.com:8443' }, 'http://p:1'],
  ['NO_PROXY of an address', 'https://10.0.0.1:6443/', { ...env, NO_PROXY: '10.0.0.1' }, undefined],
  ['NO_PROXY of an address’s end', 'https://10.0.0.1/', { ...env, NO_PROXY: '0.0.1' }, 'http://p:1'],
  ['NO_PROXY of a subnet', 'https://10.0.0.1:6443/', { ...env, NO_PROXY: '10.0.0.0/8' }, undefined],
  ['NO_PROXY of another subnet', 'https://10.0.0.1/', { ...env, NO_PROXY: '10.1.0.0/16' }, 'http://p:1'],
  [
    'NO_PROXY of no subnet',
    'https://10.0.0.1/',
    { ...env, NO_PROXY: '10.0.0.0/99,x/8,/,1.2.3.4/' },
    'http://p:1',
  ],
  ['NO_PROXY of an IPv6 subnet', 'https://[fd00::1]/', { ...env, NO_PROXY: 'fd00::/8' }, undefined],
  ['NO_PROXY of an IPv6 address', 'https://[fd00::1]/', { ...env, NO_PROXY: 'fd00::1' }, undefined],
  [
    'NO_PROXY of an IPv6 address and port',
    'https://[fd00::1]/',
    { ...env, NO_PROXY: '[fd00::1]:443' },
    undefined,
  ],
];

describe('proxy', () => {
  for (const [what, of, env, proxy] of cases) it(what, () => assert.equal(proxyFor(new URL(of), env), proxy));
});

describe('redact', () => {
  const token = '01234567-89ab-cdef-0123-456789abcdef';
  const cases: [string, string, string[]][] = [
    [`https://h/${token}/`, 'https://h/***/', []],
    [`https://h/${token}?timeout=30s`, 'https://h/***?timeout=30s', []],
    [`https://h/${token.toUpperCase()}`, 'https://h/***', []],
    [`https://h%2F${token}`, 'https://h%2F***', []],
    [`uid ${token} stays`, `uid ${token} stays`, []],
    [`uid ${token} goes`, 'uid *** goes', [token.toUpperCase()]],
    ['https://me:pass@h/x', 'https://***@h/x', []],
    ['Authorization: Bearer abc.def-g', 'Authorization: Bearer ***', []],
    ['a.c+ and a.c+d', 'a.c+ and a.c+d', ['a.c+']],
    ['secret.+ secretxx', '*** secretxx', ['secret.+']],
  ];
  for (const [text, masked, known] of cases) it(text, () => assert.equal(redact(text, known), masked));
});
