import { deflateSync, gzipSync } from 'node:zlib';
import { appendRequest } from '../raw-client.ts';
import type { Random } from '../seed.ts';
import { appendBatchPath, appendPath, type ValidRequest } from './corpus.ts';
import type { FuzzWorld } from './fuzz-world.ts';
import { mutate } from './mutate.ts';
import { randomBuffer } from './mutate-blindly.ts';
import { framedMessage } from './raw-grpc.ts';
import { resealedBatch, resealedGenesis } from './reseal.ts';

/** A call whose bytes are all known before it is made. */
export interface HostileCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What is sent, all of it. */
  readonly body: Buffer;
}

/** What a hostile call is made of. */
export interface Material {
  readonly world: FuzzWorld;
  readonly corpus: readonly ValidRequest[];
  /** Valid messages, of requests and inside of them. */
  readonly donors: readonly Buffer[];
}

/** Make one hostile call. */
export async function hostileCall(material: Material, random: Random): Promise<HostileCall> {
  const { corpus, donors } = material;
  const { path, bytes } = corpus[random.between(0, corpus.length - 1)] as ValidRequest;
  const plain = (message: Buffer, at = path) => ({
    path: at,
    headers: {},
    body: framedMessage(message),
  });
  const kind = random.between(0, 99);
  if (kind < 66) return plain(mutate(bytes, random, donors));
  if (kind < 70) return plain(randomBuffer(random, random.between(0, 200)));
  // Of another method: valid, and meant for elsewhere.
  if (kind < 73) return plain(corpus[random.between(0, corpus.length - 1)]?.bytes ?? bytes);
  if (kind < 81) return { path, headers: {}, body: hostileFraming(bytes, random) };
  if (kind < 86) return { path, headers: hostileHeaders(random), body: framedMessage(bytes) };
  const at = random.chance(0.8) ? appendBatchPath : appendPath;
  return plain(await resealedRequest(material, random), at);
}

async function resealedRequest({ world, donors }: Material, random: Random): Promise<Buffer> {
  if (random.chance(0.15)) {
    const run = await resealedGenesis(world.genesisHeader, world.key, random, donors);
    return appendRequest(run, random.chance(0.5) ? world.chainKey : 'fuzz.example/target/made');
  }
  return appendRequest(
    await resealedBatch(world.newWriter(random), random, donors),
    world.chainKey,
  );
}

/** Heads of messages that say something else than what follows, and too many or too few messages. */
function hostileFraming(message: Buffer, random: Random): Buffer {
  const right = framedMessage(message);
  const { length } = message;
  switch (random.between(0, 9)) {
    case 0:
      return framedMessage(message, { flag: random.pick([1, 2, 128, 255]) });
    case 1:
      return framedMessage(message, { length: length + random.pick([1, 2, 100, 60_000]) });
    case 2:
      return framedMessage(message, { length: Math.max(0, length - random.between(1, 8)) });
    case 3:
      return framedMessage(message, {
        length: random.pick([0, 4_194_304, 4_194_305, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]),
      });
    case 4:
      return Buffer.concat([right, right]);
    case 5:
      return Buffer.concat(
        Array.from({ length: random.between(3, 200) }, () => framedMessage(Buffer.alloc(0))),
      );
    case 6:
      return Buffer.alloc(0);
    case 7:
      return right.subarray(0, random.between(1, right.length - 1));
    case 8:
      return Buffer.concat([right, randomBuffer(random, random.between(1, 12))]);
    default:
      return framedMessage(random.chance(0.5) ? gzipSync(message) : deflateSync(message), {
        flag: 1,
      });
  }
}

/** What a call may say of itself that is none of our business, or can't be true. */
function hostileHeaders(random: Random): Record<string, string> {
  const garbage = randomBuffer(random, random.between(0, 60));
  switch (random.between(0, 8)) {
    case 0:
      return { 'grpc-timeout': random.pick(['', '1', 'S', '-1S', '1x', '999999999S', '0.5S']) };
    case 1:
      return { 'grpc-timeout': random.pick(['0n', '1n', '1u', '99999999H']) };
    case 2:
      return {
        'grpc-encoding': random.pick(['br', '', 'gzip, deflate', 'identity', 'x'.repeat(200)]),
      };
    case 3:
      return { 'x-garbage-bin': garbage.toString('base64') };
    case 4:
      return { 'x-garbage-bin': garbage.toString('latin1').replace(/[^\x20-\x7e]/g, '=') };
    case 5:
      return { 'grpc-status-details-bin': garbage.toString('base64'), 'grpc-status': '0' };
    case 6:
      return {
        'content-type': random.pick([
          'application/grpc+proto',
          'application/grpc+json',
          'text/html',
          '',
        ]),
      };
    case 7:
      return {
        'x-grpc-test': 'nonsense',
        'grpc-accept-encoding': 'nonsense',
        'user-agent': garbage.toString('hex'),
      };
    default:
      return { 'x-long': 'y'.repeat(random.pick([100, 4_000, 7_000])) };
  }
}
