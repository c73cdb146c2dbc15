import { randomBytes } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import { type ChainKey, type DelegatedRight, sealBatch, signBatch } from '../event/index.ts';
import type { AppendOptions } from './append-options.ts';
import { type AppendEvent, buildEvents } from './build-events.ts';
import type { ChainOpener } from './chain-opener.ts';
import { checkOffer } from './check-offer.ts';
import { appendRequest, offerGenesis, sealGenesis } from './make-genesis.ts';
import { issuersOf, pathBytes } from './shown-right.ts';

/**
 * Make the requests that append events, and send nothing: see `Chain.sealRequests`.
 *
 * @throws AtedbError as building events and opening the chain do.
 */
export async function sealRequests(
  chain: {
    readonly chainKey: ChainKey;
    readonly opener: ChainOpener;
    readonly loadKey: () => Promise<KeyPair>;
    /** By which the key may write; undefined: by rules that name it. */
    readonly right: DelegatedRight | undefined;
    /** Whether only those whom its rules name may open a chain that is made. */
    readonly isPrivate: boolean;
  },
  events: readonly AppendEvent[],
  options: AppendOptions,
): Promise<Buffer[]> {
  const built = buildEvents(events, options);
  const { signal, timeoutMs } = options;
  const key = await chain.loadKey();
  const { fingerprint } = key.publicKey;
  const salt = randomBytes(16);
  const { isPrivate } = chain;
  const wishes = { isPrivate, isConfidential: false };
  const opened = await chain.opener.open({ forAppend: true, wishes, signal, timeoutMs });
  const requests: Buffer[] = [];
  let chainId = opened.chain?.genesis.chainId;
  let counter = 0;
  let previous: Buffer | undefined;
  if (chainId === undefined && opened.offer !== undefined) {
    const { chainKey, opener } = chain;
    const { serverIdentity, offer } = opened;
    const wanted = { chainKey, serverIdentity, ...wishes, writer: key.publicKey };
    chainId = (await checkOffer(offer, { ...wanted, server: opener.server })).chainId;
    requests.push(appendRequest(offer, chainKey));
  } else if (chainId === undefined) {
    const offer = offerGenesis(chain.chainKey, key, opened, { isPrivate });
    const genesis = await sealGenesis(offer, key, salt);
    requests.push(appendRequest(genesis.run, chain.chainKey));
    chainId = offer.chainId;
    counter = 1;
    previous = genesis.sealHash;
  }
  const sealed = sealBatch({
    writer: { chainId, fingerprint, salt },
    counter,
    previous,
    eventHeaders: built.events.map((event) => event.header),
    asOf: opened.chain?.head,
    preconditions: built.preconditions,
  });
  const frames = built.events.map((event) => event.frame);
  const { coSigners } = built;
  const right = built.right ?? chain.right;
  const strangers = [...(chain.right === undefined ? [] : [key]), ...coSigners];
  const shown = [...strangers.map(({ publicKey }) => publicKey), ...issuersOf(right)];
  const run = await signBatch(frames, sealed, [key, ...coSigners], shown, pathBytes(right));
  requests.push(appendRequest(run, chain.chainKey));
  return requests;
}

/** Requests that are made for other tools have data in clear. */
export function notSealedHere(chainKey: string): AtedbError {
  return new AtedbError(
    'UNSUPPORTED',
    `data of the chain ${chainKey} is sealed, and requests that are made without being sent have it in clear. Append it instead`,
    { metadata: { chain_key: chainKey } },
  );
}
