export { AtedbError, type AtedbErrorOptions, type Reason, reasons } from '../bytes/index.ts';
export { KeyPair, PublicKey } from '../crypto/index.ts';
export {
  type ChainAddress,
  type ChainKey,
  childPrimaryKey,
  type EventKind,
  type Genesis,
  parseChainAddress,
  parseChainKey,
  parsePublicKeyText,
  parseServerAddress,
  primaryKeyFromName,
  publicKeyText,
  type ServerAddress,
  type TreeHead,
  type TrustMode,
  verifierKey,
} from '../event/index.ts';
export {
  type CommitProof,
  checkProof,
  type EventProof,
  type OlderTree,
  type Proof,
  type ProofCheckpoint,
  type ProvenCheckpoint,
  type ProvenEvent,
  type ProvenFacts,
  parseProof,
  proofText,
} from '../proof/index.ts';
export {
  type Identity,
  IdentityStore,
  identityHome,
  type KeyDescription,
  type Passphrase,
  type PassphraseRequest,
} from '../store/index.ts';
export {
  type CertifiedKeys,
  type IdentityLine,
  type SignedHead,
  type VouchedBy,
  verifyCheckpoint,
  verifyCheckpointKeys,
  verifyIdentityLine,
} from '../trust/index.ts';
export type { AppendOptions } from './append-options.ts';
export type { AddRuleInput, AuthorityInput, NamedKey, WriteRuleInput } from './authority-input.ts';
export type { AppendEvent, Conditions, ObjectUnchanged, Signing } from './build-events.ts';
export type { CallOptions } from './cancellation.ts';
export { Chain } from './chain.ts';
export type { ChainEvent, SealedState } from './chain-event.ts';
export {
  AtedbClient,
  type ConnectOptions,
  connect,
  type ListOptions,
  type OpenOptions,
} from './client.ts';
export type { ChainDescription, ListedChain } from './descriptions.ts';
export type { EventStream } from './event-stream.ts';
export type { EventName, GetOptions } from './get-event.ts';
export type { Proven, ProveOptions } from './get-proof.ts';
export type { LookUpIdentity } from './identity-check.ts';
export { KnownHosts } from './known-hosts.ts';
export type { KnownHost } from './known-hosts-text.ts';
export type { Lease, LeaseName } from './lease.ts';
export type { LockOptions, LockTarget } from './lock-object.ts';
export type { Notice, OnNotice } from './notice.ts';
export type { Committed } from './pending-append.ts';
export type { ReadOptions } from './range.ts';
export { type RememberedHead, rememberedHeads } from './remembered-heads.ts';
export type {
  AllowedKeys,
  AllowedReaders,
  ObjectRules,
  RuleKey,
  RulesView,
} from './rules-view.ts';
export { damageWords, type ServedDamage } from './served-damage.ts';
export type { SharedObject } from './sharing.ts';
export type { SubscribeFrom } from './subscribe-from.ts';
export type { SubscribeOptions, SubscriptionSignal } from './subscription.ts';
export type { TlsOptions } from './tls-options.ts';
export type { Encryption, KeyBits } from './tunnel.ts';
export { TunnelChannel, type TunnelChannelOptions } from './tunnel-channel.ts';
export type { UnverifiedHistory } from './unverified-history.ts';
