export { hashTags, signatureContexts } from './domains.ts';
export { hashBytes, prefixOf, sha256, taggedHash, taggedHashFits } from './hash.ts';
export { HashLanes, laneBytesMax, lanesCountMin } from './hash-lanes.ts';
export { selfTest } from './known-answer.ts';
export {
  addLeaves,
  emptyRoot,
  Frontier,
  type LeafRanges,
  leafHash,
  merkleRoot,
  nodeHash,
  rootOfRanges,
} from './merkle.ts';
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
export { randomSecret } from './random.ts';
export { KeyPair, lengths, PublicKey, suiteMldsa65Ed25519 } from './signature.ts';
