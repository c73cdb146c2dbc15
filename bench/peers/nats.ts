import { randomBytes } from 'node:crypto';
import { decimal, endOfLine, LineSocket } from './line-socket.ts';

const space = 32;
/** Characters of the number that ends the subject of an answer; enough for any run. */
const numberDigits = 9;

type OnMessage = (error: Error | undefined, payload: Buffer) => void;

/** A client of NATS's text protocol, with what JetStream needs of it. */
export class NatsConnection {
  readonly #socket: LineSocket;
  /** Answers come to subjects below this one, each with the number of what it answers. */
  readonly #inbox = `_INBOX.${randomBytes(8).toString('hex')}`;
  readonly #waiting = new Map<number, OnMessage>();
  readonly #subscriptions = new Map<number, OnMessage>();
  #nextNumber = 1;
  #nextSubscription = 2;

  constructor(port: number) {
    this.#socket = new LineSocket(
      port,
      (bytes) => this.#take(bytes),
      (error) => {
        for (const done of [...this.#waiting.values(), ...this.#subscriptions.values()]) {
          done(error, Buffer.alloc(0));
        }
      },
    );
    const options = { verbose: false, pedantic: false, headers: true, no_responders: true };
    this.#write(`CONNECT ${JSON.stringify(options)}\r\nSUB ${this.#inbox}.* 1\r\n`);
  }

  /**
   * The bytes that publish a message and ask for an answer.
   * @param headers lines, each with its CR LF.
   */
  publication(subject: string, payload: Buffer, headers = '') {
    const answer = this.#nextNumber;
    this.#nextNumber += 1;
    const inbox = `${this.#inbox}.${String(answer).padStart(numberDigits, '0')}`;
    return { bytes: publication(`${subject} ${inbox}`, payload, headers), answer };
  }

  /** The bytes that publish a message and ask for no answer. */
  silentPublication(subject: string, payload: Buffer, headers: string): Buffer {
    return publication(subject, payload, headers);
  }

  /** Send publications, of which one asks for an answer, by this number. */
  publish(publications: Buffer, answer: number, onAnswer: OnMessage): void {
    this.#waiting.set(answer, onAnswer);
    this.#socket.write(publications);
  }

  /** Ask a server, and read its answer. @throws Error with what it says where that is an error. */
  ask(subject: string, request: object) {
    const { promise, resolve, reject } = Promise.withResolvers<{ state: { messages: number } }>();
    const payload = Buffer.from(JSON.stringify(request));
    const { bytes, answer } = this.publication(subject, payload);
    this.publish(bytes, answer, (error, text) => {
      if (error !== undefined) return reject(error);
      const said = JSON.parse(text.toString('utf8'));
      if (said.error === undefined) resolve(said);
      else reject(new Error(`${subject}: ${said.error.description}`));
    });
    return promise;
  }

  /** Have every message of a subject handed on; requests of the server's flow control are answered here. */
  subscribe(subject: string, onMessage: OnMessage): void {
    const id = this.#nextSubscription;
    this.#nextSubscription += 1;
    this.#subscriptions.set(id, onMessage);
    this.#write(`SUB ${subject} ${id}\r\n`);
  }

  close(): void {
    this.#waiting.clear();
    this.#subscriptions.clear();
    this.#socket.close();
  }

  #write(text: string): void {
    this.#socket.write(Buffer.from(text));
  }

  #take(bytes: Buffer): number {
    for (let at = 0; ; ) {
      const end = endOfLine(bytes, at);
      if (end < 0) return at;
      const first = bytes[at];
      // MSG, HMSG, PING; INFO, PONG and +OK are passed over, and -ERR is the end.
      if (first === 0x4d || first === 0x48) {
        const next = this.#takeMessage(bytes, at, end, first === 0x48);
        if (next === undefined) return at;
        at = next;
        continue;
      }
      if (first === 0x50 && bytes[at + 1] === 0x49) this.#write('PONG\r\n');
      if (first === 0x2d) throw new Error(`NATS says: ${bytes.toString('latin1', at, end)}`);
      at = end + 2;
    }
  }

  /** MSG subject id [answer to] bytes; HMSG with the bytes of its headers before. Returns where it ends, where it is whole. */
  #takeMessage(bytes: Buffer, at: number, end: number, hasHeaders: boolean): number | undefined {
    const lengthAt = bytes.lastIndexOf(space, end) + 1;
    const length = decimal(bytes, lengthAt, end);
    const next = end + 2 + length + 2;
    if (bytes.length < next) return undefined;
    const subjectAt = bytes.indexOf(space, at) + 1;
    const subjectEnd = bytes.indexOf(space, subjectAt);
    const idEnd = bytes.indexOf(space, subjectEnd + 1);
    const id = decimal(bytes, subjectEnd + 1, idEnd);
    const payload = bytes.subarray(end + 2, end + 2 + length);
    if (id === 1) {
      const number = decimal(bytes, subjectEnd - numberDigits, subjectEnd);
      const done = this.#waiting.get(number);
      this.#waiting.delete(number);
      const isRefused = hasHeaders && payload.includes('NATS/1.0 503');
      done?.(isRefused ? new Error('nobody answers') : undefined, payload);
    } else if (hasHeaders && payload.includes('NATS/1.0 100')) {
      // A heartbeat has nobody to answer to; a request of flow control has.
      const parts = bytes.toString('latin1', at, end).split(' ');
      if (parts.length === 6) this.#write(`PUB ${parts[3]} 0\r\n\r\n`);
    } else {
      this.#subscriptions.get(id)?.(undefined, payload);
    }
    return next;
  }
}

function publication(where: string, payload: Buffer, headers: string): Buffer {
  const head =
    headers === ''
      ? `PUB ${where} ${payload.length}\r\n`
      : withHeaders(where, payload.length, `NATS/1.0\r\n${headers}\r\n`);
  return Buffer.concat([Buffer.from(head), payload, Buffer.from('\r\n')]);
}

function withHeaders(where: string, payloadBytes: number, headers: string): string {
  return `HPUB ${where} ${headers.length} ${headers.length + payloadBytes}\r\n${headers}`;
}
