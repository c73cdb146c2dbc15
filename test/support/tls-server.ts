import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { ServerOptions, ServerTlsOptions } from '../../src/server/index.ts';
import {
  type CertificateWishes,
  type MadeCertificate,
  TestAuthority,
  TestFiles,
} from './certificates.ts';
import { TestServer } from './test-server.ts';

/** A server that speaks TLS, with the authority that its certificate is of. */
export interface TlsServer {
  readonly server: TestServer;
  readonly authority: TestAuthority;
  readonly certificate: MadeCertificate;
  readonly files: TestFiles;
  readonly tls: ServerTlsOptions;
  /** What a client that trusts the authority says. */
  readonly trusting: { readonly ca: string };
}

/** Start one; it ends with the test. */
export async function startTlsServer(
  options: {
    readonly server?: Partial<ServerOptions>;
    readonly tls?: Partial<ServerTlsOptions>;
    readonly certificate?: CertificateWishes;
    /** Whose clients it takes; absent: all. */
    readonly clientAuthority?: TestAuthority;
  } = {},
): Promise<TlsServer> {
  const authority = await TestAuthority.make();
  const certificate = await authority.issue(options.certificate);
  const files = await TestFiles.make();
  const { clientAuthority } = options;
  const tls = {
    ...(await files.writePair(certificate)),
    ...(clientAuthority && {
      clientCaFile: await files.write('clients.pem', clientAuthority.cert),
    }),
    ...options.tls,
  };
  const server = await TestServer.start({ ...options.server, tls });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, authority, certificate, files, tls, trusting: { ca: authority.cert } };
}

/** Connect by TLS alone. Resolves when the handshake is done on this side. @throws the error that it ends with instead. */
export async function handshake(
  { server, trusting }: TlsServer,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const socket = connect({
    port: server.running.port,
    host: '127.0.0.1',
    ALPNProtocols: ['h2'],
    ...trusting,
    ...options,
  });
  onTestFinished(() => {
    socket.destroy();
  });
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before the handshake was done')));
  });
  return socket;
}

/** Connect by TCP alone. */
export function tcpTo({ server }: TlsServer): Socket {
  const socket = connectTcp(server.running.port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  return socket.on('error', () => {});
}
