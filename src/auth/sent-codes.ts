import { randomInt } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import { KeyedMutex } from '../chain/index.ts';
import { equalSecrets, hmacSha256, macTags } from '../crypto/index.ts';
import type { CodeSender } from './code-sender.ts';
import type { RecordStore } from './record-store.ts';
import { type CodeRecord, decodeCodes, encodeCodes } from './records.ts';
import { wideNetworkOf } from './wide-network.ts';

/** What a code shows, besides that somebody reads what is sent there: that a name is theirs, or a part of a recovery. One counts for nothing else. */
export type CodePurpose = 'name' | 'recovery';

/** Whether a code was sent, or as many as may be were before: each of those counts. */
export type CodeSent = 'sent' | 'sent_before';

/** Who asks for a code. */
export interface Asker {
  /** Address, or network. */
  readonly address: string;
  /** Whether it is the server's own machine. */
  readonly isLocal: boolean;
}

/** 32 characters that nobody takes for another one: 60 bits in a code of twelve. */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const codeCharacters = 12;
const groupCharacters = 4;
const validMs = 24 * 60 * 60 * 1_000;
/** Codes that are sent to one account in a day for one thing, so that nobody's mailbox is filled. */
export const codesPerDayMax = 10;
/** Of those, what one network may ask for: the codes are sent to somebody who may not have asked. */
export const codesOfNetworkMax = 5;
/** Stands for the server's own machine; no network is spelt so. */
const ownMachine = 'local';

/** What codes are sent with. */
export interface SentCodesOptions {
  readonly store: RecordStore;
  readonly sender: CodeSender;
  /** Of MACs that only this service makes. 32 bytes. */
  readonly macKey: Buffer;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
}

/**
 * Codes that are sent to accounts, by mail or by the operator: who enters one reads what is sent there. Only a MAC of them is kept.
 *
 * Each counts for a day, whoever has asked for it, until one is entered: so a stranger who asks for the codes of somebody else uses up mails, and hinders
 * nobody. For the same reason wrong ones take nothing from those that were sent; who enters them is counted by address (`Attempts`).
 */
export class SentCodes {
  readonly #options: SentCodesOptions;
  readonly #mutex = new KeyedMutex();

  constructor(options: SentCodesOptions) {
    this.#options = options;
  }

  /**
   * Send a code, unless as many were sent in the last day as may be.
   *
   * @param about words on what it is for, for whoever reads it.
   * @throws AtedbError MAIL_FAILED; the code that could not be sent isn't counted.
   */
  async send(
    account: string,
    purpose: CodePurpose,
    about: string,
    asker: Asker,
  ): Promise<CodeSent> {
    const { sender, now } = this.#options;
    const code = makeCode();
    const sent: CodeRecord = {
      mac: this.#mac(account, purpose, code),
      expiresUnixMs: now() + validMs,
      network: networkOf(asker),
    };
    const isTaken = await this.#change(account, purpose, (before) => {
      const ofNetwork = before.filter(({ network }) => network === sent.network).length;
      const isFull = before.length >= codesPerDayMax || ofNetwork >= codesOfNetworkMax;
      return isFull ? undefined : [...before, sent];
    });
    if (!isTaken) return 'sent_before';
    try {
      await sender.send({ account, code: inGroups(code), about });
    } catch (error) {
      await this.#change(account, purpose, (before) =>
        before.filter(({ mac }) => !mac.equals(sent.mac)),
      );
      throw error;
    }
    return 'sent';
  }

  /**
   * Check a code. The right one counts no more then, nor do all others that were sent for the same.
   *
   * @returns whether it is right.
   */
  check(account: string, purpose: CodePurpose, code: string): Promise<boolean> {
    const entered = this.#mac(account, purpose, normalised(code));
    return this.#change(account, purpose, (before) => {
      const matches = before.map(({ mac }) => equalSecrets(entered, mac));
      return matches.includes(true) ? [] : undefined;
    });
  }

  /** Change the codes that count. @param change undefined where nothing is to be changed. @returns whether it was. */
  #change(
    account: string,
    purpose: CodePurpose,
    change: (before: readonly CodeRecord[]) => readonly CodeRecord[] | undefined,
  ): Promise<boolean> {
    return this.#mutex.run(`${account} ${purpose}`, async () => {
      const { store, now } = this.#options;
      const name = { kind: 'codes', about: account, purpose } as const;
      const nowUnixMs = now();
      const all = decodeCodes(await store.get(name));
      const after = change(all.filter(({ expiresUnixMs }) => nowUnixMs < expiresUnixMs));
      if (after === undefined) return false;
      await store.put([{ name, data: encodeCodes(after) }]);
      return true;
    });
  }

  #mac(account: string, purpose: CodePurpose, code: string): Buffer {
    const bytes = Buffer.from([macTags.sentCode, account, purpose, code].join('\0'));
    return hmacSha256(this.#options.macKey, bytes);
  }
}

function makeCode(): string {
  return Array.from({ length: codeCharacters }, () => alphabet[randomInt(alphabet.length)]).join(
    '',
  );
}

/** As people read and type it: three groups of four. */
function inGroups(code: string): string {
  const groups = code.match(new RegExp(`.{${groupCharacters}}`, 'g')) ?? [];
  return groups.join('-');
}

function normalised(code: string): string {
  return code.replace(/[\s-]/g, '').toUpperCase();
}

/** Of an address that tells of no network: itself. */
function networkOf({ address, isLocal }: Asker): string {
  return isLocal ? ownMachine : (wideNetworkOf(address) ?? address);
}

/** The refusal of a code. */
export function codeInvalid(): AtedbError {
  return new AtedbError(
    'CODE_INVALID',
    'the code is none that was sent in the last day, or one was entered already. Check what was typed, or have a new one sent (atedb user verify --send)',
  );
}
