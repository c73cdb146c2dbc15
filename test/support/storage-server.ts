import pino from 'pino';
import { OwnerService } from '../../gen/atedb/v1/answer_pb.js';
import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { ChainRegistry, type QuotaSettings } from '../../src/chain/index.ts';
import { KeyPair, NoteKeyPair } from '../../src/crypto/index.ts';
import type { TrustMode } from '../../src/event/index.ts';
import type { Storage } from '../../src/log/index.ts';
import { chainService } from '../../src/server/chain-service.ts';
import { Checkpoints } from '../../src/server/checkpoints.ts';
import { defaultServerLimits } from '../../src/server/limits.ts';
import { ownerService } from '../../src/server/owner-service.ts';
import { type ServerAuth, serverOwners } from '../../src/server/owners/server-owners.ts';
import { serveGrpc, serving } from '../../src/server/serve-grpc.ts';
import { SliceMemory } from '../../src/server/slice-memory.ts';
import { Tickets } from '../../src/server/tickets.ts';
import { certifyCheckpointKeys, type IdentityLine, identityLineOf } from '../../src/trust/index.ts';

/** Of all of them, since clients remember it. */
const ofAllKey = KeyPair.generate({ forSigningOnly: true });
const ofAll = { keyPair: ofAllKey, line: identityLineOf(ofAllKey.publicKey) };

/** What a server of this process is put together from, where `startServer` has one way only. */
export interface StorageServerOptions {
  readonly storage: Storage;
  readonly logsPath: string;
  /** Default: this machine's clock. */
  readonly now?: () => number;
  /** Default: distributed. */
  readonly trustMode?: TrustMode;
  readonly auth?: ServerAuth;
  readonly quotas?: QuotaSettings | undefined;
  /** Default: one that all servers of the process have. */
  readonly identity?: { readonly keyPair: KeyPair; readonly line: IdentityLine };
}

/** A server of this process on a file system of the test's. */
export interface StorageServer extends AsyncDisposable {
  readonly address: string;
  readonly registry: ChainRegistry;
}

/** Start a server for distributed chains, or others. Disposing of it shuts it down in good order. */
export async function startStorageServer(options: StorageServerOptions): Promise<StorageServer> {
  const { storage, logsPath, now = Date.now, trustMode = 'distributed', auth } = options;
  const { keyPair: identityKey, line } = options.identity ?? ofAll;
  const checkpointKeys = NoteKeyPair.generate();
  const signer = await certifyCheckpointKeys(checkpointKeys.publicKeys, identityKey, line);
  const checkpoints = new Checkpoints({ keys: checkpointKeys, signer, now });
  const { publicKey: identity } = identityKey;
  const logger = pino({ level: 'silent' });
  const common = { trustMode, now };
  const sliceMemory = new SliceMemory({ bytesMax: 1_000_000 });
  const owners = serverOwners({
    ...{ ...common, nowMs: now, auth, identity: identityKey, line, logger },
    openChains: () => registry.openChains(),
  });
  const registry: ChainRegistry = new ChainRegistry({
    ...common,
    ...owners.hooks,
    storage,
    logsPath,
    serverIdentity: identity,
    openChainsMax: 10,
    quotas: options.quotas,
    logger,
  });
  const grpc = await serveGrpc({
    listen: ['127.0.0.1'],
    port: 0,
    limits: defaultServerLimits,
    logger,
    otherFiles: [],
    services: [
      serving(
        ChainService,
        chainService({
          ...common,
          registry,
          identity,
          checkpoints,
          sliceMemory,
          tickets: new Tickets(Date.now),
          owners: owners.keeper,
          offers: owners.offers,
          mayClaim: owners.mayClaim,
        }),
      ),
      ...(owners.served === undefined ? [] : [serving(OwnerService, ownerService(owners.served))]),
    ],
  });
  return {
    address: `127.0.0.1:${grpc.port}`,
    registry,
    [Symbol.asyncDispose]: async () => {
      await grpc.drain();
      await owners.close();
      await registry.close();
    },
  };
}
