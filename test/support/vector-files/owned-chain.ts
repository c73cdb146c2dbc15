import { signatureContexts } from '../../../src/crypto/index.ts';
import {
  type AuthAnswerClaim,
  type BuiltEvent,
  parseChainKey,
  parseOwner,
} from '../../../src/event/index.ts';
import type { FixedKey } from './fixed.ts';
import { answerEvent, answerOf, people } from './fixed-answer.ts';
import { FixedChain, type FixedGenesis, FixedWriter, fixedEvent } from './fixed-chain.ts';

// Chains of which an auth service says whose they are.

const { server, mine, second, role, guest } = people;

/** Of a user's chain, with the usual answer. @param said changes that. */
export function ownedGenesis(
  said: Partial<AuthAnswerClaim> = {},
  genesis: Partial<FixedGenesis> = {},
): FixedGenesis {
  return {
    ...{ roots: [server], server, trustMode: 'centralized' },
    ...{ authAnswer: answerOf(said), ...genesis },
  };
}

/** What the service says of a group: an owner's and a delegate's key, and those of a contributor and an observer. */
export const team: Partial<AuthAnswerClaim> = {
  ...{ owner: parseOwner('team'), roots: [mine.publicKey, second.publicKey] },
  ...{ writers: [role.publicKey], admitted: [guest.publicKey.fingerprint] },
};

/** Of a group's chain. */
export const teamGenesis = (genesis: Partial<FixedGenesis> = {}): FixedGenesis =>
  ownedGenesis(team, { chainKey: parseChainKey('team/vectors'), ...genesis });

/** That a key counts no more. */
export const changedTo = ({ publicKey }: FixedKey, successor?: FixedKey) => ({
  fingerprint: publicKey.fingerprint,
  successor: successor?.publicKey.fingerprint,
});

/** The event of an answer. */
export function answers(said: Partial<AuthAnswerClaim>, by?: FixedKey): BuiltEvent {
  const identity = by === undefined ? {} : { identity: by.publicKey };
  const context = signatureContexts.authAnswer;
  const message = answerOf({ ...identity, ...said }, by === undefined ? {} : { by, context });
  return answerEvent(`answer ${said.version ?? 0}`, message);
}

/** A key ends, and perhaps another one has its place. */
export function keyChange({ name, publicKey }: FixedKey, successor?: FixedKey): BuiltEvent {
  const keyChange = { fingerprint: publicKey.fingerprint, successor: successor?.publicKey };
  return fixedEvent(`change of ${name}`, {
    kind: 'key_change',
    primaryKey: undefined,
    authority: { keyChange },
  });
}

/** An owned chain, and those who write to it. */
export class OwnedChain {
  readonly chain: FixedChain;
  readonly #writers = new Map<string, FixedWriter>();

  constructor(genesis: FixedGenesis = ownedGenesis()) {
    this.chain = new FixedChain(genesis);
    const { writer } = this.chain;
    this.#writers.set(writer.key.name, writer);
  }

  /** The one writer of a key. */
  writer(key: FixedKey): FixedWriter {
    const writer = this.#writers.get(key.name) ?? new FixedWriter(this.chain.chainId, key);
    this.#writers.set(key.name, writer);
    return writer;
  }

  /** Store a batch. @param options as `FixedWriter.batch`; `timeUnixMs` is of its commit. */
  append(
    by: FixedKey,
    events: readonly BuiltEvent[],
    options: Parameters<FixedWriter['batch']>[1] & { readonly timeUnixMs?: number } = {},
  ): this {
    const { timeUnixMs, ...said } = options;
    // The chain counts on from there.
    if (timeUnixMs !== undefined) this.chain.timeUnixMs = timeUnixMs - 1;
    this.chain.accept(this.writer(by).batch(events, said));
    return this;
  }
}
