import type { KnownDelegation } from './delegations.ts';
import type { HorizonRecord } from './horizon.ts';
import type { KeyRingRecord } from './key-ring.ts';
import type { TreeFrame, TreeRecord } from './object-tree.ts';
import type { OwnershipRecord } from './ownership.ts';

/** Who may do what in a chain, as plain data. */
export interface AuthorityRecord extends TreeRecord, AuthorityFrame {}

/** The same without the objects. */
export interface AuthorityFrame extends TreeFrame, OwnershipRecord {
  readonly keys: KeyRingRecord;
  readonly delegations: readonly KnownDelegation[];
  /** The newest snapshot. Absent: there was none. */
  readonly horizon?: HorizonRecord | undefined;
}
