export { hashTags, signatureContexts } from './domains.ts';
export { hashBytes, sha256, taggedHash } from './hash.ts';
export { HashInputs } from './hash-inputs.ts';
export { selfTest } from './known-answer.ts';
export { Frontier, leafHash, merkleRoot, nodeHash, rootOf } from './merkle.ts';
export {
  type ConsistencyClaim,
  consistencyProof,
  frontierAt,
  type InclusionClaim,
  inclusionProof,
  type NodeSource,
  rootAt,
  verifyConsistency,
  verifyInclusion,
} from './merkle-proof.ts';
export { emptyRoot } from './merkle-row.ts';
export { type NoteAlgorithm, NoteKeyPair, NotePublicKeys, noteBytes } from './note-keys.ts';
export { randomSecret } from './random.ts';
export { RangeHasher } from './range-hasher.ts';
export { rootOfHashes } from './root-of-hashes.ts';
export { KeyPair, lengths, PublicKey, suiteMldsa65Ed25519 } from './signature.ts';
