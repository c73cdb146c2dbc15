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
import type { AtedbError } from '../bytes/index.ts';
import { type Sendable, serializeSendable } from './framed-message.ts';
import type { Method, Methods, Service } from './method.ts';
import {
  type CallContext,
  type NamedMethod,
  serveDuplex,
  serveStream,
  serveUnary,
} from './serve-call.ts';
import { serviceErrorOf } from './status.ts';

/** The methods of a generated service, by their paths: `/atedb.v1.ChainService/Append`. */
export function methodsByPath<Described extends Service>(
  service: Described,
  methods: Methods<Described>,
): Map<string, NamedMethod<Method>> {
  return new Map(
    describedMethods(service, methods).map(({ described, method }) => [
      pathOf(described),
      { name: `${service.typeName}/${described.name}`, method },
    ]),
  );
}

/**
 * Serve a generated service on a grpc-js server.
 * @param refusal what all of its calls are refused with; absent: they are served.
 */
export function addService<Described extends Service>(
  server: Server,
  service: Described,
  methods: Methods<Described>,
  context: CallContext,
  refusal?: AtedbError,
): void {
  const definition: Record<string, MethodDefinition<Buffer, Sendable>> = {};
  const handlers: Record<string, UntypedHandleCall> = {};
  for (const { localName, described, method } of describedMethods(service, methods)) {
    const name = `${service.typeName}/${described.name}`;
    definition[localName] = bytesDefinition(described);
    handlers[localName] =
      refusal === undefined ? handlerOf({ name, method }, context) : refuserOf(method, refusal);
  }
  server.addService(definition, handlers);
}

function describedMethods<Described extends Service>(
  service: Described,
  methods: Methods<Described>,
) {
  return Object.entries<Method>(methods).map(([localName, method]) => {
    const described = service.method[localName];
    if (described === undefined) throw new Error(`${service.typeName} has no method ${localName}`);
    return { localName, described, method };
  });
}

/** The transport gets and gives bytes: what is decoded, is decoded where an error can still have its reason. */
export function bytesDefinition(method: DescMethod): MethodDefinition<Buffer, Sendable> {
  return {
    path: pathOf(method),
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

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

const identity = (bytes: Buffer): Buffer => bytes;

/** What serves a method to the transport. */
export function handlerOf(
  { name, method }: NamedMethod<Method>,
  context: CallContext,
): UntypedHandleCall {
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

/** What refuses all calls of a method. */
function refuserOf(method: Method, refusal: AtedbError): UntypedHandleCall {
  if (method.kind === 'unary') {
    return (_surface: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) =>
      answer(serviceErrorOf(refusal));
  }
  return (surface: ServerWritableStream<Buffer, Sendable>) => {
    surface.emit('error', serviceErrorOf(refusal));
  };
}
