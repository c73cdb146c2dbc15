/** The limits of accounts, each with its reason. */

/** Header of an act. A user's takes 12 KB at most; a group's names its members and has a wrapped key for each. */
export const actHeaderBytesMax = 1_048_576;

/** Signatures of an act: creating a user takes three, and rotating all keys four. */
export const actSignaturesMax = 16;

/** Keys that were replaced or taken back, an account. All of them are told to whoever asks for what has changed, in 64 bytes each. */
export const changedKeysMax = 1_024;

/**
 * Of these, so many are left to whoever owns the account: whoever may take back delegated keys, or give lower roles, and no more, would else use
 * them all up, and then never be removed. A removal takes one for each role at most.
 */
export const changedKeysReserve = 256;

/** Acts of an account: whoever reads one reads them all. The last ones are left to its owner, for the same reason. */
export const actsMax = 10_000;
export const actsReserve = 1_000;

/** Bytes of all acts of an account: whoever reads one has them all in memory. A removal from a group of 200 takes 300 KB, and 1 MiB at most. */
export const actsBytesMax = 128 * 1_048_576;
export const actsBytesReserve = 32 * 1_048_576;

/** A vault, in bytes: seven keys take some 960. */
export const vaultBytesMax = 1_024;
/** Keys in a vault: a user's, that of sudo, and those that the user had before. */
export const vaultKeysMax = 7;
/** Keys that a user had before, of which the vaults have the secrets: what was sealed for older ones opens with a copy of those only. */
export const formerKeysMax = vaultKeysMax - 2;

/** The secret of a second factor; RFC 4226 wants 16 at least. */
export const totpSecretBytes = { least: 16, most: 64 } as const;

/** Members of a group, in all its roles: an act that gives all of them new keys has room in its header. */
export const groupMembersMax = 200;

/** Roles of a group, with those that each has. */
export const groupRolesMax = 16;

/** The name of a role. */
export const roleNameBytesMax = 32;

/** The secret of a role's key, sealed for a member: 1,300 bytes. */
export const roleWrapBytesMax = 2_048;
