import { resolve } from 'node:path';
import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { chooseProvider, type KeyPair, passphraseCosts, selfTestOnce } from '../crypto/index.ts';
import {
  type ChainKey,
  type DelegatedRight,
  parseAuthAddress,
  parseChainAddress,
  parseServerAddress,
  parseTypedChainKey,
  type ServerAddress,
  serverAddressText,
  type Token,
} from '../event/index.ts';
import { identityHome, type Passphrase } from '../store/index.ts';
import { AccountsClient } from './accounts.ts';
import { AccountsPlace, type AccountsServer } from './accounts-place.ts';
import { type ActingInput, actingKey, tokenOf } from './acting-key.ts';
import { Admin } from './admin.ts';
import { batchLimits } from './batch-limits.ts';
import type { CallOptions } from './cancellation.ts';
import { Chain } from './chain.ts';
import { ChainTicket } from './chain-ticket.ts';
import { checkChallenge } from './check-challenge.ts';
import { checkNode } from './check-node.ts';
import { checkReading } from './check-writable.ts';
import { claimOwner } from './claim-owner.ts';
import type { ConnectOptions } from './connect-options.ts';
import { Connection } from './connection.ts';
import {
  type ChainDescription,
  type ListedChain,
  parseChainsPage,
  parseDescription,
} from './descriptions.ts';
import { GroupKeys, type GroupKeysOptions } from './group-keys.ts';
import { GroupsClient } from './groups.ts';
import { checkProvable, identityCheck } from './identity-check.ts';
import { KnownGroups } from './known-groups.ts';
import { KnownHosts } from './known-hosts.ts';
import { loadReadKeys, loadWriteKey } from './load-write-key.ts';
import { type NameSource, nameSource } from './name-source.ts';
import type { OnNotice } from './notice.ts';
import type { OpenOptions } from './open-options.ts';
import { RememberedChain } from './remembered-chain.ts';
import { setUpTls, type TlsSetup } from './tls-options.ts';
import { Transport } from './transport.ts';
import { checkedEncryption, type Encryption } from './tunnel.ts';

/** How to have a chain described. */
export interface DescribeOptions extends CallOptions, ActingInput {}

/** Which chains to list. */
export interface ListOptions extends CallOptions {
  /** Only chain keys that start so. */
  readonly prefix?: string | undefined;
  /** How many to ask for at once, at most 1,000, which is also the default. */
  readonly pageSize?: number | undefined;
}

/** Of what is encrypted at all. */
const keyBitsLeast = 128;
const reconnectDefaultMs = 60_000;

/**
 * Get ready to speak to a server. The connection is made at the first call, and again after a loss.
 *
 * @param server `host`, `host:port` or `ate://host:port`; `#sha256:<fingerprint>` may follow, of the identity key that the server must have.
 * @throws AtedbError REQUEST_INVALID for an address that isn't one, certificates or options of DNS that can't be used, or where `ATE_CRYPTO`
 *   names no cryptography; UNSUPPORTED on a Node that is too old.
 */
export async function connect(server: string, options: ConnectOptions = {}): Promise<AtedbClient> {
  checkNode();
  await chooseProvider(process.env.ATE_CRYPTO);
  // Before anything is verified: wrong cryptography must not believe.
  selfTestOnce();
  return new AtedbClient(server, options);
}

/** A server, and the chains of it that are in use. */
export class AtedbClient implements AsyncDisposable {
  /** `host:port`. */
  readonly server: string;
  /** Fingerprint of the identity that the server must have, in hexadecimal; undefined: its address names none. */
  readonly pinned: string | undefined;
  /** Absolute path of the home folder; undefined: nothing is kept. */
  readonly home: string | undefined;
  /** The accounts that the server keeps, or the one that `auth` names. They are spoken of encrypted only, also where chains are not. */
  readonly accounts: AccountsClient;
  /** The groups that it keeps, for their members; encrypted only, too. */
  readonly groups: GroupsClient;
  readonly #transport: Transport;
  /** That insists on encryption, for when the other isn't encrypted; made when it is used. */
  #safeTransport: Transport | undefined;
  /** To servers that keep accounts alone, as far as this client is concerned. */
  readonly #otherTransports: Transport[] = [];
  readonly #onNotice: OnNotice;
  readonly #passphrase: Passphrase | undefined;
  readonly #token: Token | undefined;
  readonly #chains = new Set<Chain>();
  #closed: Promise<void> | undefined;

  /** Made by `connect`. */
  constructor(server: string, options: ConnectOptions) {
    const { home, timeoutMs, tls, onNotice, dns, auth, loggedInAt } = options;
    const address = parseServerAddress(server);
    this.pinned = address.pinned;
    this.home = home === null ? undefined : resolve(home ?? identityHome(process.env));
    this.#onNotice = onNotice ?? (() => undefined);
    const encryption = checkedEncryption(options.encryption);
    checkProvable(address, encryption);
    const transportFor = (
      to: ServerAddress,
      how: { encryption: Encryption; tls: TlsSetup | undefined; names: NameSource },
    ) =>
      new Transport(
        new Connection(to, {
          ...{ tls: how.tls, encryption: how.encryption, resolver: how.names.resolver },
          identityCheck: identityCheck({
            ...{ address: to, knownHosts: new KnownHosts(this.home), lookUp: how.names.lookUp },
            onNotice: this.#onNotice,
          }),
        }),
        { timeoutMs },
      );
    const plainly = {
      encryption,
      tls: setUpTls(tls),
      names: nameSource(dns, address, options.lookUpIdentity),
    };
    this.#transport = transportFor(address, plainly);
    this.server = this.#transport.server;
    const own = () => {
      if (this.#transport.alwaysTunnels || this.#closed !== undefined) return this.#transport;
      if (encryption === 'plain') {
        if (plainly.tls !== undefined) return this.#transport;
        throw linkUnsafe(this.server);
      }
      // Who is on the way could keep the other one from encryption. And within TLS nothing ties what is signed to this server: a hostile one, to
      // which somebody logs in, could pass it on to another one.
      this.#safeTransport ??= transportFor(address, { ...plainly, encryption: keyBitsLeast });
      return this.#safeTransport;
    };
    const elsewhere = (
      text: string | undefined,
      its: TlsSetup | undefined,
    ): AccountsServer | undefined => {
      const to = text === undefined ? undefined : parseAuthAddress(text);
      const isHere =
        to?.server === address.server && (to.pinned ?? address.pinned) === address.pinned;
      if (to === undefined || isHere) return undefined;
      const transport = transportFor(to, {
        ...{ encryption: keyBitsLeast, tls: its, names: nameSource(dns, to) },
      });
      this.#otherTransports.push(transport);
      return { transport: () => transport, known: this.#knownGroups(to.server) };
    };
    const place = new AccountsPlace({
      first: elsewhere(auth, setUpTls(options.authTls)) ?? {
        transport: own,
        known: this.#knownGroups(this.server),
      },
      other: auth === undefined ? elsewhere(loggedInAt, undefined) : undefined,
    });
    this.accounts = new AccountsClient(place, options.passwordCosts ?? passphraseCosts);
    this.groups = new GroupsClient(place);
    this.#passphrase = options.passphrase;
    this.#token = options.token === undefined ? undefined : tokenOf(options.token);
  }

  /**
   * Have a chain described, for people: these are the server's words, not verified.
   *
   * @throws AtedbError CHAIN_NOT_FOUND, VERIFICATION_FAILED where the answer can't be read, CONNECTION_FAILED,
   * DEADLINE_EXCEEDED and others.
   */
  async describe(chain: string, options: DescribeOptions = {}): Promise<ChainDescription> {
    const { key: _key, token: _token, ...call } = options;
    const { key, right } = actingKey(options, this.#token);
    const chainKey = this.#chainKey(chain);
    const { loadReadKeys: loadKeys } = this.#loadersFor(chainKey, right, {
      ...this.#keyLoaders(key, this.#onNotice),
      onNotice: this.#onNotice,
    });
    const { home, server } = this;
    const remembered = new RememberedChain({ home, server, chainKey, onError: () => undefined });
    const ticket = new ChainTicket({
      transport: this.#transport,
      chainKey,
      loadKeys,
      right,
      check: (challenge) =>
        checkChallenge(challenge, {
          ...{ chainKey, server: this.server, pinned: undefined, genesis: undefined, remembered },
        }),
    });
    const answer = await this.#transport
      .withTickets(ticket)
      .unary(ChainService.method.describeChain, { chainKey: chainKey.text }, call);
    return parseDescription(answer);
  }

  /** What an operator asks of a server, on its own machine. */
  get admin(): Admin {
    return new Admin(this.#transport, (chain) => this.#chainKey(chain).text);
  }

  /**
   * List the server's chains, ordered by key. Only for callers on the server's own machine.
   *
   * @throws AtedbError from the iteration: LOCAL_ONLY, VERIFICATION_FAILED where an answer can't be read,
   * CONNECTION_FAILED, DEADLINE_EXCEEDED and others. The deadline is a page's.
   */
  async *listChains(options: ListOptions = {}): AsyncGenerator<ListedChain, void, undefined> {
    const { prefix = '', pageSize = 0, ...call } = options;
    let pageToken = '';
    do {
      const answer = await this.#transport.unary(
        ChainService.method.listChains,
        { prefix, pageSize, pageToken },
        call,
      );
      const { chains, nextPageToken } = parseChainsPage(answer, pageToken);
      yield* chains;
      pageToken = nextPageToken;
    } while (pageToken !== '');
  }

  /**
   * Open a chain: verify its genesis, that it is the chain that was met before, and that its head extends the one that
   * is remembered.
   *
   * @param chain a chain key, or a whole address of one of this server's.
   * @throws AtedbError CHAIN_NOT_FOUND; CHAIN_ID_MISMATCH, TRUST_MODE_MISMATCH where it isn't what is expected; HEAD_CONFLICT where
   * its history was changed or lost; CHAIN_DAMAGED where the server says that it has lost what was verified; VERIFICATION_FAILED; CONNECTION_FAILED, DEADLINE_EXCEEDED; the signal's reason.
   */
  async open(chain: string, options: OpenOptions = {}): Promise<Chain> {
    const { signal, timeoutMs, forAppend = false, asCopy = false } = options;
    const { key, right } = actingKey(options, this.#token);
    checkReading(options);
    const onNotice = options.onNotice ?? this.#onNotice;
    const home = asCopy ? undefined : this.home;
    const chainKey = this.#chainKey(chain);
    const claimWith = async (own: KeyPair) => {
      const claim = { transport: this.#transport, chainKey, key: own, timeUnixMs: Date.now() };
      const notice = await claimOwner(claim, {});
      if (notice !== undefined) onNotice(notice);
    };
    const opened = new Chain({
      transport: this.#transport,
      chainKey,
      home,
      ...this.#loadersFor(chainKey, right, {
        ...this.#keyLoaders(key, onNotice),
        claim: options.claim === true && forAppend ? claimWith : undefined,
        onNotice,
      }),
      signsAsMember: options.signAsMember ?? true,
      right,
      checkRules: options.checkRules,
      isConfidential: options.confidential ?? false,
      isPrivate: options.private ?? false,
      // Of a group, before its key is asked for.
      claims: options.claim === true && chainKey.kind === 'user',
      padding: options.pad === true ? 'padme' : 'mark',
      chainId: parseChainId(options.chainId),
      trustMode: options.trustMode,
      reconnectMs: options.reconnectMs ?? reconnectDefaultMs,
      signBatches: options.signBatches ?? false,
      readDamaged: options.readDamaged ?? false,
      asCopy,
      writerHome: options.asNewWriter === true ? undefined : home,
      ...batchLimits(options),
      onNotice,
      onClosed: (closed) => this.#chains.delete(closed),
    });
    await opened.open({ forAppend, signal, timeoutMs });
    this.#chains.add(opened);
    return opened;
  }

  /** Close its chains, which waits for their appends, and the connection. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#chains].map((chain) => chain.close()));
    this.#transport.close();
    this.#safeTransport?.close();
    for (const transport of this.#otherTransports) transport.close();
  }

  #knownGroups(server: string): KnownGroups {
    return new KnownGroups(this.home, server, this.#onNotice);
  }

  #keyLoaders(key: KeyPair | string | undefined, onNotice: OnNotice) {
    const { home } = this;
    const passphrase = this.#passphrase;
    const loadKey = once(() => loadWriteKey({ key, home, passphrase, onNotice }));
    return { loadKey, loadReadKeys: () => loadReadKeys({ key, home, passphrase, load: loadKey }) };
  }

  /** Of a group's chain the keys that the user has by a role, if there is one; a token has a key of its own. */
  #loadersFor(
    chainKey: ChainKey,
    right: DelegatedRight | undefined,
    own: Pick<GroupKeysOptions, 'loadKey' | 'loadReadKeys' | 'claim' | 'onNotice'>,
  ) {
    const { loadKey, loadReadKeys } = own;
    if (chainKey.kind === 'user' || right !== undefined) return { loadKey, loadReadKeys };
    const keys = new GroupKeys({ ...own, groups: this.groups, name: chainKey.group });
    return {
      loadKey: () => keys.loadKey(),
      loadReadKeys: () => keys.loadReadKeys(),
      loadAuthor: () => keys.loadAuthor(),
      loadRoleKeys: () => keys.loadRoleKeys(),
    };
  }

  #chainKey(chain: string): ChainKey {
    if (!chain.includes('://')) return parseTypedChainKey(chain);
    const address = parseChainAddress(chain);
    if (address.server === this.server) {
      this.#checkPin(chain, address.pinned);
      return address.chainKey;
    }
    throw new AtedbError(
      'REQUEST_INVALID',
      `${chain} is a chain of ${address.server}, and this client is connected to ${this.server}. Connect to that one`,
      { metadata: { field: 'address', address: chain } },
    );
  }

  /** A fingerprint that comes too late is refused, and not passed over. */
  #checkPin(chain: string, pinned: string | undefined): void {
    if (pinned === undefined || pinned === this.pinned) return;
    throw new AtedbError(
      'REQUEST_INVALID',
      `${chain} names the identity of its server, and this client is connected ${this.pinned === undefined ? 'without one' : 'with another one'}. Connect with ${serverAddressText({ server: this.server, pinned })}`,
      { metadata: { field: 'address', address: chain } },
    );
  }
}

/** What belongs to accounts is not sent where others can read it. */
function linkUnsafe(server: string): AtedbError {
  return new AtedbError(
    'AUTH_LINK_UNSAFE',
    `what belongs to accounts is sent encrypted only, and the connection to ${server} is to be without encryption. Leave that out (atedb: --plain; connect: encryption: 'plain'), or speak TLS`,
    { metadata: { server } },
  );
}

function parseChainId(chainId: Buffer | string | undefined): Buffer | undefined {
  const bytes = typeof chainId === 'string' ? Buffer.from(chainId, 'hex') : chainId;
  const isWhole = typeof chainId !== 'string' || chainId.length === 64;
  if (bytes === undefined || (bytes.length === 32 && isWhole)) return bytes;
  throw new AtedbError('REQUEST_INVALID', 'a chain id is 32 bytes, or 64 hexadecimal digits', {
    metadata: { field: 'chainId' },
  });
}

/** Call once, and again only after a failure: who has given a passphrase isn't asked a second time. */
function once<T>(call: () => Promise<T>): () => Promise<T> {
  let called: Promise<T> | undefined;
  return () => {
    called ??= call().catch((error: unknown) => {
      called = undefined;
      throw error;
    });
    return called;
  };
}
