import type { ProvenCheckpoint, ProvenEvent, ProvenFacts } from '../proof/index.ts';
import { hexOrAbsent } from './event-lines.ts';
import { countOf, isoTime, safeText, shownData } from './safe-text.ts';

const dataCharactersMax = 200;

/** How the head of a proof stands to one that its reader has from elsewhere. */
export type HeadMatch = 'same' | 'older' | undefined;

/** What a proof shows and what it doesn't, in words, ended by a newline. */
export function proofWords(facts: ProvenFacts, match: HeadMatch): string {
  const { genesis, head, last, event, older, newer, checkpoint } = facts;
  const events =
    last === undefined ? '' : ` and ${countOf(last.firstSequence + last.events, 'event')}`;
  const shown = [
    `it is of the chain ${safeText(genesis.chainKey.text)} (${genesis.trustMode}), whose id is ${genesis.chainId.toString('hex')}`,
    ...(event === undefined ? [] : eventWords(event, facts)),
    ...ownerWords(genesis),
    `its head is of ${countOf(head.size, 'commit')}${events}, from the genesis on, and has the root ${head.root.toString('hex')}`,
    ...(older === undefined
      ? []
      : [
          `its history extends that of ${countOf(older.size, 'commit')} with the root ${older.root.toString('hex')}`,
        ]),
    ...(newer === undefined
      ? []
      : [
          `the chain had ${countOf(newer.size, 'commit')} later, and the root ${newer.root.toString('hex')}: that extends its head, whose last commit is gone`,
        ]),
    ...(checkpoint === undefined ? [] : [checkpointWords(checkpoint)]),
    ...(match === undefined ? [] : [matchWords[match]]),
  ];
  return `${block('verified', shown)}${block('not shown', notShown(facts, match))}`;
}

const matchWords = {
  same: 'that head is the one that you named with --head',
  older: 'its history extends the head that you named with --head',
};

/** Who said whose the chain is when it was made. */
function ownerWords({ answer }: ProvenFacts['genesis']): string[] {
  if (answer === undefined) return [];
  const proof = answer.isUnverified ? ', a name that nobody had checked' : '';
  return [
    `when it was made it belonged to ${safeText(answer.owner.text)}${proof}, as the auth service ${answer.identity.fingerprintHex} has signed`,
  ];
}

function eventWords(event: ProvenEvent, { genesis, head }: ProvenFacts): string[] {
  const { sequence, commit, index, header } = event;
  const key = event.fingerprint.toString('hex');
  const isRoot = genesis.roots.some((root) => root.fingerprint.equals(event.fingerprint));
  const isServer = genesis.serverIdentity?.fingerprint.equals(event.fingerprint) === true;
  const serverWords = isServer ? ', the identity of the server that the genesis names' : '';
  const rootWords = isRoot ? ', which the genesis names' : serverWords;
  const about =
    header.primaryKey === undefined
      ? ''
      : `, about the object ${header.primaryKey.toString('hex')}`;
  const type = header.type === undefined ? '' : `, of type ${safeText(header.type)}`;
  const data =
    event.data === undefined
      ? []
      : [
          `its data (${countOf(event.data.length, 'byte')}) is ${shownData(event.data, dataCharactersMax)}`,
        ];
  return [
    `event ${sequence} is of kind ${header.kind}${about}${type}`,
    ...data,
    `it is event ${index} of ${commit.events} of its batch, which is commit ${commit.commit} of the ${head.size} of its head`,
    event.vouchedBy === 'writer'
      ? `that batch is signed by the key ${key}${rootWords}`
      : `that batch names the key ${key}${rootWords}, and has no signature: that this key was proven, only the server of the chain says (its identity is ${genesis.serverIdentity?.fingerprintHex})`,
    `its server says that it accepted it at ${isoTime(commit.timeUnixMs)}`,
  ];
}

function checkpointWords({ identity, isOfGenesis }: ProvenCheckpoint): string {
  const whose = isOfGenesis ? ', which the genesis names' : '';
  return `that head is signed by the server ${identity.fingerprintHex}${whose}: it can't deny having shown it`;
}

function notShown(facts: ProvenFacts, match: HeadMatch): string[] {
  const { event } = facts;
  return [
    ...(match === undefined
      ? [
          'whether others were shown the same history: compare the head with one from elsewhere (--head)',
        ]
      : []),
    ...(event === undefined
      ? []
      : [
          'whether its keys had the right to it: that follows from what came before',
          'whether later events change, answer or remove what this one says, and whether its conditions held: atedb verify checks whole chains',
        ]),
    ...(event !== undefined && event.data === undefined && !event.header.isGenesis
      ? ['the data, which was left out: the header has its salted hash and its size']
      : []),
  ];
}

/** Some lines below a title; nothing where there are none. */
export function block(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** What a proof shows, as one line of JSON. */
export function proofFactsJson(facts: ProvenFacts, match: HeadMatch): string {
  const { genesis, head, last, event, older, newer, checkpoint } = facts;
  // `undefined` is left out by JSON.stringify.
  return JSON.stringify({
    verdict: 'verified',
    chainKey: genesis.chainKey.text,
    chainId: genesis.chainId.toString('hex'),
    trustMode: genesis.trustMode,
    owner: genesis.answer && {
      name: genesis.answer.owner.text,
      authIdentity: genesis.answer.identity.fingerprintHex,
      unverified: genesis.answer.isUnverified,
    },
    head: { size: head.size, root: head.root.toString('hex') },
    events: last && last.firstSequence + last.events,
    headIsKnown: match,
    event: event && {
      sequence: event.sequence,
      commit: event.commit.commit,
      kind: event.header.kind,
      key: hexOrAbsent(event.header.primaryKey),
      type: event.header.type,
      time: isoTime(event.commit.timeUnixMs),
      writer: event.writerId.toString('hex'),
      fingerprint: event.fingerprint.toString('hex'),
      vouchedBy: event.vouchedBy,
      bytes: event.header.isGenesis ? undefined : event.header.dataBytes,
      data: event.data?.toString('base64'),
    },
    older: older && { size: older.size, root: older.root.toString('hex') },
    newer: newer && { size: newer.size, root: newer.root.toString('hex') },
    checkpoint: checkpoint && { server: checkpoint.identity.fingerprintHex },
  });
}
