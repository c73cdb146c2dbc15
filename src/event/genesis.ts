import { AtedbError, checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import { hashTags, type PublicKey, taggedHash } from '../crypto/index.ts';
import { type ParsedAuthAnswer, parseAuthAnswer } from './auth-answer.ts';
import { type ChainKey, parseOwnChainKey } from './chain-key.ts';
import { eventHeaderForm, magics } from './forms.ts';
import { ownerOf } from './owner.ts';
import { parsePublicKey, publicKeyBytes } from './public-key.ts';

/** How the keys of a chain are trusted; fixed by its genesis. */
export type TrustMode = 'centralized' | 'distributed';

const trustModeNumbers: Record<TrustMode, number> = { centralized: 1, distributed: 2 };
const eventKindGenesis = 1;

/** What a chain is, as its genesis says it. */
export interface GenesisInput {
  readonly chainKey: ChainKey;
  readonly trustMode: TrustMode;
  /** Who may write; in any order, 1 to 16. With an answer of an auth service, the roots that it names, and these aren't looked at. */
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
  /** What the auth service says of the owner: a serialised AuthAnswer without rotations. Absent: no service says anything. */
  readonly authAnswer?: Buffer | undefined;
}

/** A genesis as it was read, with the id that follows from its bytes. */
export interface Genesis extends GenesisInput {
  readonly chainId: Buffer;
  readonly headerBytes: Buffer;
  /** Its signature isn't verified here. Undefined in chains without an auth service. */
  readonly answer?: ParsedAuthAnswer | undefined;
}

/** Make the header bytes of a genesis event. Nothing is checked that a reader checks; see `parseGenesis`. */
export function buildGenesis(input: GenesisInput): Buffer {
  const genesis = new FieldWriter()
    .string(1, input.chainKey.text)
    .varint(2, trustModeNumbers[input.trustMode]);
  const { authAnswer } = input;
  const named = authAnswer === undefined ? input.roots : [];
  const roots = [...named].sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  for (const root of roots) genesis.message(3, publicKeyBytes(root));
  genesis.varint(4, input.createdUnixMs).bytes(5, input.salt);
  if (input.serverIdentity !== undefined) {
    genesis.message(6, publicKeyBytes(input.serverIdentity));
  }
  genesis.varint(7, input.isPrivate === true ? 1 : 0);
  genesis.varint(8, input.isConfidential === true ? 1 : 0);
  if (authAnswer !== undefined) {
    genesis.message(9, publicKeyBytes(parseAuthAnswer(authAnswer).identity)).bytes(10, authAnswer);
  }
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

function readGenesis(bytes: Buffer): Omit<Genesis, 'chainId' | 'headerBytes'> {
  const cursor = new FieldCursor(bytes);
  let chainKeyText = '';
  let trustMode: TrustMode = 'distributed';
  let createdUnixMs = 0;
  let salt = Buffer.alloc(0);
  let serverIdentity: PublicKey | undefined;
  let isPrivate = false;
  let isConfidential = false;
  let authIdentity: PublicKey | undefined;
  let authAnswer: Buffer | undefined;
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
    else if (cursor.field === 9)
      authIdentity = keyOf("the auth service's identity", cursor.bytesValue());
    else if (cursor.field === 10) authAnswer = Buffer.from(cursor.bytesValue());
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
  const chainKey = parseOwnChainKey(chainKeyText);
  const answer = answerIn(chainKey, trustMode, authIdentity, authAnswer);
  if ((answer === undefined) !== roots.length > 0) {
    throw invalid(
      answer === undefined
        ? 'it names no roots'
        : 'it names roots, which the answer of its auth service does',
    );
  }
  return {
    chainKey,
    trustMode,
    roots: answer?.roots ?? roots,
    authAnswer,
    answer,
    createdUnixMs,
    salt,
    serverIdentity,
    isPrivate,
    isConfidential,
  };
}

/** What the auth service of a chain said when that was made. */
function answerIn(
  chainKey: ChainKey,
  trustMode: TrustMode,
  identity: PublicKey | undefined,
  bytes: Buffer | undefined,
): ParsedAuthAnswer | undefined {
  if (identity === undefined && bytes === undefined) return undefined;
  if (identity === undefined || bytes === undefined) {
    throw invalid(
      'an auth service is named with what it says, and the one is there without the other',
    );
  }
  if (trustMode !== 'centralized') {
    throw invalid("a distributed chain has no auth service, and it names one's identity");
  }
  const answer = answerOf(bytes);
  if (answer.owner.text !== ownerOf(chainKey).text) {
    throw invalid(
      `its auth service speaks of ${answer.owner.text}, and the chain is ${ownerOf(chainKey).text}'s`,
    );
  }
  if (!answer.identity.fingerprint.equals(identity.fingerprint)) {
    throw invalid('what its auth service says is signed by another one than it names');
  }
  if (answer.rotations.length > 0 || answer.changed.length > 0) {
    throw invalid('what its auth service says tells of what was before, and nothing was');
  }
  if (answer.isRemoved) throw invalid(`the account ${answer.owner.text} was removed`);
  return answer;
}

function answerOf(bytes: Buffer): ParsedAuthAnswer {
  try {
    return parseAuthAnswer(bytes);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw invalid(error.message, error);
  }
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
