export { aesGcmOpen, aesGcmSeal, aesGcmSealParts, aesGcmTagBytes } from './aead.ts';
export {
  type CertificateFacts,
  checkAuthorities,
  checkTlsPair,
  type PemText,
  parseCertificates,
  type TlsPair,
} from './certificates.ts';
export { chooseProvider, providerNames } from './current-provider.ts';
export {
  type DataKey,
  deriveDataKey,
  isCommitment,
  openOnce,
  readKeyBytes,
  readKeyIdOf,
  sealOnce,
  sealOnceBytes,
} from './data-key.ts';
export {
  aadTags,
  accountInfos,
  hashTags,
  hpkeInfos,
  macTags,
  signatureContexts,
  wireInfos,
} from './domains.ts';
export { hashBytes, sha256, taggedHash } from './hash.ts';
export { HashInputs } from './hash-inputs.ts';
export { hkdfExpand, hkdfExtract } from './hkdf.ts';
export { type HpkeContext, hpkeOpen, hpkeSeal, hpkeSealInThread } from './hpke.ts';
export { type EncapsulationCoins, KemPrivateKey } from './kem.ts';
export { kemKeyFault } from './kem-key.ts';
export {
  ephemeralKems,
  type Kem,
  type KemSuite,
  kemMlkem768X25519,
  kemSuite,
  kemSuites,
} from './kem-suites.ts';
export { type KemSeed, KeyPair, type KeyPairOptions } from './key-pair.ts';
export { selfTest, selfTestOnce } from './known-answer.ts';
export { equalSecrets, hmacSha256 } from './mac.ts';
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
export { emptyRoot, nodesOfHashes } from './merkle-row.ts';
export { type NoteAlgorithm, NoteKeyPair, NotePublicKeys, noteBytes } from './note-keys.ts';
export {
  addPadding,
  type PaddingRule,
  paddedLength,
  padmeLength,
  removePadding,
} from './padding.ts';
export {
  arePayable,
  openWithPassphrase,
  type PassphraseCosts,
  passphraseCosts,
  passphraseCostsMax,
  passphraseKey,
  passphraseSaltBytes,
  type SealedWithPassphrase,
  sealWithPassphrase,
} from './passphrase.ts';
export { SubtreeHashes, subtreeLevels } from './perfect-subtrees.ts';
export type { AeadInput } from './provider.ts';
export { type KemPublicKey, PublicKey, type PublicKeyFields } from './public-key.ts';
export { randomSecret } from './random.ts';
export { RangeHasher } from './range-hasher.ts';
export { rootOfHashes } from './root-of-hashes.ts';
export { sealedToBytes, sealTo } from './seal-to.ts';
export {
  type SignatureSuite,
  signatureSuite,
  signatureSuites,
  suiteMldsa44Ed25519,
  suiteMldsa65Ed25519,
} from './suites.ts';
export { tlsTerms } from './tls-terms.ts';
