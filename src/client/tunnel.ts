import { AtedbError, type Reason } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { isKeyBits, type KeyBits } from '../wire/index.ts';
import { AgreedSession } from './agreed-session.ts';
import { Backoff } from './backoff.ts';
import { type BegunCall, type CallForm, type ChannelCall, PlainForm } from './call-form.ts';
import { sleep } from './cancellation.ts';
import type { ConnectionState } from './errors-from-grpc.ts';
import { shakeHands } from './handshake.ts';
import type { IdentityCheck } from './server-identity.ts';

export type { KeyBits };

/** What encryption is wanted: what the server requires; none; or keys of at least so many bits. */
export type Encryption = 'auto' | 'plain' | KeyBits;

/** @throws AtedbError REQUEST_INVALID for what is none. */
export function checkedEncryption(encryption: Encryption = 'auto'): Encryption {
  if (encryption === 'auto' || encryption === 'plain' || isKeyBits(encryption)) return encryption;
  throw new AtedbError(
    'REQUEST_INVALID',
    `encryption is ${JSON.stringify(encryption)}; it is 'auto', 'plain', 128, 192 or 256`,
    { metadata: { field: 'encryption' } },
  );
}

/** What a tunnel needs. */
export interface TunnelOptions {
  /** `host:port`. */
  readonly server: string;
  readonly encryption: Exclude<Encryption, 'plain'>;
  readonly identityCheck: IdentityCheck;
  /** For errors. */
  readonly state: ConnectionState | undefined;
  /** Begins a call outside of the tunnel. */
  readonly createCall: (path: string) => ChannelCall;
  /** Ends handshakes, with its reason. */
  readonly closed: AbortSignal;
}

/** How often a handshake is tried with a server that has too many. */
const triesMax = 6;

/** How often a call is begun whose session ends in that moment. */
const beginsMax = 3;

/** What a server says that has no tunnel, or none for those who don't insist. Anybody on the way can say it, too. */
const saysNone: ReadonlySet<Reason> = new Set(['UNSUPPORTED', 'WIRE_NOT_REQUIRED']);

/**
 * What is agreed on with one server: a session that all calls share, and after it the next.
 *
 * Whether there is encryption is left to nobody on the way, as far as that can be. A handshake comes first, always. Calls go in clear
 * only where the user doesn't insist on encryption, the server isn't known to encrypt (by the check of its identity, or since it
 * did so in this process), and it answers that it requires none. That answer isn't protected: who meets a server for the first time, without
 * insisting, can be kept from encryption by who is on the way just then. Nobody else can.
 */
export class Tunnel {
  readonly #options: TunnelOptions;
  readonly #shakeHands: typeof shakeHands;
  #agreed: AgreedSession | 'plain' | undefined;
  #agreeing: Promise<AgreedSession | 'plain'> | undefined;
  #hasEncrypted = false;
  /** Whether the server wants larger keys than most do, so that a share for them is sent at once. */
  #wantsLargest = false;

  /** @param shake what agrees on a session; another one in tests. */
  constructor(options: TunnelOptions, shake: typeof shakeHands = shakeHands) {
    this.#options = options;
    this.#shakeHands = shake;
  }

  /** The identity that the server has proven last; undefined before, and without encryption. */
  get provenIdentity(): PublicKey | undefined {
    return this.#agreed instanceof AgreedSession ? this.#agreed.session.identity : undefined;
  }

  /**
   * Whether all calls from now on are encrypted, or fail: since the user insists, or since the server has encrypted before, which is not
   * gone back on.
   */
  get alwaysEncrypts(): boolean {
    return this.#options.encryption !== 'auto' || this.#hasEncrypted;
  }

  /**
   * The form of a call that begins now.
   *
   * @param refused the form that the server has refused: another is agreed on, unless that was done since.
   * @throws AtedbError as `shakeHands`; WIRE_MISSING where the server doesn't encrypt, and must.
   */
  async choose(call: BegunCall, refused: CallForm | undefined): Promise<CallForm> {
    if (refused !== undefined) this.#giveUp(refused);
    for (let tries = 1; ; tries += 1) {
      const agreed = this.#current() ?? (await this.#agree());
      if (agreed === 'plain') return new PlainForm(call);
      try {
        const form = agreed.begin(call);
        // Not before: keys for a handshake take some milliseconds, and by then the session may have ended.
        this.#renewIfDue(agreed);
        return form;
      } catch (error) {
        // It has ended just now, by the clock or by another call that was refused.
        const hasEnded = error instanceof AtedbError && error.reason === 'WIRE_SESSION_UNKNOWN';
        if (!hasEnded || tries === beginsMax) throw error;
      }
    }
  }

  /** Forget all keys, but for those of calls under way. */
  close(): void {
    if (this.#agreed instanceof AgreedSession) this.#agreed.retire();
    this.#agreed = undefined;
  }

  #giveUp({ session }: CallForm): void {
    const agreed = this.#agreed;
    const isIt = agreed instanceof AgreedSession ? agreed.session === session : agreed === 'plain';
    if (agreed instanceof AgreedSession && isIt) agreed.retire();
    if (isIt) this.#agreed = undefined;
  }

  #current(): AgreedSession | 'plain' | undefined {
    const agreed = this.#agreed;
    if (!(agreed instanceof AgreedSession)) return agreed;
    return agreed.session.isUsable ? agreed : undefined;
  }

  /** Calls go on in this one meanwhile. If it fails, the next call tries again. */
  #renewIfDue({ session }: AgreedSession): void {
    if (session.isDue) this.#agree().catch(() => undefined);
  }

  /** Calls that come while a handshake is under way share it. */
  #agree(): Promise<AgreedSession | 'plain'> {
    this.#agreeing ??= this.#negotiate()
      .then((agreed) => {
        if (this.#agreed instanceof AgreedSession) this.#agreed.retire();
        this.#agreed = agreed;
        return agreed;
      })
      .finally(() => {
        this.#agreeing = undefined;
      });
    return this.#agreeing;
  }

  async #negotiate(): Promise<AgreedSession | 'plain'> {
    const { server, encryption, identityCheck, closed: signal } = this.#options;
    const isAsked = encryption !== 'auto';
    const isKnown = this.#hasEncrypted || (await identityCheck.mustEncrypt(server));
    const keyBits = isAsked ? encryption : 128;
    const onlyIfRequired = !isAsked && !isKnown;
    const backoff = new Backoff();
    for (let tries = 1; ; tries += 1) {
      try {
        const sharesUpTo = this.#wantsLargest ? 256 : keyBits;
        const options = { ...this.#options, keyBits, sharesUpTo, signal, onlyIfRequired };
        const session = await this.#shakeHands(options);
        this.#hasEncrypted = true;
        return new AgreedSession(session);
      } catch (error) {
        const reason = error instanceof AtedbError ? error.reason : undefined;
        if (reason !== undefined && saysNone.has(reason)) {
          if (onlyIfRequired) return 'plain';
          throw missing(server, isAsked ? `keys of ${encryption} bits were asked for` : undefined);
        }
        if (reason === 'WIRE_SHARE_MISSING' && !this.#wantsLargest) {
          // Whoever has said so: what comes of it is never less than was asked for.
          this.#wantsLargest = true;
          continue;
        }
        if (reason !== 'TOO_MANY_HANDSHAKES' || tries === triesMax) throw error;
      }
      await sleep(backoff.next(), signal);
    }
  }
}

function missing(server: string, asked: string | undefined): AtedbError {
  const why = asked ?? 'who it is is known, so it has to: somebody may answer in its place';
  return new AtedbError(
    'WIRE_MISSING',
    `${server} does not encrypt, and ${why}. Nothing was sent to it. Ask its operator, by another way, whether it was turned off; only then connect without (atedb: --plain; connect: encryption: 'plain')`,
    { metadata: { server } },
  );
}
