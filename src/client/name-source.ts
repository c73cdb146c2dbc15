import { type DnsOptions, Resolver } from '../dns/index.ts';
import type { ServerAddress } from '../event/index.ts';
import type { LookUpIdentity } from './identity-check.ts';

/** What finds a server by its name, and who it is. */
export interface NameSource {
  /** Undefined: names are resolved as the system does. */
  readonly resolver: Resolver | undefined;
  /** What looks up the server's identity, where it is met for the first time; undefined: nothing does. */
  readonly lookUp: LookUpIdentity | undefined;
}

/**
 * How a server is found, of chains or of accounts alike.
 *
 * @param dns undefined: as the system does.
 * @param lookUp of the application, which goes before what DNS publishes. Of that only what validates says anything.
 * @throws AtedbError as `new Resolver`.
 */
export function nameSource(
  dns: DnsOptions | Resolver | undefined,
  { host }: ServerAddress,
  lookUp?: LookUpIdentity,
): NameSource {
  const resolver = dns === undefined || dns instanceof Resolver ? dns : new Resolver(dns);
  const published = resolver?.validates === true ? () => resolver.identitiesOf(host) : undefined;
  return { resolver, lookUp: lookUp ?? published };
}
