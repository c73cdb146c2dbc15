export { parseNameServer } from './name-server.ts';
export { type DnsOptions, Resolver } from './resolver.ts';
export { parseTrustAnchors, type TrustAnchor } from './trust-anchors.ts';
