import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import {
  AppendRequestSchema,
  type AppendResponse,
  AppendResponseSchema,
  type ChainDamageSchema,
  ChainService,
  type GetEventRequest,
  type GetProofRequest,
  type LoadDataRequest,
  type OpenChainRequest,
  type ReadEventsRequest,
  ReadEventsResponseSchema,
  SubscribeResponseSchema,
} from '../../../gen/atedb/v1/chain_pb.js';
import { CheckpointKeysSchema } from '../../../gen/atedb/v1/checkpoint_pb.js';
import { SealSchema } from '../../../gen/atedb/v1/event_pb.js';
import { IdentityRotationSchema } from '../../../gen/atedb/v1/identity_pb.js';
import { AtedbError, FieldCursor, FieldWriter } from '../../../src/bytes/index.ts';
import { KeyPair, NoteKeyPair, type PublicKey } from '../../../src/crypto/index.ts';
import { parseBatch, runFields, type TrustMode } from '../../../src/event/index.ts';
import { signingInTurn } from '../../../src/server/handshakes.ts';
import { completeLimits } from '../../../src/server/limits.ts';
import {
  bidiStream,
  type DuplexCall,
  type Methods,
  type SendingCall,
  serverStream,
  unary,
  unaryBytes,
} from '../../../src/server/method.ts';
import {
  toLogSegment,
  toPublicKey,
  toTreeHead,
  toTrustMode,
} from '../../../src/server/methods/to-message.ts';
import { type RunningGrpc, serveGrpc, serving } from '../../../src/server/serve-grpc.ts';
import {
  type CertifiedKeys,
  certifyCheckpointKeys,
  signCheckpoint,
} from '../../../src/trust/index.ts';
import { SessionTable } from '../../../src/wire/index.ts';
import { fired, unsupported } from '../fake-service.ts';
import type { ForgedChain } from './forged-chain.ts';

/** A method that shows something of a chain. */
export type Shown = 'open' | 'read' | 'back' | 'live' | 'get' | 'prove';

/** Which history somebody is shown, by what is asked; it may be another one each time. */
export type View = (
  asked: Shown,
  request: { readonly knownSize?: bigint; readonly fromSize?: bigint; readonly size?: bigint },
) => ForgedChain;

/**
 * A server that stores nothing and checks nothing: it serves histories that a test makes up, each consistent in itself, with heads
 * and proofs, and says of each append that it was taken.
 */
export class MaliciousServer {
  /** Its identity, which a centralized chain names. */
  readonly identity: KeyPair;
  view: View;
  /** What it answers about keys, beside those of the history. */
  readonly keys: PublicKey[] = [];
  /** Batches that it was sent. */
  readonly taken: Buffer[] = [];
  /** Where it puts them; undefined: nowhere. */
  into: ForgedChain | undefined;
  /** What it waits for before it answers. */
  stall: (asked: Shown) => Promise<void> | undefined = () => undefined;
  /** Whether it says that there is no chain yet. */
  isHidden = false;
  /** The mode of chains that it says it makes; undefined: that of the chain. */
  makes: TrustMode | undefined;
  /** What it says is damaged. */
  readonly damages: MessageInitShape<typeof ChainDamageSchema>[] = [];
  /** What it ends reading and fetching with, in place of all that comes behind what it has. */
  refusal: AtedbError | undefined;
  /** The commit that it starts streams at; undefined: where it should. */
  startsAt: number | undefined;
  /** Number of the first commit of the second message in which it sends several. */
  cutAt: number | undefined;
  /** Who it says that it is; undefined: its identity, which was never rotated. */
  shows: { readonly identity: KeyPair; readonly rotations: readonly Buffer[] } | undefined;
  /** ListChildrenResponse messages that it answers with who asks for children. */
  children: () => readonly Buffer[] = () => [];
  /** LoadDataResponse messages that it answers with who asks for data. */
  data: (request: LoadDataRequest) => readonly Buffer[] = () => [];
  /** How often it was asked to open a chain. */
  opened = 0;
  /** It signs whatever it shows. */
  readonly #notes = NoteKeyPair.generate();
  readonly #signed = new Map<string, Promise<string>>();
  readonly #certified = new Map<KeyPair, Promise<CertifiedKeys>>();
  #grpc: RunningGrpc | undefined;

  private constructor(view: View, identity: KeyPair) {
    this.view = view;
    this.identity = identity;
  }

  /** Ends with the test. */
  static async start(
    view: View,
    identity = KeyPair.generate({ forSigningOnly: true }),
  ): Promise<MaliciousServer> {
    const server = new MaliciousServer(view, identity);
    const limits = completeLimits({});
    server.#grpc = await serveGrpc({
      listen: ['127.0.0.1'],
      port: 0,
      limits,
      // It encrypts for those who ask.
      wire: {
        get identity() {
          return signingInTurn(server.#shown.identity);
        },
        get rotations() {
          return server.#shown.rotations;
        },
        required: undefined,
        sessions: new SessionTable(),
        limits,
      },
      logger: pino({ level: 'silent' }),
      otherFiles: [],
      services: [serving(ChainService, server.#methods())],
    });
    onTestFinished(() => server.#grpc?.drain({ limitMs: 0 }));
    return server;
  }

  get #shown() {
    return this.shows ?? { identity: this.identity, rotations: [] };
  }

  get address(): string {
    return this.#grpc?.addresses[0] ?? '';
  }

  #methods(): Methods<typeof ChainService> {
    const { method } = ChainService;
    return {
      openChain: unary(method.openChain, async (request) => this.#open(request)),
      getTicket: bidiStream(method.getTicket, unsupported),
      describeChain: unary(method.describeChain, unsupported),
      listChains: unary(method.listChains, unsupported),
      deleteChain: bidiStream(method.deleteChain, unsupported),
      lock: bidiStream(method.lock, unsupported),
      append: bidiStream(method.append, (call) => this.#append(call)),
      appendBatch: unaryBytes(method.appendBatch, unsupported),
      subscribe: serverStream(method.subscribe, { endsAtDrain: true }, ({ from }, call) =>
        this.#subscribe(from.case === 'sequence' ? Number(from.value) : 0, call),
      ),
      readEvents: serverStream(method.readEvents, { endsAtDrain: false }, (request, call) =>
        request.reverse ? this.#readBack(request, call) : this.#read(request, call),
      ),
      getEvent: unary(method.getEvent, async (request) => this.#get(request)),
      listChildren: serverStream(method.listChildren, { endsAtDrain: false }, (_request, call) =>
        this.#children(call),
      ),
      loadData: serverStream(method.loadData, { endsAtDrain: false }, (request, call) =>
        this.#load(request, call),
      ),
      getKeys: unary(method.getKeys, async () => ({ keys: this.#allKeys().map(toPublicKey) })),
      getProof: unary(method.getProof, async (request) => this.#prove(request)),
    };
  }

  #allKeys(): PublicKey[] {
    return [...this.keys, ...this.view('open', {}).shownKeys];
  }

  #checkpoint(chain: ForgedChain): Promise<string> {
    const { chainId } = chain.genesis;
    const head = chain.head();
    const name = head.root.toString('hex');
    const note = this.#signed.get(name);
    if (note !== undefined) return note;
    const signing = signCheckpoint({ chainId, head, timeUnixS: 1_700_000_000 }, this.#notes);
    this.#signed.set(name, signing);
    return signing;
  }

  async #open(request: OpenChainRequest) {
    const chain = this.view('open', request);
    const known = Number(request.knownSize);
    if (known > chain.size) throw new AtedbError('SEQUENCE_OUT_OF_RANGE', 'it is not so long');
    const writer = chain.writerState(Buffer.from(request.writerId));
    const { identity, rotations } = this.#shown;
    this.opened += 1;
    if (!this.#certified.has(identity)) {
      this.#certified.set(identity, certifyCheckpointKeys(this.#notes.publicKeys, identity));
    }
    const { message } = (await this.#certified.get(identity)) as CertifiedKeys;
    const itself = {
      checkpointKeys: fromBinary(CheckpointKeysSchema, message),
      serverIdentity: toPublicKey(identity.publicKey),
      identityRotations: rotations.map((one) => fromBinary(IdentityRotationSchema, one)),
      trustMode: toTrustMode(this.makes ?? chain.genesis.trustMode),
    };
    if (this.isHidden) return itself;
    return {
      ...itself,
      checkpoint: await this.#checkpoint(chain),
      genesis: toLogSegment(chain.slice(0, 1)),
      head: toTreeHead(chain.head()),
      nextSequence: BigInt(chain.nextSequence),
      damages: this.damages,
      consistency: chain.consistency(known, chain.size),
      ...(request.writerId.length === 0
        ? {}
        : {
            writer: {
              nextCounter: BigInt(writer.nextCounter),
              ...(writer.lastSeal && { lastSeal: fromBinary(SealSchema, writer.lastSeal) }),
            },
          }),
    };
  }

  async #append(call: DuplexCall): Promise<void> {
    const answer = (
      outcome: AppendResponse['outcome'],
      sealHash: Uint8Array<ArrayBuffer> = Buffer.alloc(0),
    ) => {
      const message = create(AppendResponseSchema, { sealHash, outcome });
      return call.send(Buffer.from(toBinary(AppendResponseSchema, message)));
    };
    for await (const message of call.requests) {
      const run = runOf(message);
      const { proof } = fromBinary(AppendRequestSchema, message);
      if (proof !== undefined) {
        const { fingerprint } = proof.signature ?? {};
        await answer(outcomeOf('proven', { fingerprint }));
        continue;
      }
      if (run.length === 0) {
        await answer(outcomeOf('conversation', { conversationId: Buffer.alloc(32, 7) }));
        continue;
      }
      this.taken.push(Buffer.from(run));
      const into = this.into ?? this.view('open', {}).copy();
      into.accept(Buffer.from(run));
      const committed = { commitHeader: into.lastHeader, head: toTreeHead(into.head()) };
      await answer(outcomeOf('committed', committed), Buffer.from(parseBatch(run).seal.hash));
    }
  }

  async #subscribe(from: number, call: SendingCall): Promise<void> {
    const chain = this.view('live', {});
    const first = this.startsAt ?? chain.commitAt(from);
    await call.send(encode(SubscribeResponseSchema, 'start', start(chain, first)));
    await this.#sendLog(chain, { first, end: chain.size }, call);
    if (this.refusal !== undefined) throw this.refusal;
    const note = new FieldWriter().string(6, await this.#checkpoint(chain)).finish();
    await call.send(note);
    const caughtUp = { head: toTreeHead(chain.head()), nextSequence: BigInt(chain.nextSequence) };
    await call.send(encode(SubscribeResponseSchema, 'caughtUp', caughtUp));
    await fired(call.signal);
  }

  async #read(request: ReadEventsRequest, call: SendingCall): Promise<void> {
    const stalled = this.stall('read');
    if (stalled !== undefined) await Promise.race([stalled, fired(call.signal)]);
    const chain = this.view('read', {});
    const first = chain.commitAt(Number(request.fromSequence));
    const end =
      request.endSequence === undefined
        ? chain.size
        : Math.max(first, chain.commitAt(Number(request.endSequence) - 1) + 1);
    const last = Math.min(end, chain.size);
    await call.send(encode(ReadEventsResponseSchema, 'start', start(chain, first)));
    await this.#sendLog(chain, { first, end: last }, call);
    if (this.refusal !== undefined) throw this.refusal;
    const consistency = chain.consistency(last, chain.size);
    const endOfRange = { endCommit: BigInt(last), consistency };
    await call.send(encode(ReadEventsResponseSchema, 'end', endOfRange));
  }

  /** Commits, in two messages where they are to be cut. */
  async #sendLog(
    chain: ForgedChain,
    { first, end }: { readonly first: number; readonly end: number },
    call: SendingCall,
  ): Promise<void> {
    const cut = Math.min(Math.max(this.cutAt ?? first, first), end);
    if (first < cut) await call.send(log(chain.slice(first, cut)));
    if (cut < end) await call.send(log(chain.slice(cut, end)));
  }

  /** Backwards, a batch a message. */
  async #readBack(_request: ReadEventsRequest, call: SendingCall): Promise<void> {
    const chain = this.view('back', {});
    await call.send(encode(ReadEventsResponseSchema, 'start', start(chain, chain.size)));
    for (let commit = chain.size - 1; commit >= 0; commit -= 1) {
      await call.send(log(chain.slice(commit, commit + 1), chain.frontier(commit)));
    }
    if (this.refusal !== undefined) throw this.refusal;
  }

  #get({ event }: GetEventRequest) {
    if (this.refusal !== undefined) throw this.refusal;
    const chain = this.view('get', {});
    const sequence =
      event.case === 'sequence'
        ? Number(event.value)
        : chain.newestOf(Buffer.from(event.value ?? []));
    const commit = chain.commitAt(sequence);
    return {
      log: toLogSegment(chain.slice(commit, commit + 1)),
      sequence: BigInt(sequence),
      head: toTreeHead(chain.head()),
      inclusion: chain.inclusion(commit, chain.size),
    };
  }

  async #load(request: LoadDataRequest, call: SendingCall): Promise<void> {
    for (const message of this.data(request)) await call.send(message);
  }

  async #children(call: SendingCall): Promise<void> {
    for (const message of this.children()) await call.send(message);
  }

  #prove(request: GetProofRequest) {
    const chain = this.view('prove', request);
    // Of what is longer it shows what it has.
    const size = Math.min(Number(request.size) || chain.size, chain.size);
    const fromSize = Number(request.fromSize);
    return {
      genesis: toLogSegment(chain.slice(0, 1)),
      genesisInclusion: chain.inclusion(0, size),
      head: toTreeHead(chain.head(size)),
      lastCommitHeader: chain.headerOf(size - 1),
      lastInclusion: chain.inclusion(size - 1, size),
      ...(request.sequence === undefined
        ? {}
        : { event: chain.eventProof(Number(request.sequence), size, this.#allKeys()) }),
      ...(fromSize === 0 || fromSize > size
        ? {}
        : {
            from: toTreeHead(chain.head(fromSize)),
            consistency: chain.consistency(fromSize, size),
          }),
    };
  }
}

function start(chain: ForgedChain, commit: number) {
  return {
    chainId: chain.genesis.chainId,
    genesis: toLogSegment(chain.slice(0, 1)),
    head: toTreeHead(chain.head()),
    startCommit: BigInt(commit),
    startSequence: BigInt(chain.sequenceOf(commit)),
    frontier: chain.frontier(commit),
    consistency: chain.consistency(commit, chain.size),
  };
}

function encode(
  schema: typeof ReadEventsResponseSchema | typeof SubscribeResponseSchema,
  name: string,
  value: object,
): Buffer {
  const message = create(schema, { message: { case: name, value } } as never);
  return Buffer.from(toBinary(schema, message as never));
}

/** A slice of the log, byte for byte; going backwards with a frontier. */
function log(slice: Buffer, frontier: readonly Buffer[] = []): Buffer {
  const writer = new FieldWriter().message(2, slice);
  for (const hash of frontier) writer.bytes(3, hash);
  return writer.finish();
}

function outcomeOf(name: string, value: object): AppendResponse['outcome'] {
  const message = create(AppendResponseSchema, { outcome: { case: name, value } } as never);
  return message.outcome;
}

/** The events and the seal of an append. */
function runOf(message: Buffer): Buffer {
  const cursor = new FieldCursor(message);
  let end = 0;
  while (cursor.next() && (cursor.field === runFields.event || cursor.field === runFields.seal)) {
    end = cursor.end;
  }
  return message.subarray(0, end);
}
