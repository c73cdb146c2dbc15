import { FieldWriter } from '../../../src/bytes/index.ts';
import { type KeyPair, signatureContexts } from '../../../src/crypto/index.ts';
import { keyProofBytes, signatureBytes } from '../../../src/event/index.ts';
import { appendRequest } from '../raw-client.ts';
import type { Random } from '../seed.ts';
import type { TestWriter } from '../test-writer.ts';
import { appendPath, seededEvent } from './corpus.ts';
import type { Material } from './hostile-call.ts';
import { appendOutcome, isRefusal, whyWrongEnding } from './judge.ts';
import { mutate } from './mutate.ts';
import { framedMessage, type RawGrpc } from './raw-grpc.ts';
import { resealedBatch } from './reseal.ts';

/** A message of an append stream, and what is known of it. */
interface StreamMessage {
  readonly bytes: Buffer;
  /** A valid batch, whose predecessors are the valid ones before it; or one, or a proof, or anything, spoilt. */
  readonly is: 'valid' | 'hostile';
}

/** What came of a hostile stream. */
export interface StreamResult {
  /** What is wrong with how the server answered. Absent: nothing. */
  readonly wrong: string | undefined;
  /** All that was sent. */
  readonly sent: Buffer;
  readonly commitHeaders: readonly Buffer[];
}

/**
 * Make an append stream of a new writer, with valid batches before, between and behind spoilt messages, and send it all at
 * once. Where the writer's key is proven, that comes first, and its batches have no signatures.
 */
export async function hostileStream(
  grpc: RawGrpc,
  material: Material,
  random: Random,
): Promise<StreamResult> {
  const { world } = material;
  const writer = world.newWriter(random);
  const isProven = world.trustMode === 'centralized' && random.chance(0.5);
  const call = grpc.call(appendPath);
  const sent: Buffer[] = [];
  const send = (message: Buffer) => {
    const framed = framedMessage(message);
    sent.push(framed);
    call.send(framed);
  };
  if (isProven) {
    send(appendRequest(Buffer.alloc(0), world.chainKey));
    const answer = await call.next();
    send(await proofFor(world.key, { ...claimsOf(material), conversation: answer }));
    await call.next();
  }
  const messages = await makeMessages(material, writer, isProven, random);
  messages.forEach(({ bytes }, index) => {
    send(index === 0 ? appendRequest(bytes, world.chainKey) : bytes);
  });
  call.end();
  const answers: Buffer[] = [];
  for (let answer = await call.next(); answer !== undefined; answer = await call.next()) {
    answers.push(answer);
  }
  const ending = await call.ended;
  const outcomes = answers.map(appendOutcome);
  return {
    wrong:
      whyWrongEnding(ending, { path: appendPath, headers: {} }) ??
      whyWrongAnswers(
        messages,
        outcomes.map(({ said }) => said),
        ending.status === 0,
      ),
    sent: Buffer.concat(sent),
    commitHeaders: outcomes.flatMap(({ commitHeader }) => commitHeader ?? []),
  };
}

async function makeMessages(
  material: Material,
  writer: TestWriter,
  isProven: boolean,
  random: Random,
): Promise<StreamMessage[]> {
  const signers = isProven ? [] : [writer.key];
  const messages: StreamMessage[] = [];
  const valid = async () => {
    const { run, sealHash } = await writer.make([seededEvent(random)], {}, signers);
    return { run, sealHash };
  };
  const order = random.pick(['vhv', 'vhvv', 'hv', 'vvhhv', 'vhvhv', 'vhhhhv']);
  for (const one of order) {
    if (one === 'v') {
      const { run, sealHash } = await valid();
      messages.push({ bytes: run, is: 'valid' });
      writer.counter += 1;
      writer.previous = sealHash;
    } else {
      const bytes = await hostileMessage(material, writer, signers, random);
      messages.push({ bytes, is: 'hostile' });
    }
  }
  return messages;
}

async function hostileMessage(
  material: Material,
  writer: TestWriter,
  signers: readonly KeyPair[],
  random: Random,
): Promise<Buffer> {
  const { donors, corpus } = material;
  switch (random.pick(['batch', 'batch', 'resealed', 'proof', 'question', 'other'])) {
    case 'batch': {
      const { run } = await writer.make([seededEvent(random)], {}, signers);
      return mutate(run, random, donors);
    }
    case 'resealed':
      return resealedBatch(writer, random, donors, signers);
    case 'proof': {
      const conversation = undefined;
      return mutate(
        await proofFor(writer.key, { ...claimsOf(material), conversation }),
        random,
        donors,
      );
    }
    case 'question':
      return mutate(appendRequest(Buffer.alloc(0), material.world.chainKey), random, donors);
    default:
      return mutate(
        corpus[random.between(0, corpus.length - 1)]?.bytes ?? Buffer.alloc(0),
        random,
        donors,
      );
  }
}

function claimsOf({ world }: Material) {
  return {
    serverFingerprint: world.identity.publicKey.fingerprint,
    chainId: world.writer.chainId,
  };
}

/** An AppendRequest with a proof for the conversation that an answer tells; without one, for one that nobody made. */
async function proofFor(
  key: KeyPair,
  claim: { serverFingerprint: Buffer; chainId: Buffer; conversation: Buffer | undefined },
): Promise<Buffer> {
  // An answer that tells a conversation ends with its id.
  const conversationId = claim.conversation?.subarray(-32) ?? Buffer.alloc(32, 7);
  const { fingerprint } = key.publicKey;
  const signature = await key.sign(
    signatureContexts.proof,
    keyProofBytes({ ...claim, conversationId, fingerprint }),
  );
  const proof = new FieldWriter().message(1, signatureBytes(key.publicKey, signature)).finish();
  return new FieldWriter().message(17, proof).finish();
}

/** Each message is answered, in turn, up to one that ends the stream; a valid batch is taken unless a hostile one before it was. */
function whyWrongAnswers(
  messages: readonly StreamMessage[],
  all: readonly string[],
  isWhole: boolean,
): string | undefined {
  const wrong = (why: string) => `${why}; answered was: ${all.join(', ')}`;
  // A batch that asks for it is answered once more, by the checkpoint that covers it.
  const said = all.filter((one) => one !== 'attested');
  if (said.length > messages.length) return wrong('more was answered than was sent');
  if (isWhole && said.length < messages.length) return wrong('something was left unanswered');
  const valid = messages.findIndex(({ is }) => is === 'hostile');
  if (said.length < valid) return wrong(`not all of ${valid} good batches were answered`);
  let wasTaken = false;
  for (const [index, one] of said.entries()) {
    const isHostile = messages[index]?.is === 'hostile';
    if (!isHostile && one !== 'committed' && !wasTaken) {
      return wrong(`the good batch ${index} was not taken`);
    }
    const isKnown = ['committed', 'proven', 'conversation'].includes(one) || isRefusal(one);
    if (!isKnown) return wrong(`answer ${index} is none that is documented`);
    // A hostile message may be good after all: then it has the counter of the good one behind it, or unproves a key.
    if (isHostile && (one === 'committed' || one === 'SIGNATURE_INVALID')) wasTaken = true;
  }
  return undefined;
}
