// What frames of the tunnel cost, in nanoseconds of processor time: sealed into one buffer and in parts, opened, and what
// AES-GCM alone takes; what beginning a call costs; and each step of a handshake.
//
//   node bench/micro/frames.ts

import { createCipheriv, randomBytes } from 'node:crypto';
import { KeyPair } from '../../src/crypto/index.ts';
import {
  answerHello,
  ClientHandshake,
  type ClientSession,
  frameTypes,
  type KeyBits,
  type ServerCallCrypto,
  SessionTable,
} from '../../src/wire/index.ts';
import { processorTimeNs } from './processor-time.ts';

const sizes = [0, 100, 1_000, 26_000, 262_144, 1_048_576];
const identity = KeyPair.generate({ forSigningOnly: true });
const terms = { lifetimeMs: 1e12, idleMs: 1e12, bytesMax: Number.MAX_SAFE_INTEGER };
const table = new SessionTable();

for (const keyBits of [128, 256] as const) {
  const session = await newSession(keyBits);
  console.log(`\n${keyBits} bits: ns a frame\n`);
  console.log('| bytes | AES-GCM alone | sealed in parts | sealed | opened | GB/s opened |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const size of sizes) tellFrames(session, keyBits, size);
  const calls = processorTimeNs(() => beginCall(session));
  console.log(`\nbeginning a call, both ends: ${calls.toFixed(0)} ns`);
  await tellHandshake(keyBits);
}

async function newSession(keyBits: KeyBits): Promise<ClientSession> {
  const handshake = new ClientHandshake({ keyBits, sharesUpTo: keyBits });
  const { serverHello, pending } = await answerHello(handshake.hello, { keyBits, identity, terms });
  const { finished, session } = await handshake.finish(serverHello);
  table.add(pending.accept(finished), 'bench');
  return session;
}

function beginCall(session: ClientSession) {
  const client = session.openCall();
  const { call } = table.beginCall(client.seal(frameTypes.open, Buffer.alloc(40)));
  return { client, server: call };
}

function tellFrames(session: ClientSession, keyBits: KeyBits, size: number): void {
  const payload = randomBytes(size);
  const key = randomBytes(keyBits / 8);
  const nonce = Buffer.alloc(12);
  const alone = processorTimeNs(() => {
    const cipher = createCipheriv(`aes-${keyBits}-gcm`, key, nonce);
    cipher.setAAD(nonce);
    cipher.update(payload);
    cipher.final();
    cipher.getAuthTag();
  });
  const { client, server } = beginCall(session);
  const inParts = processorTimeNs(() => server.sealParts(frameTypes.message, [payload]));
  const sealed = processorTimeNs(() => client.seal(frameTypes.message, payload));
  // Each frame opens once, so sealing is measured with it, and taken off.
  const other = beginCall(session);
  const both = processorTimeNs(() => pass(other.client, other.server, payload));
  const opened = Math.max(1, both - sealed);
  const figures = [alone, inParts, sealed, opened].map((ns) => ns.toFixed(0));
  console.log(`| ${[size, ...figures, (size / opened).toFixed(2)].join(' | ')} |`);
}

function pass(
  client: { seal(type: 2, payload: Buffer): Buffer },
  server: ServerCallCrypto,
  payload: Buffer,
): void {
  server.open(client.seal(frameTypes.message, payload));
}

/** In milliseconds of processor time of the whole process, since signatures are made and verified in threads. */
async function tellHandshake(keyBits: KeyBits): Promise<void> {
  const rounds = 200;
  const steps = { hello: 0, answer: 0, finish: 0, accept: 0 };
  const timed = async <T>(step: keyof typeof steps, act: () => T | Promise<T>): Promise<T> => {
    const before = process.cpuUsage();
    const result = await act();
    const { user, system } = process.cpuUsage(before);
    steps[step] += (user + system) / 1_000 / rounds;
    return result;
  };
  for (let round = 0; round < rounds; round += 1) {
    const client = await timed(
      'hello',
      () => new ClientHandshake({ keyBits, sharesUpTo: keyBits }),
    );
    const answered = await timed('answer', () =>
      answerHello(client.hello, { keyBits, identity, terms }),
    );
    const { finished } = await timed('finish', () => client.finish(answered.serverHello));
    await timed('accept', () => answered.pending.accept(finished));
  }
  const told = Object.entries(steps).map(([step, ms]) => `${step} ${ms.toFixed(2)}`);
  console.log(`a handshake, ms of processor time: ${told.join(', ')}`);
}
