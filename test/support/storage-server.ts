import pino from 'pino';
import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { ChainRegistry } from '../../src/chain/index.ts';
import { KeyPair, NoteKeyPair } from '../../src/crypto/index.ts';
import type { Storage } from '../../src/log/index.ts';
import { chainService } from '../../src/server/chain-service.ts';
import { Checkpoints } from '../../src/server/checkpoints.ts';
import { defaultServerLimits } from '../../src/server/limits.ts';
import { serveGrpc, serving } from '../../src/server/serve-grpc.ts';
import { SliceMemory } from '../../src/server/slice-memory.ts';
import { Tickets } from '../../src/server/tickets.ts';
import { certifyCheckpointKeys } from '../../src/trust/index.ts';

/** Of all of them, since clients remember it. */
const identityKey = KeyPair.generate();

/** What a server of this process is put together from, where `startServer` has one way only. */
export interface StorageServerOptions {
  readonly storage: Storage;
  readonly logsPath: string;
  /** Default: this machine's clock. */
  readonly now?: () => number;
}

/** A server of this process on a file system of the test's. */
export interface StorageServer extends AsyncDisposable {
  readonly address: string;
}

/** Start a server for distributed chains. Disposing of it shuts it down in good order. */
export async function startStorageServer(options: StorageServerOptions): Promise<StorageServer> {
  const { storage, logsPath, now = Date.now } = options;
  const checkpointKeys = NoteKeyPair.generate();
  const signer = await certifyCheckpointKeys(checkpointKeys.publicKeys, identityKey);
  const checkpoints = new Checkpoints({ keys: checkpointKeys, signer, now });
  const { publicKey: identity } = identityKey;
  const logger = pino({ level: 'silent' });
  const common = { trustMode: 'distributed', now } as const;
  const sliceMemory = new SliceMemory({ bytesMax: 1_000_000 });
  const registry = new ChainRegistry({
    ...common,
    storage,
    logsPath,
    serverIdentity: identity,
    openChainsMax: 10,
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
        }),
      ),
    ],
  });
  return {
    address: `127.0.0.1:${grpc.port}`,
    [Symbol.asyncDispose]: async () => {
      await grpc.drain();
      await registry.close();
    },
  };
}
