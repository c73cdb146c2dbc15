import type { Genesis, TreeHead } from '../event/index.ts';
import type { FolderFindings, HistoryVerifier, Violation } from '../verify/index.ts';
import { headText } from './head-flag.ts';
import { countOf, isoTime, safeText } from './safe-text.ts';

/** What `atedb verify` has found. */
export interface VerifyReport {
  /** The folder or address, as the user named it. */
  readonly target: string;
  readonly genesis: Genesis | undefined;
  readonly history: HistoryVerifier | undefined;
  readonly violations: readonly Violation[];
  /** Whether there are more violations than these. */
  readonly leftOut: boolean;
  readonly allSignatures: boolean;
  /** Whether the user has said which chain it must be. */
  readonly isPinned: boolean;
  /** Heads that are in it, or should be. */
  readonly heads: readonly TreeHead[];
  /** Of a folder. */
  readonly files: Omit<FolderFindings, 'violations' | 'history' | 'genesis'> | undefined;
}

/** A report as one line of JSON. What there is nothing to say of is left out. */
export function verifyJson(report: VerifyReport): string {
  const { target, genesis, history, violations, leftOut, files } = report;
  const times = history?.times;
  return JSON.stringify({
    target,
    verdict: violations.length === 0 ? 'verified' : 'violated',
    chainKey: genesis?.chainKey.text,
    chainId: genesis?.chainId.toString('hex'),
    trustMode: genesis?.trustMode,
    pinned: report.isPinned,
    commits: history?.head.size,
    events: history?.nextSequence,
    owner: ownerFields(history),
    head: history && { size: history.head.size, root: history.head.root.toString('hex') },
    knownHeads: report.heads.map(({ size, root }) => ({ size, root: root.toString('hex') })),
    firstCommit: times && isoTime(times.firstUnixMs),
    lastCommit: times && isoTime(times.lastUnixMs),
    signatures: report.allSignatures ? 'all' : 'one a writer and slice',
    vouchedBy: history?.tally.vouched(),
    keys: history?.tally.keys(),
    gone: history && goneFields(history),
    files: files && {
      segments: files.segments,
      derived: files.derived,
      others: files.others,
      notes: files.notes,
      tornBytes: files.tornBytes,
      behind: files.behind,
      moved: files.moved,
    },
    violations,
    leftOut,
  });
}

function ownerFields(history: HistoryVerifier | undefined): object | undefined {
  const owner = history?.authority()?.owner;
  if (owner === undefined) return undefined;
  return {
    name: owner.owner,
    authIdentity: owner.identity.fingerprintHex,
    version: owner.version,
    expires: isoTime(owner.expiresUnixMs),
    unverified: owner.isUnverified,
    removed: owner.isRemoved,
  };
}

/** A report in words, ended by a newline. */
export function verifyWords(report: VerifyReport): string {
  const { target, genesis, history, violations } = report;
  const name = safeText(genesis?.chainKey.text ?? target);
  const verdict = violations.length === 0 ? 'verified' : 'does not verify';
  return [
    `${name}: ${verdict}`,
    ...violationLines(report),
    ...(genesis === undefined ? [] : idLines(report, genesis)),
    ...(history === undefined ? [] : historyLines(report, history)),
    ...(history === undefined ? [] : ownerLines(history)),
    ...(report.files === undefined ? [] : fileLines(report.files)),
  ]
    .map((line, at) => `${at === 0 ? '' : '  '}${line}\n`)
    .join('');
}

function violationLines({ violations, leftOut }: VerifyReport): string[] {
  const lines = violations.map(({ what, file, offset, commit, sequence }) => {
    const places = [
      ...(file === undefined ? [] : [`${safeText(file)} at offset ${offset}`]),
      ...(commit === undefined || what.startsWith('commit ') ? [] : [`commit ${commit}`]),
      ...(sequence === undefined ? [] : [`sequence ${sequence}`]),
    ];
    return `VIOLATION ${places.join(', ')}${places.length === 0 ? '' : ': '}${safeText(what)}`;
  });
  return leftOut ? [...lines, 'and more, which were not looked for'] : lines;
}

function idLines({ isPinned, heads }: VerifyReport, { chainId, trustMode }: Genesis): string[] {
  const pinned = isPinned
    ? ', as you named it'
    : '; whether that is the chain that you mean, only its id says: name it with --chain-id';
  return [
    `id ${chainId.toString('hex')} (${trustMode})${pinned}`,
    ...heads.map((head) => `known head ${headText(head)}`),
  ];
}

/** Whose the chain is, as its auth service has said last. */
function ownerLines(history: HistoryVerifier): string[] {
  const owner = history.authority()?.owner;
  if (owner === undefined) return [];
  const proof = owner.isUnverified ? ', a name that nobody has checked' : '';
  const now = owner.isRemoved
    ? ', whose account was removed'
    : `${proof}; so says the auth service ${owner.identity.fingerprintHex}, until ${isoTime(owner.expiresUnixMs)}`;
  return [`owner ${safeText(owner.owner)}${now}`];
}

function historyLines({ allSignatures }: VerifyReport, history: HistoryVerifier): string[] {
  const { head, nextSequence, times, tally } = history;
  const { signed, coveredLater, serverOnly } = tally.vouched();
  const batches = (count: { batches: number; events: number }) =>
    `${countOf(count.batches, 'batch', 'batches')} (${countOf(count.events, 'event')})`;
  const span =
    times === undefined
      ? ''
      : `, from ${isoTime(times.firstUnixMs)} to ${isoTime(times.lastUnixMs)} by the server's clock`;
  const how = allSignatures
    ? 'each signature was verified'
    : 'of each writer the last signature in each slice was verified, which covers what it wrote before';
  return [
    `${countOf(head.size, 'commit')}, ${countOf(nextSequence, 'event')}${span}`,
    `head ${headText(head)}`,
    `signed by their writers: ${batches(signed)}; ${how}`,
    ...(coveredLater.batches === 0
      ? []
      : [`covered by a later signature of their writer: ${batches(coveredLater)}`]),
    ...(serverOnly.batches === 0 ? [] : [`vouched by server only: ${batches(serverOnly)}`]),
    ...goneLines(history),
    ...tally
      .keys()
      .map(
        (key) =>
          `key ${key.fingerprint}: ${batches(key)}, ${countOf(key.bytes, 'byte')}, ${countOf(key.writers, 'writer')}`,
      ),
  ];
}

/** What is said of data that is gone; undefined where all is there. */
function goneFields({ tally, owed }: HistoryVerifier): object | undefined {
  const { forgotten, dropped, redacted, expired } = tally.gone;
  if (forgotten + dropped + redacted + expired === 0) return undefined;
  const { oneIn, notKept } = owed;
  return {
    forgotten,
    dropped,
    redacted,
    expired,
    checkedObjectsOneIn: oneIn,
    redactedNotChecked: notKept,
  };
}

function goneLines({ tally, owed }: HistoryVerifier): string[] {
  const { forgotten, dropped, redacted, expired } = tally.gone;
  const { oneIn, notKept } = owed;
  const sample =
    oneIn === 1
      ? 'something newer of each of their objects was to be there'
      : `there are so many that of one object in ${oneIn}, chosen at random, something newer was to be there`;
  const unchecked = notKept === 0 ? '' : `, but for ${notKept}, which were too many to check`;
  return [
    ...(forgotten === 0
      ? []
      : [`${countOf(forgotten, 'event')} gone under a snapshot, which a root has signed`]),
    ...(dropped === 0 ? [] : [`data was dropped of ${countOf(dropped, 'event')}: ${sample}`]),
    ...(expired === 0
      ? []
      : [`data has expired of ${countOf(expired, 'event')}: a rule of the chain was to let it go`]),
    ...(redacted === 0
      ? []
      : [
          `data was erased of ${countOf(redacted, 'event')}: a signed redaction of each was to be there${unchecked}`,
        ]),
  ];
}

function fileLines(files: NonNullable<VerifyReport['files']>): string[] {
  const { segments, derived, others, notes, tornBytes, behind, moved } = files;
  return [
    countOf(segments, 'segment'),
    ...derived.map(
      ({ file, offset, what }) => `derived: ${safeText(file ?? '')} at offset ${offset}: ${what}`,
    ),
    ...notes.map((note) => `not used: ${safeText(note)}`),
    ...(others.length === 0
      ? []
      : [`no part of the chain, not looked into: ${others.map(safeText).join(', ')}`]),
    ...(tornBytes === 0
      ? []
      : [
          `the last ${countOf(tornBytes, 'byte')} are torn: a crash leaves that of what was never acknowledged, and so it looks while a server writes`,
        ]),
    ...(behind.batches === 0
      ? []
      : [
          `behind that, ${countOf(behind.batches, 'batch', 'batches')} (${countOf(behind.events, 'event')}) verify by themselves, and nothing ties them to what is before`,
        ]),
    ...(moved
      ? ['a server has written to the chain meanwhile: what came last may be missing here']
      : []),
  ];
}
