import { ServerCredentials } from '@grpc/grpc-js';
import { makeServerWithWindows } from '../../src/server/flow-control.ts';
import { framedMessages } from '../../src/server/framed-message.ts';
import { echoMethod } from '../floors/echo.ts';
import { fileStreamMethod } from '../floors/file-stream.ts';

// What gRPC itself can do here: the bare floors, as a process of its own. It has the same windows as our server, and
// spares the same copies, so that no floor is lower than it need be.

const server = makeServerWithWindows({ interceptors: [framedMessages] });
server.addService(
  { echo: echoMethod.definition, fileStream: fileStreamMethod.definition },
  { echo: echoMethod.handle, fileStream: fileStreamMethod.handle },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.({ port });
});
process.on('disconnect', () => process.exit());
