import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { tlsTerms } from '../crypto/index.ts';
import { refusePlain } from './plain-refusal.ts';
import type { TlsFiles } from './tls-files.ts';

/** The first byte of every TLS connection: its first record is a handshake. */
const handshakeRecord = 0x16;

export interface TlsHandshakesOptions {
  readonly files: TlsFiles;
  /** Milliseconds for a connection to begin, and then for it to be encrypted. */
  readonly handshakeMs: number;
  readonly logger: Logger;
  /** Gets each connection that is encrypted, and whose client has shown a certificate where it must. */
  onSecure(socket: TLSSocket): void;
}

/**
 * Makes connections encrypted ones, before anything else sees them. TLS ends here and not in the HTTP/2 server, so that what
 * lies above has the same windows and limits either way.
 */
export class TlsHandshakes {
  readonly #options: TlsHandshakesOptions;
  readonly #server: Server;
  readonly #refusePlain: (socket: Socket) => void;

  constructor(options: TlsHandshakesOptions) {
    const { files, handshakeMs, logger } = options;
    this.#options = options;
    this.#refusePlain = refusePlain(handshakeMs);
    this.#server = createServer({
      ...files.context,
      ALPNProtocols: [...tlsTerms.ALPNProtocols],
      requestCert: files.requiresClients,
      rejectUnauthorized: true,
      handshakeTimeout: handshakeMs,
    });
    this.#server.on('secureConnection', (socket) => options.onSecure(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      const { code, message } = error as NodeJS.ErrnoException;
      const peer = `${socket.remoteAddress}:${socket.remotePort}`;
      logger.debug({ peer, code, said: message.trim() }, 'a TLS handshake failed');
      // One that has taken too long is told of here, and is still there.
      socket.destroy();
    });
    files.watch(() => this.#server.setSecureContext(files.context));
  }

  /** Take a connection that was just made. It is closed where it isn't encrypted in time. */
  take(socket: Socket): void {
    const { handshakeMs } = this.#options;
    // Whoever handles the connection later hears of errors; until then they only end it.
    socket.on('error', () => {});
    const timer = setTimeout(() => socket.destroy(), handshakeMs).unref();
    socket.once('close', () => clearTimeout(timer));
    const look = () => {
      const begin: Buffer | null = socket.read();
      if (begin === null) return;
      clearTimeout(timer);
      socket.removeListener('readable', look);
      // Whoever takes the connection on looks first at what was read of it.
      socket.unshift(begin);
      if (begin[0] === handshakeRecord) this.#server.emit('connection', socket);
      else this.#refusePlain(socket);
    };
    socket.on('readable', look);
  }

  /** Take up nothing more that is renewed. */
  stop(): void {
    this.#options.files.stop();
  }
}
