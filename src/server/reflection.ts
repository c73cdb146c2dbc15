import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { handleBidiStreamingCall, MethodDefinition, Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { file_grpc_health_v1_health } from '../../gen/grpc/health/v1/health_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { serviceErrorOf } from './status.ts';

/** Reflection streams that are open at once. */
export const reflectionStreamsMax = 256;

const versions = ['v1', 'v1alpha'];

/**
 * Serve reflection (v1 and v1alpha) of these files and all that they import, and of the health service, so that
 * tools need no proto file. The order of the files doesn't matter.
 */
export function addReflection(server: Server, files: readonly DescFile[]): void {
  const counter = { open: 0 };
  for (const version of versions) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const method = () => methodsOf(files).get(path) ?? missing(path);
    server.register<unknown, unknown>(
      path,
      (call: Parameters<Handler>[0]) => atMost(counter, onePerAnswer(method().handler))(call),
      (answer) => method().responseSerialize(answer),
      (bytes) => method().requestDeserialize(bytes),
      'bidi',
    );
  }
}

type Methods = ReadonlyMap<string, MethodDefinition<unknown, unknown> & { handler: Handler }>;

/** By the names of the files. */
const made = new Map<string, Methods>();

/** Made when somebody asks for the first time, and kept: it takes longer than all else of starting a server. */
function methodsOf(files: readonly DescFile[]): Methods {
  const names = files.map(({ name }) => name).join();
  const methods = made.get(names) ?? makeMethods(files);
  made.set(names, methods);
  return methods;
}

function makeMethods(files: readonly DescFile[]): Methods {
  const fileDescriptorProtos = [...withImports([...files, file_grpc_health_v1_health])].map(
    (file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  // The library is made for proto-loader's definitions, and takes nothing from them but the files. Those that
  // proto-loader makes, of the health service too, are put together anew, and strict tools refuse them.
  const definition = { files: { fileDescriptorProtos } };
  const methods = new Map<string, MethodDefinition<unknown, unknown> & { handler: Handler }>();
  new ReflectionService(
    definition as unknown as ConstructorParameters<typeof ReflectionService>[0],
  ).addToServer({
    addService: (service, handlers) => {
      for (const [name, method] of Object.entries(service)) {
        methods.set(method.path, { ...method, handler: handlers[name] as Handler });
      }
    },
  });
  return methods;
}

function missing(path: string): never {
  throw new Error(`@grpc/reflection doesn't serve ${path}`);
}

type Handler = handleBidiStreamingCall<unknown, unknown>;

/**
 * Take the next question when the answer to the last one is with the transport. The library answers whatever comes,
 * and whoever asks without reading would fill the memory.
 */
function onePerAnswer(handler: Handler): Handler {
  return (call) => {
    const write = call.write.bind(call);
    call.write = (answer: unknown) => {
      call.pause();
      return write(answer, () => call.resume());
    };
    handler(call);
  };
}

/** Refuse streams beyond the limit. */
function atMost(counter: { open: number }, handler: Handler): Handler {
  return (call) => {
    if (counter.open >= reflectionStreamsMax) {
      call.emit('error', tooManyStreams());
      return;
    }
    counter.open += 1;
    call.once('close', () => {
      counter.open -= 1;
    });
    handler(call);
  };
}

function tooManyStreams() {
  const limit = String(reflectionStreamsMax);
  return serviceErrorOf(
    new AtedbError(
      'TOO_MANY_STREAMS',
      `${limit} reflection streams are open on this server, which is its limit; close some, or retry later`,
      { metadata: { limit_streams: limit } },
    ),
  );
}

function withImports(files: readonly DescFile[], found = new Set<DescFile>()): Set<DescFile> {
  for (const file of files) {
    if (found.has(file)) continue;
    found.add(file);
    withImports(file.dependencies, found);
  }
  return found;
}
