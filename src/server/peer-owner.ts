import { isIPv6 } from 'node:net';

/** Groups of an IPv6 address that name a network: the rest of it any host there may choose as it likes (RFC 4291, 2.5.4). */
const networkGroups = 4;
const groupsInAll = 8;

/**
 * Whose a connection is, as far as its address tells: what each may have so much of is counted by this. It is the address without
 * its port; of IPv6 the network of 64 bits, since whoever has one address of it has 2^64.
 *
 * @param peer `host:port`, IPv6 in brackets or not; or `unix`.
 */
export function ownerOf(peer: string): string {
  const end = peer.lastIndexOf(':');
  if (end === -1) return peer;
  const [address = ''] = peer
    .slice(0, end)
    .replace(/^\[|\]$/g, '')
    .split('%');
  const [, ipv4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (ipv4 !== undefined) return ipv4;
  return isIPv6(address) ? networkOf(address) : address;
}

function networkOf(address: string): string {
  const [before = '', after] = address.toLowerCase().split('::');
  const first = groupsOf(before);
  const last = groupsOf(after ?? '');
  const left = Math.max(0, groupsInAll - first.length - last.length);
  const groups = [...first, ...new Array<string>(left).fill('0'), ...last];
  return `${groups.slice(0, networkGroups).join(':')}::/64`;
}

function groupsOf(text: string): string[] {
  if (text === '') return [];
  return text.split(':').map((group) => group.replace(/^0+(?=.)/, ''));
}
