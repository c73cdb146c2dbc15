import { hashTags, taggedHash, verifyConsistency, verifyInclusion } from '../crypto/index.ts';
import {
  type CommitHeader,
  commitLeaf,
  type EventAuthority,
  type EventHeader,
  eventMarks,
  type Genesis,
  marksOfHeader,
  parseCommitHeader,
  parseEventHeader,
  parsePublicKey,
  parseSeal,
  readAuthority,
  type SealView,
  type TreeHead,
  verifyEventPath,
  writerIdOf,
} from '../event/index.ts';
import {
  isServersKind,
  keyTable,
  type VouchedBy,
  verifyGenesis,
  verifyHeldIn,
  verifySignatures,
  vouchedBy,
} from '../trust/index.ts';
import { checkCheckpoint, type ProvenCheckpoint } from './check-checkpoint.ts';
import type { CommitProof, EventProof, NewerTree, OlderTree, Proof } from './proof.ts';
import { inPart, notProven } from './proof-error.ts';

/** What a proof shows. */
export interface ProvenFacts {
  readonly genesis: Genesis;
  /** The history that everything is in. That it is the one that others see, only comparing it shows. */
  readonly head: TreeHead;
  /** The last commit of that history. Undefined: it is gone, and a newer tree shows how large this one was. */
  readonly last: CommitHeader | undefined;
  readonly event: ProvenEvent | undefined;
  /** A tree that the head's extends. */
  readonly older: TreeHead | undefined;
  /** A tree that extends the head's. Undefined: the proof holds none. */
  readonly newer: TreeHead | undefined;
  /** By which server the head is signed. Undefined: the proof holds no signature of it. */
  readonly checkpoint: ProvenCheckpoint | undefined;
}

/** An event that is proven to be in a chain. */
export interface ProvenEvent {
  readonly sequence: number;
  readonly commit: CommitHeader;
  /** Its place among the events of its batch, from 0 on. */
  readonly index: number;
  readonly header: EventHeader;
  /** Undefined: left out; its hash is in the header. */
  readonly data: Buffer | undefined;
  /** `server`: no signature is on the batch, so nothing here shows that its writer's key wrote it. */
  readonly vouchedBy: VouchedBy;
  readonly writerId: Buffer;
  /** Of the key that the seal names; 32 bytes. */
  readonly fingerprint: Buffer;
}

/**
 * Check a proof by itself, with nothing of the chain at hand: what it says is true if the hashes and signatures that it
 * rests on can't be forged.
 *
 * Not checked, since a proof doesn't hold it: the writer's other batches, the conditions of the batch, events that came
 * later, and whether the head is the one that others were shown.
 *
 * @throws AtedbError VERIFICATION_FAILED, saying what is wrong.
 */
export async function checkProof(proof: Proof): Promise<ProvenFacts> {
  const { head, older, newer, checkpoint } = proof;
  if (proof.event === undefined && older === undefined) {
    throw notProven('it names neither an event nor an older tree, and so proves nothing');
  }
  const beginning = await checkGenesis(proof);
  const last = await inPart('the head', () => checkLast(proof));
  const chain = { ...beginning, head, last };
  const event =
    proof.event && (await inPart('the event', () => checkEvent(proof.event as EventProof, chain)));
  if (older !== undefined) checkOlder(older, head);
  const { genesis } = chain;
  const signed =
    checkpoint &&
    (await inPart('the checkpoint', () => checkCheckpoint(checkpoint, genesis, head)));
  const shown = { older: older?.head, newer: newer?.head, checkpoint: signed };
  return { genesis, head, last: newer === undefined ? last : undefined, event, ...shown };
}

interface Beginning {
  readonly genesis: Genesis;
  readonly seal: SealView;
  readonly commit: CommitHeader;
}

async function checkGenesis({ genesis: given, head }: Proof): Promise<Beginning> {
  return inPart('the genesis', async () => {
    const { genesis, batch } = await verifyGenesis(given.run);
    const commit = parseCommitHeader(given.commitHeader);
    const isFirst = commit.commit === 0 && commit.firstSequence === 0 && commit.events === 1;
    if (!isFirst || !commit.sealHash.equals(batch.seal.hash)) {
      throw notProven('the commit of the genesis is of another batch');
    }
    checkInclusion('the genesis', given, 0, head);
    return { genesis, seal: batch.seal, commit };
  });
}

/**
 * Check that the head's tree ends with the commit that its size says. An inclusion proof of a leaf elsewhere may hold for
 * several sizes, and so for a history that is shorter or longer than is said. Where that commit is gone, a newer tree that ends so has
 * just one tree of the head's size in it.
 *
 * @returns the last commit, of the newer tree where there is one.
 */
function checkLast({ last, head, newer }: Proof): CommitHeader {
  if (newer !== undefined) {
    if (newer.head.size <= head.size) throw notProven('the newer tree is none');
    checkExtends(head, newer);
  }
  const ending = newer?.head ?? head;
  const commit = parseCommitHeader(last.commitHeader);
  if (commit.commit !== ending.size - 1) {
    throw notProven(`the last of its ${ending.size} commits has the number ${commit.commit}`);
  }
  checkInclusion('the last one', last, commit.commit, ending);
  return commit;
}

/** Check that a newer tree extends the head's. */
function checkExtends({ size, root }: TreeHead, { head, consistency }: NewerTree): void {
  const claim = { first: size, firstRoot: root, second: head.size, secondRoot: head.root };
  if (size > 0 && verifyConsistency({ ...claim, proof: consistency })) return;
  throw notProven(`the newer tree of ${head.size} commits does not extend it`);
}

async function checkEvent(
  event: EventProof,
  chain: Beginning & { readonly head: TreeHead; readonly last: CommitHeader },
): Promise<ProvenEvent> {
  const { head } = chain;
  const header = parseEventHeader(event.header);
  const seal = parseSeal(event.seal);
  const commit = parseCommitHeader(event.commitHeader);
  if (!commit.sealHash.equals(seal.hash) || commit.events !== seal.events) {
    throw notProven('its commit is of another batch than its seal');
  }
  const index = event.sequence - commit.firstSequence;
  const { eventsRoot } = seal;
  const claim = { header: event.header, index, count: seal.events, path: event.path, eventsRoot };
  if (!verifyEventPath(claim)) {
    throw notProven(`its path does not lead to the seal of sequence ${event.sequence}`);
  }
  checkInclusion('the event', event, commit.commit, head);
  checkOrder(commit, chain);
  const { header: headerBytes, keys } = event;
  const vouched = await checkSeal(seal, { header, headerBytes, keys, commit, chain });
  return {
    sequence: event.sequence,
    commit,
    index,
    header,
    data: header.isGenesis ? checkNoContent(event) : checkContent(event, header),
    vouchedBy: vouched,
    writerId: seal.writerId,
    fingerprint: seal.fingerprint,
  };
}

/** What of the order of commits can be seen: that the event's isn't outside what is between the first and the last. */
function checkOrder(
  commit: CommitHeader,
  { commit: first, last }: Beginning & { last: CommitHeader },
): void {
  const isBetween =
    commit.timeUnixMs >= first.timeUnixMs &&
    commit.timeUnixMs <= last.timeUnixMs &&
    commit.firstSequence >= commit.commit &&
    commit.firstSequence <= last.firstSequence;
  if (!isBetween)
    throw notProven('its commit has a time or a sequence that can not be in this chain');
}

/** Check who sealed the event's batch, and for which chain. */
async function checkSeal(
  seal: SealView,
  of: {
    header: EventHeader;
    headerBytes: Buffer;
    keys: readonly Buffer[];
    commit: CommitHeader;
    chain: Beginning;
  },
): Promise<VouchedBy> {
  const { header, commit, chain } = of;
  const { genesis } = chain;
  if (!seal.chainId.equals(genesis.chainId)) throw notProven('its seal is for another chain');
  const isGenesis = header.kind === 'genesis';
  if (isGenesis !== header.isGenesis || isGenesis !== (commit.commit === 0)) {
    throw notProven('a genesis is the first event of a chain, and the first only');
  }
  if (header.isGenesis) {
    // Whose signatures are complete.
    if (!seal.bytes.equals(chain.seal.bytes)) throw notProven('its seal is not the genesis seal');
    return 'writer';
  }
  const { chainId, fingerprint, writerSalt: salt } = seal;
  if (!writerIdOf({ chainId, fingerprint, salt }).equals(seal.writerId)) {
    throw notProven('its writer id is not the hash of chain id, fingerprint and salt');
  }
  const { headerBytes } = of;
  const marks = marksOfHeader(headerBytes);
  const event = { seal, count: 1, kindOf: () => header.kind, marksOf: () => marks };
  const vouched = vouchedBy(event, genesis.trustMode);
  const said = readAuthority(headerBytes);
  if (vouched === 'writer') checkSigners(seal, said);
  const shown = [...seal.publicKeys, ...of.keys].map((key) => parsePublicKey(key));
  const { roots, serverIdentity } = genesis;
  const isServers = isServersKind(header.kind) && serverIdentity !== undefined;
  const named = isServers ? [serverIdentity] : roots;
  await verifySignatures(seal, keyTable([...named, ...shown]));
  await verifyHeldIn(said);
  return vouched;
}

/** All that the event is from have signed; others may have, for other events of the batch. */
function checkSigners(seal: SealView, { signWith = [], author }: EventAuthority): void {
  const due = [seal.fingerprint, ...signWith, ...(author === undefined ? [] : [author])];
  for (const signer of due) {
    if (seal.signatures.some(({ fingerprint }) => fingerprint.equals(signer))) continue;
    throw notProven(`its batch is not signed by ${signer.toString('hex')}, whom the event is from`);
  }
}

function checkNoContent({ content }: EventProof): undefined {
  if (content !== undefined) throw notProven('a genesis has no data');
}

function checkContent(event: EventProof, header: EventHeader): Buffer | undefined {
  const { content } = event;
  if (content === undefined) return undefined;
  const { salt, data } = content;
  const hash =
    salt === undefined
      ? taggedHash(hashTags.sealedData, data)
      : taggedHash(hashTags.data, salt, data);
  const isSealed = (marksOfHeader(event.header) & eventMarks.sealed) !== 0;
  const fits =
    isSealed === (salt === undefined) &&
    header.dataBytes === data.length &&
    header.dataHash?.equals(hash) === true;
  if (!fits) throw notProven('its data does not hash to what its header says');
  return data;
}

function checkInclusion(
  what: string,
  of: CommitProof,
  index: number,
  { size, root }: TreeHead,
): void {
  const leaf = commitLeaf(of.commitHeader);
  if (verifyInclusion({ leaf, index, size, proof: of.inclusion, root })) return;
  throw notProven(`the commit of ${what} is not in the tree of the head`);
}

function checkOlder({ head: older, consistency }: OlderTree, head: TreeHead): void {
  const extended = verifyConsistency({
    first: older.size,
    second: head.size,
    firstRoot: older.root,
    secondRoot: head.root,
    proof: consistency,
  });
  // Every tree extends the one without leaves: nothing is said of it.
  if (extended && older.size > 0) return;
  throw notProven(`the tree of the head does not extend the older one of ${older.size} commits`);
}
