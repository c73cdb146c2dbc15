import { FieldWriter, frame } from '../../../src/bytes/index.ts';
import { Frontier, type PublicKey, signatureContexts } from '../../../src/crypto/index.ts';
import {
  type BuiltEvent,
  buildEvent,
  buildGenesis,
  buildGenesisEvent,
  chainIdOf,
  commitLeaf,
  type EventInput,
  encodeCommit,
  encodeCommitHeader,
  type GenesisInput,
  parseBatch,
  parseChainKey,
  publicKeyBytes,
  type SealInput,
  sealBatch,
  signatureBytes,
  type TreeHead,
} from '../../../src/event/index.ts';
import { type FixedKey, fixedBytes } from './fixed.ts';

// Chains whose every byte follows from what they are asked for.

/** What may be chosen of a batch; the rest continues the writer's chain of seals. */
export interface FixedBatchOptions extends Partial<SealInput> {
  /** Who signs; its writer unless it is given. */
  readonly signers?: readonly FixedKey[];
  /** Keys that its seal shows. */
  readonly shown?: readonly PublicKey[];
  /** Delegation messages that its seal shows, in the order of their path. */
  readonly delegations?: readonly Buffer[];
}

/** Events follow from their place in a file of vectors. */
export function fixedEvent(name: string, input: Partial<EventInput> = {}): BuiltEvent {
  return buildEvent({
    kind: 'data',
    primaryKey: fixedBytes(`object of ${name}`, 16),
    salt: fixedBytes(`salt of ${name}`, 16),
    data: input.kind === undefined || input.kind === 'data' ? Buffer.from(name) : Buffer.alloc(0),
    ...input,
  });
}

/** An event that says something of rights, of an object or of the root of the chain. */
export function fixedRules(name: string, input: Partial<EventInput>): BuiltEvent {
  return fixedEvent(name, { kind: 'rules', primaryKey: undefined, ...input });
}

/** A writer of a fixed chain. */
export class FixedWriter {
  readonly key: FixedKey;
  readonly chainId: Buffer;
  readonly salt: Buffer;
  counter = 0;
  previous: Buffer | undefined;
  asOf: TreeHead | undefined;

  constructor(chainId: Buffer, key: FixedKey, name = key.name) {
    this.chainId = chainId;
    this.key = key;
    this.salt = fixedBytes(`writer salt of ${name}`, 16);
  }

  /** The next run of this writer. */
  batch(events: readonly BuiltEvent[], options: FixedBatchOptions = {}): Buffer {
    const { run, hash } = this.make(events, options);
    this.counter += 1;
    this.previous = hash;
    this.asOf = options.asOf ?? this.asOf;
    return run;
  }

  /** A run that doesn't count. */
  make(events: readonly BuiltEvent[], options: FixedBatchOptions = {}) {
    const { signers = [this.key], shown = [], delegations = [], ...said } = options;
    const sealed = sealBatch({
      writer: {
        chainId: this.chainId,
        fingerprint: this.key.publicKey.fingerprint,
        salt: this.salt,
      },
      counter: this.counter,
      previous: this.previous,
      asOf: this.asOf,
      eventHeaders: events.map(({ header }) => header),
      ...said,
    });
    const frames = events.map((event) => event.frame);
    const shows = { keys: shown, delegations };
    return { run: signedRun(frames, sealed.header, signers, shows), hash: sealed.hash };
  }
}

/** Events and a seal, signed without randomness. */
export function signedRun(
  frames: readonly Buffer[],
  header: Buffer,
  signers: readonly FixedKey[],
  shown: { readonly keys?: readonly PublicKey[]; readonly delegations?: readonly Buffer[] } = {},
): Buffer {
  const seal = new FieldWriter().bytes(1, header);
  for (const { publicKey, sign } of [...signers].sort(byFingerprint)) {
    seal.message(2, signatureBytes(publicKey, sign(signatureContexts.seal, header)));
  }
  const { keys = [], delegations = [] } = shown;
  const sorted = [...keys].sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  for (const key of sorted) seal.message(3, publicKeyBytes(key));
  for (const delegation of delegations) seal.bytes(4, delegation);
  return Buffer.concat([...frames, frame(2, seal.finish())]);
}

function byFingerprint(a: FixedKey, b: FixedKey): number {
  return Buffer.compare(a.publicKey.fingerprint, b.publicKey.fingerprint);
}

/** What may be chosen of a genesis. */
export interface FixedGenesis extends Partial<Omit<GenesisInput, 'roots' | 'serverIdentity'>> {
  readonly roots: readonly [FixedKey, ...FixedKey[]];
  readonly server?: FixedKey;
}

/** A chain in memory that takes whatever it is given. */
export class FixedChain {
  readonly chainId: Buffer;
  readonly writer: FixedWriter;
  readonly genesisHeader: Buffer;
  /** Each batch with its commit. */
  readonly stored: Buffer[] = [];
  readonly frontier = Frontier.from(0, []);
  readonly heads: TreeHead[] = [];
  nextSequence = 0;
  timeUnixMs = 1_700_000_000_000;

  constructor({ roots, server, ...said }: FixedGenesis) {
    this.genesisHeader = buildGenesis({
      chainKey: parseChainKey('example.com/me/vectors'),
      trustMode: 'distributed',
      createdUnixMs: this.timeUnixMs,
      salt: fixedBytes('salt of a chain', 16),
      ...said,
      roots: roots.map(({ publicKey }) => publicKey),
      serverIdentity: server?.publicKey,
    });
    this.chainId = chainIdOf(this.genesisHeader);
    this.writer = new FixedWriter(this.chainId, roots[0]);
    const event = buildGenesisEvent(this.genesisHeader);
    this.accept(this.writer.batch([event], { signers: roots }));
  }

  get head(): TreeHead {
    return { size: this.frontier.size, root: this.frontier.root() };
  }

  /** Store a run, with any part of its commit chosen otherwise. */
  accept(
    run: Buffer,
    lies: Partial<{
      commit: number;
      firstSequence: number;
      events: number;
      timeUnixMs: number;
      sealHash: Buffer;
      treeRoot: Buffer;
    }> = {},
  ): void {
    const { seal } = parseBatch(run);
    const { treeRoot, ...header } = lies;
    this.timeUnixMs += 1;
    const headerBytes = encodeCommitHeader({
      commit: this.frontier.size,
      firstSequence: this.nextSequence,
      events: seal.events,
      timeUnixMs: this.timeUnixMs,
      sealHash: seal.hash,
      ...header,
    });
    this.frontier.append(commitLeaf(headerBytes));
    const root = treeRoot ?? this.frontier.root();
    const commit = encodeCommit({ run, header: headerBytes, treeRoot: root, durableOffset: 100 });
    this.stored.push(Buffer.concat([run, commit]));
    this.nextSequence += seal.events;
    this.heads.push(this.head);
  }
}
