import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { AtedbError } from '../bytes/index.ts';
import { MalformedDnsError } from './domain-name.ts';
import { type DnsMessage, type DnsQuestion, readMessage, typeName, writeQuery } from './message.ts';
import type { NameServer } from './name-server.ts';

/** How long each try waits for an answer over UDP, in milliseconds. */
const triesMs: readonly number[] = [1_000, 2_000, 4_000];
/** How long an answer over TCP may take, in milliseconds. */
const tcpMs = 5_000;

/** Codes of answers (RFC 1035, 4.1.1). */
const noError = 0;
const noSuchName = 3;
const codeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** How to ask name servers. */
export interface ExchangeOptions {
  /** Asked in turn, from one try to the next. */
  readonly servers: readonly NameServer[];
  /** Whether signatures and proofs are to come along. */
  readonly wantsSignatures: boolean;
  /** How long each try waits, in milliseconds. Default: 1, 2 and 4 seconds. */
  readonly triesMs?: readonly number[] | undefined;
  /** Ends waiting, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What one try came to, if to no answer. */
class NoAnswer extends Error {
  /** As DNS names it, where the name server has said one. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Ask name servers one question, over UDP, and over TCP where the answer has no room there. An answer has the number and the question that were
 * sent, and comes from where they were sent to; everything else that arrives is passed over (RFC 5452, 9).
 *
 * @throws AtedbError DNS_FAILED when no try came to an answer; the signal's reason.
 */
export async function exchange(
  question: DnsQuestion,
  options: ExchangeOptions,
): Promise<DnsMessage> {
  const { servers, signal } = options;
  let failure: NoAnswer | undefined;
  for (const [attempt, waitMs] of (options.triesMs ?? triesMs).entries()) {
    signal?.throwIfAborted();
    const server = servers[attempt % servers.length] as NameServer;
    try {
      return await tryOnce(question, server, waitMs, options);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof NoAnswer)) throw error;
      failure = error;
    }
  }
  throw failed(question, servers, failure as NoAnswer);
}

async function tryOnce(
  question: DnsQuestion,
  server: NameServer,
  waitMs: number,
  { wantsSignatures, signal }: ExchangeOptions,
): Promise<DnsMessage> {
  // Together with the port, which the system chooses at random: what somebody must guess who can't see the query.
  const id = randomInt(0x1_00_00);
  const query = writeQuery(question, { id, wantsSignatures });
  const call = { query, id, question, server, signal };
  const short = await overUdp(call, waitMs);
  const answer = short.isTruncated ? await overTcp(call) : short;
  const { responseCode } = answer;
  if (responseCode === noError || responseCode === noSuchName) return answer;
  const code = codeNames[responseCode] ?? `RCODE${responseCode}`;
  throw new NoAnswer(`${server.text} answers with ${code}`, code);
}

interface Call {
  readonly query: Buffer;
  readonly id: number;
  readonly question: DnsQuestion;
  readonly server: NameServer;
  readonly signal: AbortSignal | undefined;
}

function overUdp(call: Call, waitMs: number): Promise<DnsMessage> {
  const { server, query } = call;
  const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
  const { promise, resolve, reject } = Promise.withResolvers<DnsMessage>();
  let passedOver = '';
  const timer = setTimeout(
    () => reject(new NoAnswer(`${server.text} does not answer${passedOver}`)),
    waitMs,
  );
  const onAbort = () => reject(call.signal?.reason);
  call.signal?.addEventListener('abort', onAbort, { once: true });
  socket.on('error', (error) => reject(new NoAnswer(unreached(server, error))));
  socket.on('message', (bytes) => {
    const { message, fault } = answerIn(bytes, call);
    if (message !== undefined) resolve(message);
    else passedOver = `; what came was passed over: ${fault}`;
  });
  // A socket that is connected takes nothing from elsewhere. Where it can't be, it is told by its error.
  socket.connect(server.port, server.host);
  socket.once('connect', () => {
    socket.send(query, (error) => {
      if (error !== null) reject(new NoAnswer(unreached(server, error)));
    });
  });
  return promise.finally(() => {
    clearTimeout(timer);
    call.signal?.removeEventListener('abort', onAbort);
    socket.close();
  });
}

async function overTcp(call: Call): Promise<DnsMessage> {
  const { server, query, signal } = call;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<DnsMessage>();
  const socket = connect({ host: server.host, port: server.port, noDelay: true });
  const timer = setTimeout(
    () => reject(new NoAnswer(`${server.text} does not answer over TCP`)),
    tcpMs,
  );
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  let received: Buffer = Buffer.alloc(0);
  socket.on('error', (error) => reject(new NoAnswer(`${unreached(server, error)}, over TCP`)));
  socket.on('end', () => reject(new NoAnswer(`${server.text} ends its answer over TCP too early`)));
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    // Its length stands before each message (RFC 1035, 4.2.2), and bounds what is kept.
    if (received.length < 2 || received.length < 2 + received.readUInt16BE()) return;
    const { message, fault } = answerIn(received.subarray(2, 2 + received.readUInt16BE()), call);
    if (message !== undefined && !message.isTruncated) resolve(message);
    else reject(new NoAnswer(`${server.text} answers over TCP, but ${fault ?? 'not in full'}`));
  });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.length);
  socket.write(Buffer.concat([length, query]));
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    socket.destroy();
  });
}

/** The answer that bytes are, or why they are none. */
function answerIn(bytes: Buffer, { id, question }: Call): { message?: DnsMessage; fault?: string } {
  let message: DnsMessage;
  try {
    message = readMessage(bytes);
  } catch (error) {
    if (!(error instanceof MalformedDnsError)) throw error;
    return { fault: `it can't be read: ${error.message}` };
  }
  if (!message.isAnswer || message.id !== id) return { fault: 'it is of another number' };
  const [asked] = message.questions;
  const isOurs =
    message.questions.length === 1 &&
    asked?.type === question.type &&
    asked.name.equals(question.name);
  return isOurs ? { message } : { fault: 'it is about something else' };
}

function unreached({ text }: NameServer, { message }: Error): string {
  return `${text} can't be reached: ${message}`;
}

function failed(
  { name, type }: DnsQuestion,
  servers: readonly NameServer[],
  { message, code }: NoAnswer,
): AtedbError {
  const hint =
    code === 'SERVFAIL'
      ? 'It may have found wrong signatures itself, or not reach those whom it asks'
      : "Name another one (--dns-server; connect: dns.server), or check this machine's network";
  return new AtedbError(
    'DNS_FAILED',
    `${name.text} ${typeName(type)} could not be looked up: ${message}. ${hint}`,
    {
      metadata: {
        name: name.text,
        type: typeName(type),
        dns_server: servers.map(({ text }) => text).join(','),
        ...(code === undefined ? {} : { code }),
      },
    },
  );
}
