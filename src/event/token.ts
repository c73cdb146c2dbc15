import { inspect } from 'node:util';
import { AtedbError, checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import { KeyPair, type PublicKey } from '../crypto/index.ts';
import { type ParsedDelegation, parseDelegation } from './delegation.ts';
import { tokenForm } from './delegation-forms.ts';
import { parsePublicKey, publicKeyBytes } from './public-key.ts';

/** What the text of a token begins with, so that those who look for secrets where they don't belong find it. */
export const tokenMark = 'atedb_token_v1_';

const base64urlPattern = /^[A-Za-z0-9_-]+$/;

/** What gives a right by delegations. */
export interface DelegatedRight {
  /** The key that they begin with, which has the right by itself. */
  readonly issuer: PublicKey;
  /** In the order of their path. */
  readonly delegations: readonly ParsedDelegation[];
}

/**
 * What a program is given to act by delegations: a key pair, and a path of delegations to it. Neither JSON nor `util.inspect` shows
 * its secrets; only `text` does.
 */
export class Token implements DelegatedRight {
  readonly key: KeyPair;
  readonly issuer: PublicKey;
  /** In the order of the path; the last one's subject is the key. */
  readonly delegations: readonly ParsedDelegation[];

  constructor(key: KeyPair, { issuer, delegations }: DelegatedRight) {
    this.key = key;
    this.issuer = issuer;
    this.delegations = delegations;
  }

  /**
   * Read the text of a token; space around it doesn't matter. The signatures of its delegations are not verified: see `trust`.
   *
   * @param where what to call the text in errors, of which none shows any of it.
   * @throws AtedbError REQUEST_INVALID for what is no token; DELEGATION_INVALID, UNSUPPORTED for what is in it.
   */
  static parse(text: string, where: string): Token {
    const trimmed = text.trim();
    const encoded = trimmed.slice(tokenMark.length);
    if (!trimmed.startsWith(tokenMark) || !base64urlPattern.test(encoded)) {
      throw noToken(where, `a token begins with "${tokenMark}", and is base64url behind it`);
    }
    const bytes = Buffer.from(encoded, 'base64url');
    try {
      return parseToken(bytes, where);
    } finally {
      bytes.fill(0);
    }
  }

  /** The token as text: a secret, by which whoever has it can act. */
  text(): string {
    const seed = this.key.exportSeed();
    const kem = this.key.exportKemSeed();
    const writer = new FieldWriter()
      .varint(1, this.key.publicKey.suite)
      .bytes(2, seed)
      .varint(3, kem?.suite ?? 0)
      .bytes(4, kem?.seed);
    for (const { bytes } of this.delegations) writer.bytes(5, bytes);
    const message = writer.message(6, publicKeyBytes(this.issuer)).finish();
    try {
      return `${tokenMark}${message.toString('base64url')}`;
    } finally {
      for (const secret of [message, seed, kem?.seed]) secret?.fill(0);
    }
  }

  toJSON(): object {
    const { publicKey } = this.key;
    return { fingerprint: publicKey.fingerprintHex, delegations: this.delegations.length };
  }

  [inspect.custom](): string {
    return `Token { ${this.key.publicKey.fingerprintHex} }`;
  }
}

function parseToken(bytes: Buffer, where: string): Token {
  try {
    checkStrict(tokenForm, bytes);
  } catch (error) {
    // Offsets and names of fields tell nothing of a secret.
    throw noToken(where, 'it is damaged', error);
  }
  const delegations: Buffer[] = [];
  let issuerBytes: Buffer = Buffer.alloc(0);
  const seeds: (Buffer | undefined)[] = [];
  let suite = 0;
  let kemSuite = 0;
  const cursor = new FieldCursor(bytes);
  while (cursor.next()) {
    if (cursor.field === 1) suite = cursor.value;
    else if (cursor.field === 2) seeds[0] = cursor.bytesValue();
    else if (cursor.field === 3) kemSuite = cursor.value;
    else if (cursor.field === 4) seeds[1] = cursor.bytesValue();
    else if (cursor.field === 5) delegations.push(cursor.bytesValue());
    else issuerBytes = cursor.bytesValue();
  }
  const [seed, kemSeed] = seeds;
  if ((kemSuite === 0) !== (kemSeed === undefined)) throw noToken(where, 'it has half a KEM key');
  const kem = kemSeed && { suite: kemSuite, seed: kemSeed };
  const key = KeyPair.fromSeed(suite, seed as Buffer, kem);
  const path = delegations.map(parseDelegation);
  const issuer = parsePublicKey(issuerBytes);
  checkEnds(key.publicKey, { issuer, delegations: path }, where);
  return new Token(key, { issuer, delegations: path });
}

function checkEnds(
  { fingerprintHex }: PublicKey,
  { issuer, delegations }: DelegatedRight,
  where: string,
): void {
  const subject = delegations.at(-1)?.subject.fingerprintHex;
  const first = delegations[0]?.issuerHex;
  if (subject === fingerprintHex && first === issuer.fingerprintHex) return;
  throw new AtedbError(
    'DELEGATION_INVALID',
    `${where}: its delegations lead from the key ${first} to ${subject}, and it is of ${issuer.fingerprintHex} and ${fingerprintHex}`,
  );
}

function noToken(where: string, why: string, cause?: unknown): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${where} is no token that can be used: ${why}`, {
    cause,
  });
}
