import { passwordCostsMin } from '../../src/account/index.ts';
import type { CodeMessage, CodeSender } from '../../src/auth/index.ts';
import { type AtedbClient, type ConnectOptions, connect } from '../../src/client/index.ts';
import type { EmbeddedAuth, ServerOptions } from '../../src/server/index.ts';
import { TestServer } from './test-server.ts';

/** A postman who keeps the codes that he was given. */
export class TestPost implements CodeSender {
  readonly how = 'mail';
  readonly sent: CodeMessage[] = [];
  /** Fails each message with this. */
  failure: Error | undefined;

  async send(message: CodeMessage): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.sent.push(message);
  }

  /** The code that was sent last to an account. */
  codeFor(account: string): string {
    const message = this.sent.findLast((one) => one.account === account);
    if (message === undefined) throw new Error(`no code was sent to ${account}`);
    return message.code;
  }
}

/** Start a server with accounts of its own. */
export function startAuthServer(
  embedded: EmbeddedAuth = {},
  options: Partial<ServerOptions> = {},
): Promise<TestServer> {
  return TestServer.start({ trustMode: 'centralized', auth: { embedded }, ...options });
}

/** The least that clients do with a password: tests set many. */
const passwordCosts = { ...passwordCostsMin, lanes: 1 };

/** A client that keeps nothing, encrypted. */
export function authClient(server: TestServer, options: ConnectOptions = {}): Promise<AtedbClient> {
  return connect(server.address, { home: null, encryption: 128, passwordCosts, ...options });
}
