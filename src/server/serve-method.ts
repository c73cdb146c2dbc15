import type { DescMethod } from '@bufbuild/protobuf';
import type {
  MethodDefinition,
  Server,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { type Sendable, serializeSendable } from './framed-message.ts';
import type { Method, Methods, Service } from './method.ts';
import { type CallContext, serveDuplex, serveStream, serveUnary } from './serve-call.ts';

/** Serve a generated service on a grpc-js server. */
export function addService<Described extends Service>(
  server: Server,
  service: Described,
  methods: Methods<Described>,
  context: CallContext,
): void {
  const definition: Record<string, MethodDefinition<Buffer, Sendable>> = {};
  const handlers: Record<string, UntypedHandleCall> = {};
  for (const [name, method] of Object.entries<Method>(methods)) {
    const described = service.method[name];
    if (described === undefined) throw new Error(`${service.typeName} has no method ${name}`);
    definition[name] = bytesDefinition(described);
    handlers[name] = handlerOf(method, `${service.typeName}/${described.name}`, context);
  }
  server.addService(definition, handlers);
}

/** The transport gets and gives bytes: what is decoded, is decoded where an error can still have its reason. */
function bytesDefinition(method: DescMethod): MethodDefinition<Buffer, Sendable> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream:
      method.methodKind === 'bidi_streaming' || method.methodKind === 'client_streaming',
    responseStream:
      method.methodKind === 'bidi_streaming' || method.methodKind === 'server_streaming',
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: serializeSendable,
    responseDeserialize: identity,
  };
}

const identity = (bytes: Buffer): Buffer => bytes;

function handlerOf(method: Method, name: string, context: CallContext): UntypedHandleCall {
  switch (method.kind) {
    case 'unary':
      return (surface: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) =>
        serveUnary({ method, name }, context, surface, answer);
    case 'server_streaming':
      return (surface: ServerWritableStream<Buffer, Sendable>) =>
        serveStream({ method, name }, context, surface);
    case 'bidi_streaming':
      return (surface: ServerDuplexStream<Buffer, Sendable>) =>
        serveDuplex({ method, name }, context, surface);
  }
}
