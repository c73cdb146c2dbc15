import type { KeyPair, PaddingRule } from '../crypto/index.ts';
import type { ChainKey, DelegatedRight, TrustMode } from '../event/index.ts';
import type { Chain } from './chain.ts';
import type { RoleKeysNow } from './group-keys.ts';
import type { OnNotice } from './notice.ts';
import type { Transport } from './transport.ts';

/** What a chain is opened with, all decided. */
export interface ChainOptions {
  readonly transport: Transport;
  readonly chainKey: ChainKey;
  /** Absolute path; undefined: nothing is kept. */
  readonly home: string | undefined;
  /** The same, of what the writer remembers. */
  readonly writerHome: string | undefined;
  readonly loadKey: () => Promise<KeyPair>;
  /** The key of whoever writes by that of a role: undefined where no other is written with. Absent: nobody does. */
  readonly loadAuthor?: (() => Promise<KeyPair | undefined>) | undefined;
  /** The keys of the group's roles, where the user looks after its readers. Absent: the chain is no group's. */
  readonly loadRoleKeys?: (() => Promise<RoleKeysNow | undefined>) | undefined;
  /** Whether that one is named as the author. */
  readonly signsAsMember: boolean;
  /** By which the key may write and read; undefined: by rules that name it. */
  readonly right: DelegatedRight | undefined;
  /** Keys that read keys may have been handed out to. */
  readonly loadReadKeys: () => Promise<readonly KeyPair[]>;
  /** Undefined: as the chain is. */
  readonly checkRules: boolean | undefined;
  /** 32 bytes. */
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
  /** Whether the chain seals its data, if it is created. */
  readonly isConfidential: boolean;
  /** Whether only those whom its rules name may open the chain, if it is created. */
  readonly isPrivate: boolean;
  /** Whether the name of an owner that nobody has is claimed, where the server allows it. */
  readonly claims: boolean;
  /** How far the size of sealed data is hidden. */
  readonly padding: PaddingRule;
  readonly reconnectMs: number;
  readonly signBatches: boolean;
  readonly readDamaged: boolean;
  /** Whether the server needn't be the one that keeps the chain. */
  readonly asCopy: boolean;
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
  readonly queueBytesMax: number;
  readonly onNotice: OnNotice;
  /** The chain is closed, for whoever keeps a list. */
  readonly onClosed: (chain: Chain) => void;
}
