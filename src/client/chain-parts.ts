import type { AtedbError } from '../bytes/index.ts';
import { asAtedbError } from './as-atedb-error.ts';
import { ChainKeys } from './chain-keys.ts';
import { ChainOpener } from './chain-opener.ts';
import type { ChainOptions } from './chain-options.ts';
import { ChainRules } from './chain-rules.ts';
import { ChainTicket } from './chain-ticket.ts';
import { checkChallenge } from './check-challenge.ts';
import { ChainCheckpoints } from './checkpoints.ts';
import { KnownHead } from './known-head.ts';
import { notRemembered } from './notice.ts';
import { RememberedChain } from './remembered-chain.ts';
import type { Transport } from './transport.ts';
import { Writer } from './writer.ts';

/** What a chain of a server is made of. */
export interface ChainParts {
  /** With tickets, if the chain is private. */
  readonly transport: Transport;
  readonly remembered: RememberedChain;
  readonly known: KnownHead;
  readonly keys: ChainKeys;
  readonly opener: ChainOpener;
  readonly rules: ChainRules;
  readonly writer: Writer;
}

/** Put the parts of a chain together. */
export function chainParts(options: ChainOptions): ChainParts {
  const { chainKey, home, chainId, trustMode, readDamaged } = options;
  const { server } = options.transport;
  const onSaveError = (error: unknown) => {
    const cause: AtedbError = asAtedbError(error);
    options.onNotice(notRemembered(chainKey.text, cause));
  };
  const remembered = new RememberedChain({ home, server, chainKey, onError: onSaveError });
  const tickets = new ChainTicket({
    transport: options.transport,
    chainKey,
    loadKeys: options.loadReadKeys,
    right: options.right,
    check: (challenge) =>
      checkChallenge(challenge, {
        ...{ chainKey, server, pinned: chainId, genesis: opener.genesis, remembered },
      }),
  });
  const transport = options.transport.withTickets(tickets);
  const known = new KnownHead((head) => {
    const id = opener.genesis?.chainId;
    if (id !== undefined) remembered.note({ chainId: id, head });
  });
  const checkpoints = new ChainCheckpoints({
    server,
    known,
    ofAnyServer: options.asCopy,
    onNewer: (checkpoint) => {
      const head = known.newest ?? checkpoint.head;
      remembered.note({ chainId: checkpoint.chainId, head, checkpoint });
    },
  });
  const opener = new ChainOpener({
    transport,
    chainKey,
    expected: {
      chainId,
      trustMode,
      isConfidential: options.isConfidential,
      isPrivate: options.isPrivate,
      isDelegated: options.right !== undefined,
    },
    remembered,
    known,
    checkpoints,
    readsDamaged: readDamaged,
    onConflict: () => rules.verified.forget(),
  });
  const rules = new ChainRules({
    transport,
    chainKey,
    opener,
    folder: remembered.folder,
    checks: readDamaged ? false : options.checkRules,
    loadKeys: options.loadReadKeys,
    onSaveError,
  });
  const writer = new Writer({
    ...options,
    transport,
    home: options.writerHome,
    opener,
    known,
    limits: { eventsMax: options.batchEventsMax, bytesMax: options.batchBytesMax },
    onSaveError,
  });
  return { transport, remembered, known, keys: new ChainKeys(transport), opener, rules, writer };
}
