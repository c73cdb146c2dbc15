import { AtedbError, FieldWriter } from '../../../src/bytes/index.ts';
import { parseDelegation, publicKeyBytes, Token, tokenMark } from '../../../src/event/index.ts';
import { type FixedKey, fixedKey } from './fixed.ts';
import { holders, pathOf } from './fixed-delegation.ts';
import type { VectorCase } from './vector-file.ts';

// Tokens: a secret key, and the path of delegations to it, as text.

const { root, first, second, mallory } = holders;
/** Can be encrypted to, and so also reads. */
const reading = fixedKey('holder that reads', { signsOnly: false });

export function goodTokens(): VectorCase[] {
  return (
    [
      ['given by the first issuer', first, [root, first]],
      ['given on', second, [root, first, second]],
      ['whose key can be encrypted to', reading, [root, reading]],
    ] as const
  ).map(([what, holder, path]) => {
    const delegations = pathOf(path);
    const right = { issuer: root.publicKey, delegations: delegations.map(parseDelegation) };
    const text = new Token(holder.pair, right).text();
    const { suite, seed, kemSeed, publicKey } = holder;
    if (Token.parse(` ${text}\n`, 'it').text() !== text) throw new Error(`${what} is another`);
    return {
      ...{ what, text, suite, seed, kemSeed, fingerprint: publicKey.fingerprint },
      ...{ issuer: publicKeyBytes(root.publicKey), delegations },
    };
  });
}

export function badTokens(): VectorCase[] {
  return texts().map(([why, text, reason]) => {
    try {
      Token.parse(text, 'the token');
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      if (error.reason !== reason) throw new Error(`${why} is ${error.reason}: ${error.message}`);
      return { why, text, reason };
    }
    throw new Error(`${why} is not refused`);
  });
}

/** A Token message, whatever it says. */
function messageOf(
  {
    seed,
    suite,
    kem,
  }: Pick<FixedKey, 'seed' | 'suite'> & { readonly kem?: { suite: number; seed?: Buffer } },
  delegations: readonly Buffer[],
  issuer: FixedKey = root,
): Buffer {
  const writer = new FieldWriter().varint(1, suite).bytes(2, seed);
  if (kem !== undefined) writer.varint(3, kem.suite).bytes(4, kem.seed);
  for (const delegation of delegations) writer.bytes(5, delegation);
  return writer.message(6, publicKeyBytes(issuer.publicKey)).finish();
}

function texts(): (readonly [why: string, text: string, reason: string])[] {
  const invalid = 'REQUEST_INVALID';
  const wrong = 'DELEGATION_INVALID';
  const path = pathOf([root, first]);
  const message = messageOf(first, path);
  const text = (bytes: Buffer) => `${tokenMark}${bytes.toString('base64url')}`;
  const { kemSeed } = reading;
  const inAlphabet = message.toString('base64');
  if (!/[+/]/.test(inAlphabet)) throw new Error('it shows nothing of the alphabet');
  return [
    ['empty', '', invalid],
    ['without its mark', message.toString('base64url'), invalid],
    ['of another version', text(message).replace('_v1_', '_v2_'), invalid],
    ['its mark alone', tokenMark, invalid],
    ['with padding', `${text(message)}==`, invalid],
    ['in the other alphabet', `${tokenMark}${inAlphabet}`, invalid],
    ['with space within', text(message).replace(/.{9}$/, ' $&'), invalid],
    ['cut short', text(message).slice(0, -8), invalid],
    ['without delegations', text(messageOf(first, [])), invalid],
    ['with five delegations', text(messageOf(first, Array(5).fill(path[0]))), invalid],
    [
      'with a seed of 63 bytes',
      text(messageOf({ ...first, seed: first.seed.subarray(1) }, path)),
      invalid,
    ],
    ['with a suite that nobody knows', text(messageOf({ ...first, suite: 3 }, path)), invalid],
    [
      'with half a KEM key: no seed',
      text(messageOf({ ...first, kem: { suite: 1 } }, path)),
      invalid,
    ],
    [
      'with half a KEM key: no suite',
      text(messageOf({ ...first, kem: { suite: 0, ...(kemSeed && { seed: kemSeed }) } }, path)),
      invalid,
    ],
    ['whose delegations lead to another key', text(messageOf(mallory, path)), wrong],
    ['whose issuer is another key', text(messageOf(first, path, mallory)), wrong],
    ['with a delegation that is none', text(messageOf(first, [Buffer.from('none')])), wrong],
  ];
}
