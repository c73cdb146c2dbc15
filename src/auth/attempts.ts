import { AtedbError } from '../bytes/index.ts';
import { KeyedMutex } from '../chain/index.ts';
import type { NamedRecord, RecordStore } from './record-store.ts';
import {
  type AddressRecord,
  decodeAddress,
  decodePlace,
  decodeTries,
  encodeAddress,
  encodePlace,
  encodeTries,
  type PlaceRecord,
  type TriesRecord,
} from './records.ts';
import { TokenBucket } from './token-bucket.ts';
import {
  accountSeries,
  addressSeries,
  countFailure,
  countOfToday,
  type FailureCount,
  isLocked,
  noFailures,
} from './tries.ts';
import { wideNetworkOf } from './wide-network.ts';

/**
 * What is tried: passwords and one-time codes; recovery codes, and what was sent beside one; codes that were sent to whoever has a name. Failures of
 * the first kind alone lock an account: the others nobody guesses (128 and 60 random bits), and a lock would be a way to keep out whoever has them.
 */
export type TriedThing = 'login' | 'recovery' | 'code';

/** Who tries what. */
export interface Attempt {
  readonly what: TriedThing;
  /** Name of the account, whether or not there is one. */
  readonly account: string;
  /**
   * Address of the caller, or its network; undefined: the server's own machine, whose failures aren't counted together: all that comes
   * through a proxy there would be locked out by one.
   */
  readonly address: string | undefined;
  /** Makes the refusal of one that fails. Absent: LOGIN_FAILED. */
  readonly refusal?: (() => AtedbError) | undefined;
}

/** What a try has come to. */
export interface Tried<Result> {
  /** Undefined: it has failed. */
  readonly result: Result | undefined;
  /** The step of a one-time code that was used in it. */
  readonly totpStep?: number | undefined;
  /** It has shown only a part of what there is to show: what failed before is still counted. Default: false. */
  readonly isPart?: boolean | undefined;
}

/** Failures that are written down a second, of all callers, and how many more at once: what strangers can make the log grow by. */
const failuresPerSecond = 10;
const failuresAtOnce = 500;
const dayMs = 24 * 60 * 60 * 1_000;
/** For so long an address is known from which somebody was let in. */
export const knownMs = 30 * dayMs;

/** Accounts and codes that one address may ask for in a day, the own machine, and all others together. Each takes 25 KB of disk. */
const signUpsOfAddressMax = 20;
const signUpsOfLocalMax = 10_000;
const signUpsMax = 20_000;
/** Of the wider network that an address is of: who has many addresses has them there. */
const signUpsOfNetworkMax = 2_000;
/** Of those of all, so many are left to networks that have had few today, and to addresses from which somebody was let in: a crowd elsewhere doesn't use these up. */
const signUpsReserve = 5_000;
const signUpsOfFewMax = 10;
/** Stands for all addresses; none is spelt so. */
const everyAddress = '*';
/** Stands for the server's own machine; no address is spelt so. */
const ownMachine = 'local';

/**
 * Lets tries be made one after the other, an account and an address, counts those that fail, and lets none be made while either is locked. From where
 * somebody was let in to an account before, its tries are counted by themselves: strangers who fail on purpose don't lock its owner out there. What
 * is counted is durable before anybody is told what came of a try, so it survives a restart.
 */
export class Attempts {
  readonly #store: RecordStore;
  readonly #now: () => number;
  readonly #accounts = new KeyedMutex();
  readonly #addresses = new KeyedMutex();
  readonly #failures: TokenBucket;

  constructor({ store, now }: { readonly store: RecordStore; readonly now: () => number }) {
    this.#store = store;
    this.#now = now;
    this.#failures = new TokenBucket({
      perSecond: failuresPerSecond,
      atOnce: failuresAtOnce,
      nowMs: now(),
    });
  }

  /** Refuse a try that would not be made now. @throws AtedbError LOGIN_LOCKED. */
  async check(attempt: Attempt): Promise<void> {
    await this.#load(attempt);
  }

  /**
   * Make a try.
   *
   * @param attempt what is tried, by whom.
   * @param make makes it; given what is known of the account's tries. What it throws counts as no try.
   * @returns what it came to.
   * @throws AtedbError LOGIN_LOCKED before anything is tried; LOGIN_FAILED, or the attempt's own refusal.
   */
  run<Result>(
    attempt: Attempt,
    make: (tries: TriesRecord) => Promise<Tried<Result>>,
  ): Promise<Result> {
    const { account, address } = attempt;
    const run = () => this.#accounts.run(account, () => this.#run(attempt, make));
    // Always in this order, so that no two wait for each other.
    return address === undefined ? run() : this.#addresses.run(address, run);
  }

  /**
   * Count what makes an account, or has a code sent, from an address.
   *
   * @param isLocal whether the address is the server's own machine, from which more is taken.
   * @throws AtedbError ACCOUNT_LIMIT.
   */
  async countSignUp(address: string, isLocal: boolean): Promise<void> {
    const network = isLocal ? undefined : wideNetworkOf(address);
    const widened = network === undefined ? [address] : [address, network];
    const abouts = isLocal ? [address] : [...widened, everyAddress];
    await this.#inTurn(abouts, async () => {
      const found = await Promise.all(abouts.map((about) => this.#signUpsOf(about)));
      const { successUnixMs = 0 } = found[0]?.before ?? {};
      const ofNetwork = network === undefined ? undefined : found[1]?.signUps.count;
      const isOfFew = ofNetwork !== undefined && ofNetwork < signUpsOfFewMax;
      const isReserve = isOfFew || this.#isRecent({ successUnixMs }, knownMs);
      for (const { about, signUps } of found) {
        const limit = limitOf(about, { address, isLocal, isReserve });
        if (signUps.count >= limit) throw tooManySignUps(about, limit);
      }
      await this.#store.put(
        found.map(({ about, before, signUps }) => {
          const after = { ...before, signUps: { ...signUps, count: signUps.count + 1 } };
          return { name: { kind: 'address', about }, data: encodeAddress(after) };
        }),
      );
    });
  }

  /** Do something while nobody else changes what is counted of some addresses; these are always in the same order. */
  #inTurn<T>([first, ...others]: readonly string[], task: () => Promise<T>): Promise<T> {
    if (first === undefined) return task();
    return this.#addresses.run(first, () => this.#inTurn(others, task));
  }

  async #signUpsOf(about: string) {
    const before = decodeAddress(await this.#store.get({ kind: 'address', about }));
    return { about, before, signUps: countOfToday(before.signUps, this.#now()) };
  }

  async #run<Result>(
    attempt: Attempt,
    make: (tries: TriesRecord) => Promise<Tried<Result>>,
  ): Promise<Result> {
    const { address: about, refusal = loginFailed } = attempt;
    const { tries, address, place, isOwnPlace } = await this.#load(attempt);
    const isOfAccount = attempt.what === 'login';
    // Strangers who fail all the time are not to keep those out who were here before.
    const isKnown = about === undefined || this.#isRecent(address, knownMs);
    if (!isKnown && this.#failures.waitMs(this.#now()) > 0) throw this.#tooMany();
    // Counted before it is known what comes of it: many are made at once.
    this.#failures.take(this.#now());
    const { result, totpStep, isPart = false } = await this.#counted(() => make(tries));
    const nowUnixMs = this.#now();
    const counted = (isOwnPlace ? place : tries).login;
    const records: NamedRecord[] = [];
    if (result === undefined) {
      if (isOfAccount) {
        const login = countFailure(counted, accountSeries, nowUnixMs);
        records.push(
          isOwnPlace
            ? placeRecord(attempt, { ...place, login })
            : triesRecord(attempt, { ...tries, login }),
        );
      }
      if (about !== undefined) {
        const failures = countFailure(address.failures, addressSeries, nowUnixMs);
        records.push(addressRecord(about, { ...address, failures }));
      }
      if (records.length > 0) await this.#store.put(records);
      throw refusal();
    }
    // Whoever knows a password alone, where there is more to show, changes nothing of what is counted: they could else try one-time codes without end,
    // by logging in between, and from each address anew.
    if (!isPart) {
      const hadFailed = isOfAccount && counted.failures > 0;
      if ((hadFailed && !isOwnPlace) || totpStep !== undefined) {
        // What strangers have failed at goes on to count for strangers.
        const login = isOwnPlace ? tries.login : noFailures;
        records.push(triesRecord(attempt, { login, totpStep: totpStep ?? tries.totpStep }));
      }
      if ((hadFailed && isOwnPlace) || !this.#isRecent(place, dayMs)) {
        const login = isOfAccount ? noFailures : place.login;
        records.push(placeRecord(attempt, { login, successUnixMs: nowUnixMs }));
      }
    }
    if (about !== undefined && !this.#isRecent(address, dayMs)) {
      // The address's own failures stay: who has an account could otherwise try the passwords of all others.
      records.push(addressRecord(about, { ...address, successUnixMs: nowUnixMs }));
    }
    if (records.length > 0) await this.#store.put(records);
    return result;
  }

  /** Make a try that was counted as a failure, which it may not be. */
  async #counted<Result>(make: () => Promise<Tried<Result>>): Promise<Tried<Result>> {
    let isFailure = false;
    try {
      const tried = await make();
      isFailure = tried.result === undefined;
      return tried;
    } finally {
      if (!isFailure) this.#failures.giveBack();
    }
  }

  /** Whether somebody from an address was let in, so many milliseconds ago at most. */
  #isRecent({ successUnixMs }: Pick<AddressRecord, 'successUnixMs'>, ms: number): boolean {
    return successUnixMs > 0 && this.#now() < successUnixMs + ms;
  }

  /** @returns what is known of the account, the address, and both together; `isOwnPlace`: the account's owner was here, and tries are counted for this place. */
  async #load({ what, account, address: about }: Attempt) {
    const [triesData, addressData, placeData] = await Promise.all([
      this.#store.get({ kind: 'tries', about: account }),
      about === undefined ? undefined : this.#store.get({ kind: 'address', about }),
      this.#store.get({ kind: 'place', about: account, address: about ?? ownMachine }),
    ]);
    const tries = decodeTries(triesData);
    const address = decodeAddress(addressData);
    const place = decodePlace(placeData);
    const isOwnPlace = this.#isRecent(place, knownMs);
    const nowUnixMs = this.#now();
    const ofAccount = what === 'login' ? (isOwnPlace ? place : tries).login : noFailures;
    for (const [count, of] of [
      [ofAccount, 'of this account'],
      [address.failures, 'from this address'],
    ] as const) {
      if (isLocked(count, nowUnixMs)) throw locked(count, of);
    }
    return { tries, address, place, isOwnPlace };
  }

  #tooMany(): AtedbError {
    const nowUnixMs = this.#now();
    const lockedUntilUnixMs = nowUnixMs + this.#failures.waitMs(nowUnixMs);
    return locked({ lockedUntilUnixMs }, 'on this server');
  }
}

function triesRecord({ account }: Attempt, tries: TriesRecord): NamedRecord {
  return { name: { kind: 'tries', about: account }, data: encodeTries(tries) };
}

function placeRecord({ account, address = ownMachine }: Attempt, place: PlaceRecord): NamedRecord {
  return { name: { kind: 'place', about: account, address }, data: encodePlace(place) };
}

function addressRecord(about: string, address: AddressRecord): NamedRecord {
  return { name: { kind: 'address', about }, data: encodeAddress(address) };
}

/** How many accounts may be created, and codes asked for, in a day. */
function limitOf(
  about: string,
  of: { readonly address: string; readonly isLocal: boolean; readonly isReserve: boolean },
): number {
  if (about === everyAddress) return signUpsMax - (of.isReserve ? 0 : signUpsReserve);
  if (about !== of.address) return signUpsOfNetworkMax;
  return of.isLocal ? signUpsOfLocalMax : signUpsOfAddressMax;
}

function tooManySignUps(about: string, limit: number): AtedbError {
  const whose =
    about === everyAddress
      ? 'in all'
      : about.endsWith('/16') || about.endsWith('/32')
        ? `from the network ${about}`
        : 'from this address';
  return new AtedbError(
    'ACCOUNT_LIMIT',
    `${limit} accounts were created and codes asked for ${whose} in a day, which is the limit; retry tomorrow`,
    { metadata: { limit: String(limit) } },
  );
}

function locked({ lockedUntilUnixMs }: Pick<FailureCount, 'lockedUntilUnixMs'>, of: string) {
  return new AtedbError(
    'LOGIN_LOCKED',
    `too many tries ${of} have failed: nothing is tried until ${new Date(lockedUntilUnixMs).toISOString()}`,
    { metadata: { locked_until_unix_ms: String(Math.ceil(lockedUntilUnixMs)) } },
  );
}

/** The one refusal of all that isn't right in a login or a recovery. */
export function loginFailed(): AtedbError {
  return new AtedbError(
    'LOGIN_FAILED',
    'the account, the password, the recovery code or the one-time code is not right. Check what was typed; who has lost the password gets in with the recovery code (atedb user recover)',
  );
}
