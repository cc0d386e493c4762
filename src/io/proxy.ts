// Which proxy stands before a URL, by the rules of Go's net/http (what kubectl does), and the agent that goes
// through it. The proxy libraries are loaded only where there is a proxy.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { BlockList, isIP } from 'node:net';
import type { Env } from './world.ts';

/** A URL's host without the brackets of an IPv6 address. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}

function inSubnet(host: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  if (
    !isIP(network) ||
    !isIP(host) ||
    !/^\d{1,3}$/.test(bits) ||
    Number(bits) > (family === 'ipv6' ? 128 : 32)
  )
    return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

/** One NO_PROXY entry: *, address, subnet, domain (with its subdomains), .domain (only those), each with :port. */
function excepts(entry: string, url: URL): boolean {
  const host = bareHost(url).toLowerCase();
  if (entry === '*') return true;
  if (entry.includes('/')) return inSubnet(host, entry);
  const [, name = '', port] =
    /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (name === '' || (port !== undefined && port !== portOf(url))) return false;
  if (isIP(host)) return host === name;
  const domain = name.replace(/^\*/, '');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

/** The proxy's URL for `url` out of HTTPS_PROXY, HTTP_PROXY and NO_PROXY; undefined: go directly. */
export function proxyFor(url: URL, env: Env): string | undefined {
  const first = (...names: string[]): string => names.map((name) => env[name]).find(Boolean) ?? '';
  const proxy =
    url.protocol === 'https:' ? first('HTTPS_PROXY', 'https_proxy') : first('HTTP_PROXY', 'http_proxy');
  const host = bareHost(url);
  if (proxy === '' || host === 'localhost' || /^127\.|^::1$/.test(host)) return undefined;
  const exceptions = first('NO_PROXY', 'no_proxy').toLowerCase().split(',');
  if (exceptions.some((entry) => excepts(entry.trim(), url))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/**
 * A keep-alive agent for `protocol` ("https:" or "http:"), through `proxy` where one is given.
 * @throws TypeError when the proxy is not a URL, or not one of http, https, socks5
 */
export async function agentFor(protocol: string, proxy: string | undefined): Promise<HttpAgent> {
  // a dozen questions share a few connections: each more costs a TLS handshake, of which start-up is made
  const options = { keepAlive: true, maxSockets: 6 };
  if (proxy === undefined) return protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  const { protocol: kind } = new URL(proxy);
  if (kind === 'socks5:' || kind === 'socks5h:') {
    const { SocksProxyAgent } = await import('socks-proxy-agent');
    // as in Go, the proxy resolves names: the inside of a network has its own
    return new SocksProxyAgent(proxy.replace(/^socks5h?:/i, 'socks5h:'), options);
  }
  if (kind !== 'http:' && kind !== 'https:') throw new TypeError('a proxy is http, https or socks5');
  const { HttpProxyAgent, HttpsProxyAgent } = await import('hpagent');
  return protocol === 'https:'
    ? new HttpsProxyAgent({ ...options, proxy })
    : new HttpProxyAgent({ ...options, proxy });
}
