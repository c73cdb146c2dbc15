import { checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import { hashTags, type KeyPair, signatureContexts, taggedHash } from '../crypto/index.ts';
import {
  magics,
  type Owner,
  parseOwner,
  parseSignature,
  type SignatureView,
  signatureBytes,
} from '../event/index.ts';
import { actInvalid } from './act-invalid.ts';
import { type Change, changeField, parseChange, writeChange } from './change.ts';
import { actForm, actHeaderForm } from './forms.ts';

/** What an act says: which account, which of its acts, and what it changes. */
export interface ActClaim {
  readonly account: Owner;
  /** How many acts the account had before. */
  readonly version: number;
  /** `actHash` of the one before; undefined in the first. 32 bytes. */
  readonly previous: Buffer | undefined;
  /** By its maker's clock: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
  readonly change: Change;
}

/** An Act message as it was read. Its signatures are not verified, and whether its account takes it isn't decided. */
export interface Act extends ActClaim {
  /** The whole message. */
  readonly bytes: Buffer;
  /** What the signatures are over. */
  readonly headerBytes: Buffer;
  /** Names the act. 32 bytes. */
  readonly hash: Buffer;
  /** Sorted by fingerprint, once each. */
  readonly signatures: readonly SignatureView[];
}

/** The hash by which an act is named, from its header bytes. 32 bytes. */
export function actHash(headerBytes: Buffer): Buffer {
  return taggedHash(hashTags.act, headerBytes);
}

/** Serialise the header of an act, once: what is signed. */
export function actHeaderBytes(claim: ActClaim): Buffer {
  const writer = new FieldWriter(8_192)
    .fixed32(1, magics.act)
    .string(2, claim.account.text)
    .varint(3, claim.version)
    .bytes(4, claim.previous)
    .varint(5, claim.timeUnixMs);
  return writeChange(writer, claim.change).finish();
}

/**
 * Make an act, signed by each of the keys. Runs in the thread pool.
 *
 * @param keys those that the change wants, in any order; once each.
 * @returns the Act message.
 */
export async function signAct(claim: ActClaim, keys: readonly KeyPair[]): Promise<Buffer> {
  const header = actHeaderBytes(claim);
  const sorted = [...keys].sort((a, b) =>
    Buffer.compare(a.publicKey.fingerprint, b.publicKey.fingerprint),
  );
  const signatures = await Promise.all(
    sorted.map(async (key) =>
      signatureBytes(key.publicKey, await key.sign(signatureContexts.act, header)),
    ),
  );
  const act = new FieldWriter(header.length + 4_096).bytes(1, header);
  for (const signature of signatures) act.message(2, signature);
  return act.finish();
}

/**
 * Read an Act message. The bytes are copied.
 *
 * @throws AtedbError NON_CANONICAL for what isn't in the strict form; ACT_INVALID for what contradicts itself; REQUEST_INVALID,
 * UNSUPPORTED for its keys and for the name of its account.
 */
export function parseAct(message: Uint8Array): Act {
  const bytes = Buffer.from(message);
  checkStrict(actForm, bytes);
  const cursor = new FieldCursor(bytes);
  const signatures: SignatureView[] = [];
  let headerBytes = Buffer.alloc(0) as Buffer;
  while (cursor.next()) {
    if (cursor.field === 1) headerBytes = cursor.bytesValue();
    else signatures.push(parseSignature(cursor.bytesValue()));
  }
  signatures.forEach(({ fingerprint }, index) => {
    const before = signatures[index - 1];
    if (before !== undefined && Buffer.compare(before.fingerprint, fingerprint) >= 0) {
      throw actInvalid('its signatures are not sorted by fingerprint, once each');
    }
  });
  return {
    ...parseHeader(headerBytes),
    bytes,
    headerBytes,
    hash: actHash(headerBytes),
    signatures,
  };
}

function parseHeader(bytes: Buffer): ActClaim {
  checkStrict(actHeaderForm, bytes);
  const cursor = new FieldCursor(bytes);
  let account = '';
  let version = 0;
  let previous: Buffer | undefined;
  let timeUnixMs = 0;
  let change: Change | undefined;
  while (cursor.next()) {
    if (cursor.field === 2) account = cursor.stringValue();
    else if (cursor.field === 3) version = cursor.value;
    else if (cursor.field === 4) previous = cursor.bytesValue();
    else if (cursor.field === 5) timeUnixMs = cursor.value;
    else if (cursor.field >= changeField.least) {
      change = parseChange(cursor.field, cursor.bytesValue());
    }
  }
  if (version > 0 !== (previous !== undefined)) {
    throw actInvalid('an act names the one before it, unless its version is 0');
  }
  // The strict form wants one.
  if (change === undefined) throw actInvalid('it changes nothing');
  return { account: parseOwner(account), version, previous, timeUnixMs, change };
}
