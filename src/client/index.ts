export { AtedbError, type AtedbErrorOptions, type Reason, reasons } from '../bytes/index.ts';
export { KeyPair, PublicKey } from '../crypto/index.ts';
export { type DnsOptions, Resolver } from '../dns/index.ts';
export {
  type ChainAddress,
  type ChainKey,
  childPrimaryKey,
  type DataState,
  type DelegatedRight,
  type EventKind,
  type Genesis,
  type ParsedDelegation,
  parseChainAddress,
  parseChainKey,
  parsePublicKeyText,
  parseServerAddress,
  parseTypedChainKey,
  primaryKeyFromName,
  publicKeyText,
  type Redaction,
  type RetentionRule,
  type ServerAddress,
  Token,
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
export type { VerifiedAccount } from './account-acts.ts';
export { checkPassword, makeTotpSecret } from './account-secrets.ts';
export type {
  AuthDescription,
  CreatedUser,
  LoggedIn,
  Login,
  NewCredentials,
  NewUser,
  Recovered,
  Recovery,
  RotatedKey,
  Sudo,
} from './account-types.ts';
export type { AccountsClient } from './accounts.ts';
export type { ActingInput } from './acting-key.ts';
export {
  Admin,
  type ChainStatistics,
  type ChainUse,
  type CompactionResult,
  type CompactOptions,
  compactionDecisions,
  type DecidedEvents,
} from './admin.ts';
export type { AppendOptions } from './append-options.ts';
export type { AddRuleInput, AuthorityInput, NamedKey, WriteRuleInput } from './authority-input.ts';
export type { AppendEvent, Conditions, ObjectUnchanged, Signing } from './build-events.ts';
export type { CallOptions } from './cancellation.ts';
export { Chain } from './chain.ts';
export type { ChainEvent, RedactedBy, SealedState } from './chain-event.ts';
export type { ChildEvent, ChildName, ChildrenOf, ChildrenOptions } from './children.ts';
export { AtedbClient, connect, type ListOptions } from './client.ts';
export type { ConnectOptions } from './connect-options.ts';
export { createToken, type TokenOptions } from './create-token.ts';
export type {
  ChainDescription,
  DescribedOwner,
  DescribedQuota,
  ListedChain,
} from './descriptions.ts';
export type { EventStream } from './event-stream.ts';
export type { EventName, GetOptions } from './get-event.ts';
export type { Proven, ProveOptions } from './get-proof.ts';
export type { RoleEdit } from './group-plan.ts';
export { type GroupSigner, GroupsClient, type ListedGroup } from './groups.ts';
export type { LookUpIdentity } from './identity-check.ts';
export { KnownHosts } from './known-hosts.ts';
export type { KnownHost } from './known-hosts-text.ts';
export type { Lease, LeaseName } from './lease.ts';
export type { LockOptions, LockTarget } from './lock-object.ts';
export type { MadeSnapshot, SnapshotOptions } from './make-snapshot.ts';
export type { Notice, OnNotice } from './notice.ts';
export type { OpenOptions } from './open-options.ts';
export { highestRole, type OpenedGroup } from './opened-group.ts';
export type { Committed } from './pending-append.ts';
export type { ReadOptions } from './range.ts';
export type { Redacted, RedactOptions, RedactTarget } from './redact.ts';
export { type RememberedHead, rememberedHeads } from './remembered-heads.ts';
export { RemoteOwners, type RemoteOwnersOptions } from './remote-owners.ts';
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
export type { UncheckedData } from './unchecked-data.ts';
export type { UnverifiedHistory } from './unverified-history.ts';
