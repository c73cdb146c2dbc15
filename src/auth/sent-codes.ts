import { randomInt } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import { KeyedMutex } from '../chain/index.ts';
import { equalSecrets, hmacSha256, macTags } from '../crypto/index.ts';
import type { Attempts } from './attempts.ts';
import type { CodeSender } from './code-sender.ts';
import type { RecordStore } from './record-store.ts';
import { type CodeRecord, decodeCode, encodeCode } from './records.ts';
import { countOfToday } from './tries.ts';

/** What a code is for; one that was sent for something else counts for nothing. */
export type CodePurpose = 'verify' | 'recovery' | `sign-up ${string}`;

/** 32 characters that nobody takes for another one: 60 bits in a code of twelve. */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const codeCharacters = 12;
const groupCharacters = 4;
const validMs = 24 * 60 * 60 * 1_000;
/** Wrong codes after which a new one has to be sent. */
const triesMax = 5;
/** Codes that are sent to one account in a day, so that nobody's mailbox is filled. */
export const codesPerDayMax = 10;

/** What codes are sent with. */
export interface SentCodesOptions {
  readonly store: RecordStore;
  readonly attempts: Attempts;
  readonly sender: CodeSender;
  /** Of MACs that only this service makes. 32 bytes. */
  readonly macKey: Buffer;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
}

/** Codes that are sent to accounts, by mail or by the operator: who enters one reads what is sent there. Only a MAC of them is kept. */
export class SentCodes {
  readonly #options: SentCodesOptions;
  readonly #mutex = new KeyedMutex();

  constructor(options: SentCodesOptions) {
    this.#options = options;
  }

  /**
   * Send a new code; the one before counts no more.
   *
   * @param about words on what it is for, for whoever reads it.
   * @throws AtedbError ACCOUNT_LIMIT, MAIL_FAILED.
   */
  async send(account: string, purpose: CodePurpose, about: string): Promise<void> {
    const { store, attempts, sender, now } = this.#options;
    const nowUnixMs = now();
    await attempts.change(account, (tries) => {
      const codes = countOfToday(tries.codes, nowUnixMs);
      if (codes.count >= codesPerDayMax) throw tooMany(account);
      return { ...tries, codes: { ...codes, count: codes.count + 1 } };
    });
    const code = makeCode();
    const record = {
      ...{ mac: this.#mac(account, purpose, code), expiresUnixMs: nowUnixMs + validMs, tries: 0 },
    };
    const name = { kind: 'code', about: account, purpose } as const;
    await this.#mutex.run(`${account} ${purpose}`, () =>
      store.put([{ name, data: encodeCode(record) }]),
    );
    await sender.send({ account, code: inGroups(code), about });
  }

  /**
   * Check a code, which then counts no more; wrong ones are counted, and that is durable before the caller is told.
   *
   * @throws AtedbError CODE_INVALID.
   */
  check(account: string, purpose: CodePurpose, code: string): Promise<void> {
    return this.#mutex.run(`${account} ${purpose}`, async () => {
      const { store, now } = this.#options;
      const name = { kind: 'code', about: account, purpose } as const;
      const record = decodeCode(await store.get(name));
      const { mac, expiresUnixMs, tries } = record;
      const isDue = mac.length > 0 && now() < expiresUnixMs && tries < triesMax;
      // Where none is due the same is done, so that this isn't told by the time that it takes.
      const isRight = equalSecrets(this.#mac(account, purpose, normalised(code)), mac) && isDue;
      if (isDue) {
        const after: CodeRecord = isRight
          ? { mac: Buffer.alloc(0), expiresUnixMs: 0, tries: 0 }
          : { ...record, tries: tries + 1 };
        await store.put([{ name, data: encodeCode(after) }]);
      }
      if (!isRight) throw codeInvalid();
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

/** The refusal of a code. */
export function codeInvalid(): AtedbError {
  return new AtedbError(
    'CODE_INVALID',
    'the code is not the one that was sent last, or it is older than a day, or it was tried too often. Have a new one sent',
  );
}

function tooMany(account: string): AtedbError {
  return new AtedbError(
    'ACCOUNT_LIMIT',
    `${codesPerDayMax} codes were sent to ${account} in a day, which is the limit; retry tomorrow`,
    { metadata: { account, limit: String(codesPerDayMax) } },
  );
}
