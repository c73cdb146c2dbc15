import type { DescFile } from '@bufbuild/protobuf';
import { type Server, setLogger } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { WireService } from '../../gen/atedb/v1/wire_pb.js';
import { AtedbError } from '../bytes/index.ts';
import type { ByteBudget } from './byte-budget.ts';
import { drain } from './drain.ts';
import { listenForGrpc, makeGrpcServer } from './grpc-server.ts';
import { Health } from './health.ts';
import { type ServerLimits, StreamCounter } from './limits.ts';
import type { ResolveHost } from './listen.ts';
import { LiveCalls } from './live-calls.ts';
import type { Method, Methods, Service } from './method.ts';
import { addReflection } from './reflection.ts';
import type { CallContext, NamedMethod } from './serve-call.ts';
import { addService, methodsByPath } from './serve-method.ts';
import type { TlsFiles } from './tls-files.ts';
import { serveWire, type WireSetup } from './wire-service.ts';

/** A service with its methods; made by `serving`, which checks that they fit. */
export interface ServedService {
  readonly file: DescFile;
  readonly typeName: string;
  /** Its methods by their paths. */
  readonly methods: ReadonlyMap<string, NamedMethod<Method>>;
  /** @param refusal what all calls are refused with; absent: they are served. */
  addTo(server: Server, context: CallContext, refusal: AtedbError | undefined): void;
}

/** Pair a generated service with its methods. */
export function serving<Described extends Service>(
  service: Described,
  methods: Methods<Described>,
): ServedService {
  return {
    file: service.file,
    typeName: service.typeName,
    methods: methodsByPath(service, methods),
    addTo: (server, context, refusal) => addService(server, service, methods, context, refusal),
  };
}

export interface GrpcOptions {
  /** As `ListenOptions`. */
  readonly listen: readonly string[];
  readonly port: number;
  readonly resolveHost?: ResolveHost | undefined;
  readonly limits: ServerLimits;
  readonly logger: Logger;
  /** Files whose types no service mentions, but that tools want to look up: those of error details. */
  readonly otherFiles: readonly DescFile[];
  readonly services: readonly ServedService[];
  /** Where its calls are counted. Absent: where nobody else looks. */
  readonly calls?: LiveCalls;
  /** What is being received, of all calls. Absent: as the limits say. */
  readonly uploads?: ByteBudget;
  /** What the encrypted tunnel is served with. Absent: there is none. */
  readonly wire?: WireSetup;
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
  const { limits, logger, services, tls: tlsFiles, calls = new LiveCalls() } = options;
  setLogger(transportLogger(logger));
  const server = makeGrpcServer(limits, options.uploads);
  const context = { logger, calls, streams: new StreamCounter(limits) };
  const { wire: setup } = options;
  const refusal = setup?.required === undefined ? undefined : encryptionRequired(setup.required);
  for (const service of services) service.addTo(server, context, refusal);
  const methods = new Map(services.flatMap((service) => [...service.methods]));
  const wire = setup && serveWire(setup, methods, context);
  if (wire !== undefined) server.addService(wire.definition, wire.handlers);
  const wireFiles = wire === undefined ? [] : [WireService.file];
  const wireNames = wire === undefined ? [] : [WireService.typeName];
  const health = new Health([...services.map(({ typeName }) => typeName), ...wireNames]);
  health.addTo(server);
  const files = services.map(({ file }) => file);
  addReflection(server, [...files, ...wireFiles, ...options.otherFiles]);
  const { connectionsMax, handshakeMs } = limits;
  const { listen, port, resolveHost } = options;
  const tls = tlsFiles && { files: tlsFiles, handshakeMs, logger };
  const listeners = await listenForGrpc(server, {
    listen,
    port,
    resolveHost,
    connectionsMax,
    ...(tls && { tls }),
  }).catch((error: unknown) => {
    tlsFiles?.stop();
    wire?.stop();
    server.forceShutdown();
    throw error;
  });
  let drained: Promise<void> | undefined;
  return {
    addresses: listeners.addresses,
    port: listeners.port,
    drain: (drainOptions = {}) => {
      drained ??= drain({ server, listeners, health, calls, logger, ...drainOptions }).finally(() =>
        wire?.stop(),
      );
      return drained;
    },
  };
}

/** The refusal of calls that come without the tunnel, by a server that requires it. */
function encryptionRequired(keyBits: number): AtedbError {
  return new AtedbError(
    'WIRE_REQUIRED',
    `this server takes calls through its encrypted tunnel only, and this one came without. Use an atedb command without --plain, or connect() without encryption: 'plain'; or call WireService, as docs/wire.md says. For tools that can't, its operator may turn this off (--no-wire-encryption)`,
    { metadata: { key_bits: String(keyBits) } },
  );
}

/** What the transport says quotes what peers send: it belongs into fields of the log, not between its lines. */
function transportLogger(logger: Logger): Partial<Console> {
  const log = (...said: unknown[]) => logger.debug({ said: said.join(' ') }, 'the transport says');
  return { error: log, info: log, debug: log };
}
