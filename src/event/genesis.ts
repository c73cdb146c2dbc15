import { AtedbError, checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import { hashTags, type PublicKey, taggedHash } from '../crypto/index.ts';
import { type ChainKey, parseOwnChainKey } from './chain-key.ts';
import { eventHeaderForm, magics } from './forms.ts';
import { parsePublicKey, publicKeyBytes } from './public-key.ts';

/** How the keys of a chain are trusted; fixed by its genesis. */
export type TrustMode = 'centralized' | 'distributed';

const trustModeNumbers: Record<TrustMode, number> = { centralized: 1, distributed: 2 };
const eventKindGenesis = 1;

/** What a chain is, as its genesis says it. */
export interface GenesisInput {
  readonly chainKey: ChainKey;
  readonly trustMode: TrustMode;
  /** Who may write; in any order, 1 to 16. */
  readonly roots: readonly PublicKey[];
  /** The maker's clock: milliseconds since 1970-01-01 UTC. */
  readonly createdUnixMs: number;
  /** 16 random bytes; they make the chain id unique. */
  readonly salt: Buffer;
  /** The server's identity key; for a centralized chain only. */
  readonly serverIdentity?: PublicKey | undefined;
  /** Whether data is sealed unless a rule says otherwise. Default: no. */
  readonly isConfidential?: boolean | undefined;
  /** Whether only those whom its rules name may open it. Default: no. */
  readonly isPrivate?: boolean | undefined;
}

/** A genesis as it was read, with the id that follows from its bytes. */
export interface Genesis extends GenesisInput {
  readonly chainId: Buffer;
  readonly headerBytes: Buffer;
}

/** Make the header bytes of a genesis event. Nothing is checked that a reader checks; see `parseGenesis`. */
export function buildGenesis(input: GenesisInput): Buffer {
  const genesis = new FieldWriter()
    .string(1, input.chainKey.text)
    .varint(2, trustModeNumbers[input.trustMode]);
  const roots = [...input.roots].sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  for (const root of roots) genesis.message(3, publicKeyBytes(root));
  genesis.varint(4, input.createdUnixMs).bytes(5, input.salt);
  if (input.serverIdentity !== undefined) {
    genesis.message(6, publicKeyBytes(input.serverIdentity));
  }
  genesis.varint(7, input.isPrivate === true ? 1 : 0);
  genesis.varint(8, input.isConfidential === true ? 1 : 0);
  return new FieldWriter()
    .fixed32(1, magics.event)
    .varint(2, eventKindGenesis)
    .message(15, genesis.finish())
    .finish();
}

/** The id of the chain that these header bytes of a genesis event begin. 32 bytes. */
export function chainIdOf(genesisHeaderBytes: Buffer): Buffer {
  return taggedHash(hashTags.chain, genesisHeaderBytes);
}

/** The fingerprint that a chain key may carry of the roots that signed its genesis. 32 bytes. */
export function rootsFingerprint(roots: readonly PublicKey[]): Buffer {
  const fingerprints = roots.map((root) => root.fingerprint).sort(Buffer.compare);
  return taggedHash(hashTags.roots, ...fingerprints);
}

/**
 * Read the genesis out of the header bytes of a chain's first event.
 *
 * @throws AtedbError NON_CANONICAL for its bytes, GENESIS_INVALID or CHAIN_KEY_INVALID for what it says. Signatures are
 * not checked here, they are over the seal.
 */
export function parseGenesis(headerBytes: Buffer): Genesis {
  checkStrict(eventHeaderForm, headerBytes);
  const cursor = new FieldCursor(headerBytes);
  let inner: Buffer | undefined;
  while (cursor.next()) {
    if (cursor.field === 15) inner = cursor.bytesValue();
    else if (cursor.field > 2) throw invalid('its event has fields beside the genesis');
    else if (cursor.field === 2 && cursor.value !== eventKindGenesis) {
      throw invalid('its event is of another kind');
    }
  }
  if (inner === undefined) throw invalid('its event holds no genesis');
  return { ...readGenesis(inner), chainId: chainIdOf(headerBytes), headerBytes };
}

function readGenesis(bytes: Buffer): GenesisInput {
  const cursor = new FieldCursor(bytes);
  let chainKeyText = '';
  let trustMode: TrustMode = 'distributed';
  let createdUnixMs = 0;
  let salt = Buffer.alloc(0);
  let serverIdentity: PublicKey | undefined;
  let isPrivate = false;
  let isConfidential = false;
  const roots: PublicKey[] = [];
  while (cursor.next()) {
    if (cursor.field === 1) chainKeyText = cursor.stringValue();
    else if (cursor.field === 2) trustMode = cursor.value === 1 ? 'centralized' : 'distributed';
    else if (cursor.field === 3) roots.push(keyOf('one of its roots', cursor.bytesValue()));
    else if (cursor.field === 4) createdUnixMs = cursor.value;
    else if (cursor.field === 5) salt = Buffer.from(cursor.bytesValue());
    else if (cursor.field === 6)
      serverIdentity = keyOf("the server's identity", cursor.bytesValue());
    else if (cursor.field === 7) isPrivate = true;
    else if (cursor.field === 8) isConfidential = true;
  }
  roots.forEach((root, index) => {
    const previous = roots[index - 1];
    if (previous !== undefined && Buffer.compare(previous.fingerprint, root.fingerprint) >= 0) {
      throw invalid('its roots are not sorted by fingerprint, once each');
    }
  });
  if ((trustMode === 'centralized') !== (serverIdentity !== undefined)) {
    throw invalid(
      trustMode === 'centralized'
        ? "a centralized chain's names the server's identity, and it names none"
        : "a distributed chain's names no server, and it names one",
    );
  }
  return {
    chainKey: parseOwnChainKey(chainKeyText),
    trustMode,
    roots,
    createdUnixMs,
    salt,
    serverIdentity,
    isPrivate,
    isConfidential,
  };
}

/** A key that a genesis names; of one that is none it is the genesis that is wrong, and not a request. */
function keyOf(what: string, bytes: Buffer): PublicKey {
  try {
    return parsePublicKey(bytes);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw invalid(`${what} is no key: ${error.message}`, error);
  }
}

function invalid(why: string, cause?: AtedbError): AtedbError {
  return new AtedbError('GENESIS_INVALID', `the genesis is not valid: ${why}`, { cause });
}
