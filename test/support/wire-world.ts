import { KeyPair } from '../../src/crypto/index.ts';
import {
  answerHello,
  ClientHandshake,
  type ClientSession,
  type KeyBits,
  type ServerSession,
  SessionTable,
  type SessionTerms,
} from '../../src/wire/index.ts';

/** A server's identity, the same in all tests. */
export const identity = KeyPair.fromSeed(1, Buffer.alloc(64, 7));

/** Both ends of one session. */
export interface TestSession {
  readonly client: ClientSession;
  readonly server: ServerSession;
}

/** How a test session is made. */
export interface TestSessionOptions {
  readonly keyBits?: KeyBits;
  readonly terms?: SessionTerms;
  readonly now?: () => number;
}

/** Agree on a session, as both ends do. */
export async function agree(options: TestSessionOptions = {}): Promise<TestSession> {
  const { keyBits = 128, terms, now = () => 0 } = options;
  const handshake = new ClientHandshake({ keyBits, sharesUpTo: keyBits, now });
  const { serverHello, pending } = await answerHello(handshake.hello, { keyBits, identity, terms });
  const { finished, session } = await handshake.finish(serverHello);
  return { client: session, server: pending.accept(finished, now()) };
}

/** Agree on a session that a table keeps. */
export async function agreeIn(
  table: SessionTable,
  options: TestSessionOptions & { readonly peer?: string } = {},
): Promise<ClientSession> {
  const { client, server } = await agree(options);
  table.add(server, options.peer ?? 'peer');
  return client;
}

/** A table with one session, and its client. */
export async function tableWithSession(options: TestSessionOptions = {}) {
  const table = new SessionTable({ now: options.now ?? (() => 0) });
  return { table, client: await agreeIn(table, options) };
}

/** Bytes with a bit changed. */
export function flipped(bytes: Buffer, at: number, bit = 1): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ bit;
  return copy;
}
