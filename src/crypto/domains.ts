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
  /** A name → primary key. */
  name: 'atedb/v1/name',
} as const;

/** What secrets that are encrypted to a key are for: the `info` of HPKE. */
export const hpkeInfos = {
  /** A read key, for one of its readers. */
  wrappedKey: 'atedb/v1/wrapped-key',
} as const;

/** What begins the AAD of secrets that are sealed, but not to a chain. */
export const aadTags = {
  /** The seeds of a key; its fingerprint follows. */
  keyFile: 'atedb/v1/key-file',
} as const;

/** What begins the bytes under a MAC, by a key that one process has alone. */
export const macTags = {
  /** Chain id, fingerprint of a key, time → ticket of that key. */
  ticket: 'atedb/v1/ticket',
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
} as const;
