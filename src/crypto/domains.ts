/**
 * Every domain-separation tag of atedb, in one place, so that no two uses can share one.
 *
 * A tag says what was hashed or signed, so that bytes of one meaning never count as bytes of another. Merkle
 * leaves have RFC 9162's own prefixes instead, and the magic that each header starts with.
 */

/** Tags of hashes; see `taggedHash`. */
export const hashTags = {
  /** Header of the genesis event → chain id. */
  chain: 'atedb/v1/chain',
  /** Header of a seal → seal hash. */
  seal: 'atedb/v1/seal',
  /** Chain id, key fingerprint, salt → writer id. */
  writer: 'atedb/v1/writer',
  /** Suite, public key, KEM suite, KEM key → fingerprint of the key. */
  key: 'atedb/v1/key',
  /** Chain id → salt of the writer that a server adds its own batches as. */
  serverWriter: 'atedb/v1/server-writer',
  /** Fingerprints of a chain's roots → the fingerprint that a chain key may carry. */
  roots: 'atedb/v1/roots',
  /** Salt, data → data hash. */
  data: 'atedb/v1/data',
  /** A parent's primary key, a label → primary key of a child. */
  child: 'atedb/v1/child',
  /** Ciphertext of confidential data → its data hash. */
  sealedData: 'atedb/v1/sealed-data',
  /** A read key → its id. */
  readKey: 'atedb/v1/read-key',
  /** No hash: begins the HKDF info of the key of one datum. */
  dataKey: 'atedb/v1/data-key',
  /** What a snapshot lets go: the hash so far, the ends of a run of sequences → the hash that goes on. */
  gone: 'atedb/v1/gone',
  /** Writers, their counters and last seals → the hash of them that a snapshot has. */
  writers: 'atedb/v1/writers',
  /** A name → primary key. */
  name: 'atedb/v1/name',
  /** Header of an act → act hash. */
  act: 'atedb/v1/act',
  /** What a recovery code stands for → what shows typing errors. */
  recoveryCode: 'atedb/v1/recovery-code',
  /** AccountSecrets → the hash that an act has of them. */
  accountSecrets: 'atedb/v1/account-secrets',
  /** The client's hello → transcript of a handshake. Those below hash the one before them, and what was added. */
  wireClientHello: 'atedb/v1/wire-client-hello',
  /** The server's parameters → transcript. */
  wireParameters: 'atedb/v1/wire-parameters',
  /** The server's identity → transcript. */
  wireIdentity: 'atedb/v1/wire-identity',
  /** The server's signature → transcript. */
  wireSignature: 'atedb/v1/wire-signature',
  /** The server's MAC → transcript. */
  wireFinished: 'atedb/v1/wire-finished',
} as const;

/** What secrets that are encrypted to a key are for: the `info` of HPKE. */
export const hpkeInfos = {
  /** A read key, for one of its readers. */
  wrappedKey: 'atedb/v1/wrapped-key',
  /** The secret of a role's key in a group, for one who is to have it. */
  roleKey: 'atedb/v1/role-key',
  /** The secret of a handshake; the transcript after the client's hello follows. */
  wire: 'atedb/v1/wire-secret',
} as const;

/** What begins the AAD of secrets that are sealed, but not to a chain. */
export const aadTags = {
  /** The seeds of a key; its fingerprint follows. */
  keyFile: 'atedb/v1/key-file',
  /** Keys of an account, in a vault; which vault, and the account's name follow. */
  vault: 'atedb/v1/vault',
} as const;

/** What begins the bytes under a MAC, by a key that one process has alone. */
export const macTags = {
  /** Chain id, fingerprints of keys, times → ticket of the first of them. */
  ticket: 'atedb/v1/ticket',
  /** Kind of a record of accounts, what it is about → primary key of its object. */
  authRecord: 'atedb/v1/auth-record',
  /** Name of an account → the salt that is told where there is no such account. */
  unknownSalt: 'atedb/v1/unknown-salt',
  /** Account, purpose, code → what is kept of a code that was sent. */
  sentCode: 'atedb/v1/sent-code',
} as const;

/** What begins the `info` of HKDF-Expand, for the keys of accounts. */
export const accountInfos = {
  /** What Argon2id makes of a password → seed of the key that logins are signed with; the account's name follows. */
  loginSeed: 'atedb/v1/login-seed',
  /** The same → key of the vaults that a password opens; which vault, and the account's name follow. */
  loginVault: 'atedb/v1/login-vault',
  /** Recovery code → seed of the key of recovery; the account's name follows. */
  recoverySeed: 'atedb/v1/recovery-seed',
  /** The same → key of the vault that the code opens; the account's name follows. */
  recoveryVault: 'atedb/v1/recovery-vault',
  /** Secret of an auth service → seed of the key that its chain is written with, then the salt of its writer. */
  authWriter: 'atedb/v1/auth-writer',
  /** The same → read key of its chain. */
  authReadKey: 'atedb/v1/auth-read-key',
  /** The same → key of its MACs. */
  authMacKey: 'atedb/v1/auth-mac-key',
} as const;

/** What begins the `info` of HKDF-Expand, for the keys of the tunnel: docs/wire.md has them all in a table. */
export const wireInfos = {
  /** Handshake secret → key that the server's proof is sealed with. */
  proofKey: 'atedb/v1/wire-proof-key',
  /** Handshake secret → key of the server's MAC over the transcript. */
  serverFinished: 'atedb/v1/wire-server-finished',
  /** Handshake secret → key of the client's MAC over the transcript. */
  clientFinished: 'atedb/v1/wire-client-finished',
  /** Handshake secret, transcript → master secret. */
  master: 'atedb/v1/wire-master',
  /** Master secret → root of the keys of what clients send. */
  clientRoot: 'atedb/v1/wire-client-root',
  /** Master secret → root of the keys of what servers send. */
  serverRoot: 'atedb/v1/wire-server-root',
  /** Master secret → exporter, which proofs of keys are tied to. */
  exporter: 'atedb/v1/wire-exporter',
  /** Root, call → secret of one direction of a call. */
  call: 'atedb/v1/wire-call',
  /** Secret of a direction → its key. */
  key: 'atedb/v1/wire-key',
  /** Secret of a direction → the next one. */
  ratchet: 'atedb/v1/wire-ratchet',
} as const;

/** Contexts of signatures: the `ctx` of the composite. */
export const signatureContexts = {
  /** Over the header of a seal. */
  seal: 'atedb/v1/seal',
  /** Over what ties the proof of a key to one stream. */
  proof: 'atedb/v1/proof',
  /** Over what ties the proof of a key to one stream and the object that it locks. */
  lock: 'atedb/v1/lock',
  /** Over what ties the proof of a key to one stream and the private chain that it opens. */
  ticket: 'atedb/v1/ticket',
  /** Over what ties the wish to delete a chain to one stream and one state of the chain. */
  deleteChain: 'atedb/v1/delete-chain',
  /** Over the keys that a server signs checkpoints with. */
  checkpointKeys: 'atedb/v1/checkpoint-keys',
  /** Over the header of a rotation of a server's identity, by the key that is followed. */
  identityRotation: 'atedb/v1/identity-rotation',
  /** Over the same, by the key that follows: whoever rotates has it. */
  identityPossession: 'atedb/v1/identity-possession',
  /** Over what ties a login to one stream, by the key that follows from the password. */
  login: 'atedb/v1/login',
  /** Over what ties a recovery to one stream, by the key that follows from the recovery code. */
  recovery: 'atedb/v1/recovery',
  /** Over the header of an act, by each key that it wants. */
  act: 'atedb/v1/act',
  /** Over the header of an answer about an owner, by the identity of an auth service. */
  authAnswer: 'atedb/v1/auth-answer',
  /** Over the transcript of a handshake, by the server. */
  wire: 'atedb/v1/wire',
  /** Over what ties the proof of a key to one stream, and the group that is asked about. */
  group: 'atedb/v1/group',
  /** Over the header of a delegation, by the key that delegates. */
  delegation: 'atedb/v1/delegation',
  /** Over the same, by the key that is delegated to: whoever has the delegation made has that key. */
  delegationPossession: 'atedb/v1/delegation-possession',
} as const;
