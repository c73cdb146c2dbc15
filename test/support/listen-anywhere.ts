import { promisify } from 'node:util';
import { type Server, ServerCredentials } from '@grpc/grpc-js';

/** Have a bare gRPC server of a test listen on loopback. @returns its port. */
export function listenAnywhere(server: Server): Promise<number> {
  const bind = promisify(server.bindAsync).bind(server);
  return bind('127.0.0.1:0', ServerCredentials.createInsecure());
}
