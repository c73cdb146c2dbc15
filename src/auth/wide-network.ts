import { isIPv4 } from 'node:net';

/**
 * The wider network that an address is of: of IPv4 the 65,536 addresses with the same first half, of IPv6 the 2^32 networks of 64 bits, which is what a
 * provider has and hands out to many. Undefined where the address tells of none.
 *
 * @param address an IPv4 address, or an IPv6 network as `a:b:c:d::/64`.
 */
export function wideNetworkOf(address: string): string | undefined {
  if (isIPv4(address)) return `${address.split('.').slice(0, 2).join('.')}.0.0/16`;
  const [, first, second] = /^([0-9a-f]+):([0-9a-f]+):.*::\/64$/.exec(address) ?? [];
  return first === undefined ? undefined : `${first}:${second}::/32`;
}
