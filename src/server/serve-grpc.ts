import type { DescFile } from '@bufbuild/protobuf';
import { type Server, setLogger } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { ByteBudget } from './byte-budget.ts';
import { drain } from './drain.ts';
import { listenForGrpc, makeGrpcServer } from './grpc-server.ts';
import { Health } from './health.ts';
import { type ServerLimits, StreamCounter } from './limits.ts';
import { LiveCalls } from './live-calls.ts';
import type { Methods, Service } from './method.ts';
import { addReflection } from './reflection.ts';
import { addService } from './serve-method.ts';
import type { TlsFiles } from './tls-files.ts';

/** A service with its methods; made by `serving`, which checks that they fit. */
export interface ServedService {
  readonly file: DescFile;
  readonly typeName: string;
  addTo(server: Server, context: Parameters<typeof addService>[3]): void;
}

/** Pair a generated service with its methods. */
export function serving<Described extends Service>(
  service: Described,
  methods: Methods<Described>,
): ServedService {
  return {
    file: service.file,
    typeName: service.typeName,
    addTo: (server, context) => addService(server, service, methods, context),
  };
}

export interface GrpcOptions {
  /** As `ListenOptions`. */
  readonly listen: readonly string[];
  readonly port: number;
  readonly limits: ServerLimits;
  readonly logger: Logger;
  /** Files whose types no service mentions, but that tools want to look up: those of error details. */
  readonly otherFiles: readonly DescFile[];
  readonly services: readonly ServedService[];
  /** Where its calls are counted. Absent: where nobody else looks. */
  readonly calls?: LiveCalls;
  /** What is being received, of all calls. Absent: as the limits say. */
  readonly uploads?: ByteBudget;
  /** What TLS is spoken with on TCP addresses. Absent: none is. */
  readonly tls?: TlsFiles | undefined;
}

/** A gRPC server that accepts calls. */
export interface RunningGrpc {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Shut down in good order, within `limitMs` and two seconds. Calling it again waits for the first. */
  drain(options?: { readonly limitMs?: number }): Promise<void>;
}

/**
 * Serve these services, health and reflection.
 * @throws AtedbError as `listen`.
 */
export async function serveGrpc(options: GrpcOptions): Promise<RunningGrpc> {
  const { limits, logger, services, tls: files, calls = new LiveCalls() } = options;
  setLogger(transportLogger(logger));
  const server = makeGrpcServer(limits, options.uploads);
  const context = { logger, calls, streams: new StreamCounter(limits) };
  for (const service of services) service.addTo(server, context);
  const health = new Health(services.map(({ typeName }) => typeName));
  health.addTo(server);
  addReflection(server, [...services.map(({ file }) => file), ...options.otherFiles]);
  const { connectionsMax, handshakeMs } = limits;
  const { listen, port } = options;
  const tls = files && { files, handshakeMs, logger };
  const listeners = await listenForGrpc(server, {
    listen,
    port,
    connectionsMax,
    ...(tls && { tls }),
  }).catch((error: unknown) => {
    files?.stop();
    server.forceShutdown();
    throw error;
  });
  let drained: Promise<void> | undefined;
  return {
    addresses: listeners.addresses,
    port: listeners.port,
    drain: (drainOptions = {}) => {
      drained ??= drain({ server, listeners, health, calls, logger, ...drainOptions });
      return drained;
    },
  };
}

/** What the transport says quotes what peers send: it belongs into fields of the log, not between its lines. */
function transportLogger(logger: Logger): Partial<Console> {
  const log = (...said: unknown[]) => logger.debug({ said: said.join(' ') }, 'the transport says');
  return { error: log, info: log, debug: log };
}
