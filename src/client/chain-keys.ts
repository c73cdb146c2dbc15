import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ChainService, GetKeysResponseSchema } from '../../gen/atedb/v1/chain_pb.js';
import { PublicKeySchema } from '../../gen/atedb/v1/event_pb.js';
import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { type Genesis, parsePublicKey } from '../event/index.ts';
import type { Transport } from './transport.ts';

/** Keys that are remembered; older ones make room. */
const keptMax = 1_024;

/** The public keys of a chain, asked for by their fingerprints, which show that they are the right ones. */
export class ChainKeys {
  readonly #transport: Transport;
  readonly #found = new Map<string, PublicKey>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Find a key by the hexadecimal of its fingerprint. That it may write is not said by that.
   *
   * @returns undefined where the server doesn't know it.
   * @throws AtedbError VERIFICATION_FAILED for an answer that can't be read; CONNECTION_FAILED and others of the call.
   */
  async find(
    fingerprint: string,
    genesis: Genesis,
    signal: AbortSignal,
  ): Promise<PublicKey | undefined> {
    const known = this.#found.get(fingerprint);
    if (known !== undefined) return known;
    const request = {
      chainKey: genesis.chainKey.text,
      chainId: genesis.chainId,
      fingerprints: [Buffer.from(fingerprint, 'hex')],
    };
    const answer = await this.#transport.unary(ChainService.method.getKeys, request, { signal });
    const key = keysOf(answer).find((one) => one.fingerprintHex === fingerprint);
    if (key === undefined) return undefined;
    const [oldest] = this.#found.keys();
    if (this.#found.size >= keptMax && oldest !== undefined) this.#found.delete(oldest);
    this.#found.set(fingerprint, key);
    return key;
  }
}

function keysOf(answer: Buffer): PublicKey[] {
  try {
    const { keys } = fromBinary(GetKeysResponseSchema, answer);
    return keys.map((key) => parsePublicKey(Buffer.from(toBinary(PublicKeySchema, key))));
  } catch (error) {
    throw new AtedbError(
      'VERIFICATION_FAILED',
      "the server's answer about public keys can't be read",
      { cause: error },
    );
  }
}
