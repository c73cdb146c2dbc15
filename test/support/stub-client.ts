import { Client, credentials } from '@grpc/grpc-js';
import { TunnelChannel } from '../../src/client/tunnel-channel.ts';
import { sharedTls } from './use-tls.ts';
import { sharedWire } from './use-wire.ts';

/** Takes any server. */
const anyServer = { mustEncrypt: async () => true, accept: async () => undefined };

const channel = { 'grpc.max_receive_message_length': 4 * 1024 * 1024, 'grpc.enable_retries': 0 };

/** A client of grpc-js itself: through the tunnel or over TLS where a test's clients go so. */
export class StubClient extends Client {
  readonly #tunnel: TunnelChannel | undefined;

  constructor(address: string, keyBits = sharedWire()) {
    const tls = sharedTls();
    const tunnel =
      keyBits && new TunnelChannel(address, { keyBits, identityCheck: anyServer, channel });
    super(
      address,
      tls === undefined || tunnel !== undefined
        ? credentials.createInsecure()
        : credentials.createSsl(Buffer.from(tls.client.ca)),
      {
        ...(tunnel && { channelOverride: tunnel }),
        // By itself it would send the address for a name, which Node refuses.
        ...(tls && { 'grpc.ssl_target_name_override': 'localhost' }),
      },
    );
    this.#tunnel = tunnel;
  }

  /** Of the tunnel that the newest call is in; undefined without one. */
  get exporter(): Buffer | undefined {
    return this.#tunnel?.exporter;
  }
}
