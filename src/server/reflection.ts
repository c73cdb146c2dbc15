import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { file_grpc_health_v1_health } from '../../gen/grpc/health/v1/health_pb.js';

/**
 * Serve reflection (v1 and v1alpha) of these files and all that they import, and of the health service, so that
 * tools need no proto file. The order of the files doesn't matter.
 */
export function addReflection(server: Server, files: readonly DescFile[]): void {
  const fileDescriptorProtos = [...withImports([...files, file_grpc_health_v1_health])].map(
    (file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  // The library is made for proto-loader's definitions, and takes nothing from them but the files. Those that
  // proto-loader makes, of the health service too, are put together anew, and strict tools refuse them.
  const definition = { files: { fileDescriptorProtos } };
  new ReflectionService(
    definition as unknown as ConstructorParameters<typeof ReflectionService>[0],
  ).addToServer(server);
}

function withImports(files: readonly DescFile[], found = new Set<DescFile>()): Set<DescFile> {
  for (const file of files) {
    if (found.has(file)) continue;
    found.add(file);
    withImports(file.dependencies, found);
  }
  return found;
}
