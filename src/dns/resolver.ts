import { isIP } from 'node:net';
import { AtedbError } from '../bytes/index.ts';
import { notValidated } from './dns-error.ts';
import { DomainName, MalformedDnsError } from './domain-name.ts';
import { exchange } from './exchange.ts';
import { identityLabel, readIdentityRecords, txtText } from './identity-record.ts';
import { type DnsMessage, type DnsQuestion, readPlainName, recordTypes } from './message.ts';
import { type NameServer, parseNameServer, systemNameServers } from './name-server.ts';
import { type RecordSet, recordSet } from './record-set.ts';
import { SignatureBudget } from './signature-budget.ts';
import { parseTrustAnchors, rootAnchors, type TrustAnchor } from './trust-anchors.ts';
import { Validator } from './validator.ts';

/** How to resolve names. */
export interface DnsOptions {
  /**
   * The name server to ask: an IP address, and perhaps a port, as `192.0.2.1`, `192.0.2.1:5353` or `[2001:db8::1]:5353`. Default: those that
   * this machine is set up with. It does the looking up: it is a resolver, or knows all zones that are asked for.
   */
  readonly server?: string | undefined;
  /** Whether answers count only if their signatures verify, from a trust anchor down (DNSSEC). Default: false. */
  readonly validate?: boolean | undefined;
  /** Trust anchors: DS or DNSKEY records, one a line. Default: the keys of the root, as IANA publishes them. */
  readonly trustAnchors?: string | undefined;
  /** Where these come from, for errors. */
  readonly trustAnchorsFrom?: string | undefined;
  /** How long each try waits for a name server, in milliseconds. Default: 1, 2 and 4 seconds. */
  readonly triesMs?: readonly number[] | undefined;
  /** Milliseconds since 1970, for tests. */
  readonly now?: (() => number) | undefined;
}

/** How long one try may wait, in milliseconds. */
const triesMsMax = 600_000;
/** How many names may lead on to another one. */
const aliasesMax = 8;

/** What a look-up found; `records` is empty where there is nothing of that name and type. */
interface Found {
  readonly records: readonly Buffer[];
  /** What the name turned out to be an alias of. */
  readonly name: DomainName;
}

/** Resolves names of servers through a name server, and not as the system does: files such as `/etc/hosts` don't count. */
export class Resolver {
  readonly #servers: readonly NameServer[];
  readonly #triesMs: readonly number[] | undefined;
  readonly #validator: Validator | undefined;

  /** @throws AtedbError REQUEST_INVALID for options that can't be used; DNS_FAILED where this machine has no name server. */
  constructor(options: DnsOptions) {
    const { server, validate = false, trustAnchors, trustAnchorsFrom, now = Date.now } = options;
    this.#servers = server === undefined ? systemNameServers() : [parseNameServer(server)];
    this.#triesMs = checkedTries(options.triesMs);
    if (!validate) {
      if (trustAnchors === undefined) return;
      throw new AtedbError(
        'REQUEST_INVALID',
        'trust anchors are given, and answers are not to be validated: say both or none (connect: dns.validate; atedb: --dns-sec)',
        { metadata: { field: 'dns.trustAnchors' } },
      );
    }
    const anchors: readonly TrustAnchor[] =
      trustAnchors === undefined
        ? rootAnchors
        : parseTrustAnchors(trustAnchors, trustAnchorsFrom ?? 'dns.trustAnchors');
    this.#validator = new Validator({ anchors, ask: (question) => this.#ask(question), now });
  }

  /** Whether answers count only if their signatures verify. */
  get validates(): boolean {
    return this.#validator !== undefined;
  }

  /**
   * The IP addresses of a host, those of IPv6 first. An IP address is its own; `localhost`, and what is below it, is this machine (RFC 6761, 6.3).
   *
   * @param host in ASCII, as `ServerAddress` has it.
   * @throws AtedbError DNS_NAME_NOT_FOUND where it has none; DNS_FAILED; DNS_NOT_VALIDATED where an answer doesn't; the signal's reason.
   */
  async addressesOf(host: string, signal?: AbortSignal): Promise<string[]> {
    if (isIP(host) !== 0) return [host];
    const name = hostName(host);
    if (isThisMachine(name)) return ['::1', '127.0.0.1'];
    const [six, four] = await Promise.allSettled([
      this.#lookUp({ name, type: recordTypes.AAAA }, signal),
      this.#lookUp({ name, type: recordTypes.A }, signal),
    ]);
    // What isn't answered is passed over beside what is. An answer that is wrong is not.
    for (const one of [four, six]) {
      if (one.status === 'rejected' && !isUnanswered(one.reason)) throw one.reason;
    }
    const addresses = [
      ...(six.status === 'fulfilled' ? six.value.records.map(ipv6Text) : []),
      ...(four.status === 'fulfilled' ? four.value.records.map(ipv4Text) : []),
    ].filter((address) => address !== undefined);
    if (addresses.length > 0) return addresses;
    if (six.status === 'rejected') throw six.reason;
    if (four.status === 'rejected') throw four.reason;
    throw new AtedbError(
      'DNS_NAME_NOT_FOUND',
      `${host} has no address, says ${this.#servers.map(({ text }) => text).join(', ')}: check how it is spelt`,
      { metadata: { name: host } },
    );
  }

  /**
   * The identities that DNS publishes for a server, validated: what its TXT records at `_ate.HOST` say.
   *
   * @returns fingerprints in hexadecimal; undefined: it is proven that there are none.
   * @throws AtedbError DNS_NOT_VALIDATED, DNS_FAILED, IDENTITY_RECORD_INVALID; REQUEST_INVALID of a resolver that doesn't validate; the
   * signal's reason.
   */
  async identitiesOf(host: string, signal?: AbortSignal): Promise<readonly string[] | undefined> {
    if (this.#validator === undefined) {
      throw new AtedbError(
        'REQUEST_INVALID',
        'identities are looked up by a resolver that validates (dns.validate): what nobody has signed says nothing about who a server is',
        { metadata: { field: 'dns.validate' } },
      );
    }
    if (isIP(host) !== 0) return undefined;
    const name = identityName(host);
    if (name === undefined || isThisMachine(name)) return undefined;
    const { records } = await this.#lookUp({ name, type: recordTypes.TXT }, signal);
    return readIdentityRecords(records.map(txtText), name.text);
  }

  async #lookUp(question: DnsQuestion, signal: AbortSignal | undefined): Promise<Found> {
    try {
      return await this.#follow(question, signal);
    } catch (error) {
      if (!(error instanceof MalformedDnsError)) throw error;
      // A message that could be read has records that can't.
      if (this.validates) throw notValidated('forged', question, error.message);
      throw new AtedbError(
        'DNS_FAILED',
        `what DNS says of ${question.name.text} can't be read: ${error.message}. Ask another name server (--dns-server; connect: dns.server)`,
        { metadata: { name: question.name.text } },
      );
    }
  }

  async #follow(question: DnsQuestion, signal: AbortSignal | undefined): Promise<Found> {
    const budget = new SignatureBudget();
    let { name } = question;
    for (let aliases = 0; aliases <= aliasesMax; aliases += 1) {
      const asked = { name, type: question.type };
      const answer = await this.#ask(asked, signal);
      const set = recordSet(answer.answers, asked);
      if (set !== undefined) {
        await this.#validator?.verify(set, answer.authorities, budget);
        return { records: set.data, name };
      }
      const alias = recordSet(answer.answers, { name, type: recordTypes.CNAME });
      if (alias === undefined) {
        await this.#validator?.verifyAbsence(asked, answer.authorities, budget);
        return { records: [], name };
      }
      await this.#validator?.verify(alias, answer.authorities, budget);
      name = targetOf(alias);
    }
    throw new AtedbError(
      'DNS_FAILED',
      `${question.name.text} leads on through more than ${aliasesMax} aliases. The zone's operator has to mend that`,
      { metadata: { name: question.name.text } },
    );
  }

  async #ask(question: DnsQuestion, signal?: AbortSignal): Promise<DnsMessage> {
    return exchange(question, {
      servers: this.#servers,
      wantsSignatures: this.#validator !== undefined,
      triesMs: this.#triesMs,
      signal,
    });
  }
}

function checkedTries(triesMs: readonly number[] | undefined): readonly number[] | undefined {
  const isGood = triesMs?.every((ms) => ms > 0 && ms <= triesMsMax) === true && triesMs.length > 0;
  if (triesMs === undefined || isGood) return triesMs;
  throw new AtedbError(
    'REQUEST_INVALID',
    `dns.triesMs is ${JSON.stringify(triesMs)}; it is a list of milliseconds, each above 0 and at most ${triesMsMax}`,
    { metadata: { field: 'dns.triesMs' } },
  );
}

function isUnanswered(error: unknown): boolean {
  return error instanceof AtedbError && error.reason === 'DNS_FAILED';
}

function isThisMachine(name: DomainName): boolean {
  return name.labels.at(-1) === 'localhost';
}

function hostName(host: string): DomainName {
  try {
    return DomainName.parse(host);
  } catch (error) {
    throw new AtedbError(
      'DNS_NAME_NOT_FOUND',
      `${host} can't be looked up: ${(error as Error).message}`,
      {
        metadata: { name: host },
      },
    );
  }
}

/** @returns undefined where it would be too long to be a name, so that there can be no such record. */
function identityName(host: string): DomainName | undefined {
  try {
    return hostName(host).child(identityLabel);
  } catch (error) {
    if (error instanceof MalformedDnsError) return undefined;
    throw error;
  }
}

function targetOf(alias: RecordSet): DomainName {
  const [target, ...others] = alias.data;
  if (target === undefined || others.length > 0) {
    throw new AtedbError(
      'DNS_FAILED',
      `${alias.name.text} is an alias of several names, which can't be. The zone's operator has to mend that`,
      { metadata: { name: alias.name.text } },
    );
  }
  return readPlainName(target, 0).name;
}

function ipv4Text(data: Buffer): string | undefined {
  return data.length === 4 ? data.join('.') : undefined;
}

function ipv6Text(data: Buffer): string | undefined {
  if (data.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, at) => data.readUInt16BE(2 * at).toString(16));
  // In its shortest spelling (RFC 5952).
  return URL.parse(`http://[${groups.join(':')}]`)?.hostname.slice(1, -1);
}
