import type { AtedbError } from '../bytes/index.ts';
import type {
  ChainDiagnosis,
  ChainMending,
  ChainRepair,
  ChainRestoration,
} from '../chain/index.ts';
import type { LostEvents, RepairStep } from '../log/index.ts';
import { segmentName } from '../log/index.ts';
import { countOf, safeText, spanOf } from './safe-text.ts';

/** What became of a chain that was looked at. */
export type ChainReport = {
  readonly folder: string;
  /** What a backup had of it; undefined where none was named. */
  readonly restored?: ChainRestoration | undefined;
  /** What others had of what is lost; undefined where nobody was asked. */
  readonly mended?: ChainMending | undefined;
  /** Who that is, in words. */
  readonly source?: string | undefined;
} & (
  | { readonly state: 'diagnosed'; readonly diagnosis: ChainDiagnosis }
  | { readonly state: 'repaired'; readonly diagnosis: ChainDiagnosis; readonly repair: ChainRepair }
  | { readonly state: 'failed'; readonly error: AtedbError }
);

/** Whether there is anything to do; what the server puts right by itself when it opens the chain is none of it. */
export function isToRepair({ steps }: ChainDiagnosis): boolean {
  return steps.length > 0;
}

/** A report as one line of JSON. What there is nothing to say of is left out. */
export function reportJson(report: ChainReport): string {
  const { folder } = report;
  if (report.state === 'failed') {
    const { reason, message } = report.error;
    const restored = restoredFields(report.restored);
    const taken = takenFields(report);
    return JSON.stringify({ folder, state: 'failed', reason, message, restored, taken });
  }
  const { key, survey, steps } = report.diagnosis;
  const { place, lost, tornBytes } = survey;
  const state = report.state === 'repaired' ? 'repaired' : steps.length > 0 ? 'damaged' : 'sound';
  return JSON.stringify({
    chainKey: key.text,
    folder,
    state,
    damages: survey.damages,
    kept: {
      commits: place.commit,
      events: place.sequence,
      root: place.frontier.root().toString('hex'),
    },
    lost: lost && {
      firstSequence: lost.firstSequence,
      lastSequence: lost.lastSequence,
      firstCommit: lost.firstCommit,
      readableEvents: lost.readable,
    },
    tornBytes: tornBytes === 0 ? undefined : tornBytes,
    restored: restoredFields(report.restored),
    taken: takenFields(report),
    steps: steps.map(stepFields),
    ...(report.state === 'repaired'
      ? { setAside: report.repair.setAside, notices: report.repair.notices }
      : {}),
  });
}

function restoredFields(restored: ChainRestoration | undefined): object | undefined {
  if (restored === undefined || restored.steps.length === 0) return undefined;
  const files = restored.steps.map(({ file, bytes }) => ({ file, bytes }));
  return { files, isDone: restored.isDone, setAside: restored.setAside };
}

function takenFields({ mended, source }: ChainReport): object | undefined {
  if (mended === undefined) return undefined;
  const { taken, missing, isDone, setAside } = mended;
  const spans = taken.map((span) => ({
    file: span.file,
    firstCommit: span.firstCommit,
    lastCommit: span.nextCommit - 1,
    firstSequence: span.firstSequence,
    lastSequence: span.nextSequence - 1,
  }));
  return { from: source, spans, missing, isDone, setAside };
}

/** What others gave, or could. */
function takenWords({ mended, source = 'the others' }: ChainReport): string[] {
  if (mended === undefined) return [];
  const { taken, missing, unprovenCommits, isDone, setAside } = mended;
  const from = safeText(source);
  const spans = taken.map((span) => {
    const commits = countOf(span.nextCommit - span.firstCommit, 'commit');
    const events = spanOf(span.firstSequence, span.nextSequence - 1);
    const did = isDone ? 'took' : missing === undefined ? '--apply would take' : 'could take';
    return `${did} ${commits}, sequences ${events}, from ${from}, for ${safeText(span.file)}: what is left here proves them`;
  });
  const lack =
    missing === undefined
      ? []
      : [
          `${from} does not have all that is missing, so nothing is taken: from commit ${missing.commit} on, ${safeText(missing.what)}`,
        ];
  const more =
    unprovenCommits === 0
      ? []
      : [
          `${from} has ${countOf(unprovenCommits, 'commit')} behind that which nothing here proves: with --head SIZE:ROOT, a head that you have from elsewhere, they are taken, too`,
        ];
  return [...spans, ...lack, ...more, ...keptWords(setAside)];
}

function keptWords(setAside: ChainMending['setAside']): string[] {
  if (setAside === undefined) return [];
  return [
    `what was damaged is kept in ${setAside.name}: ${setAside.files.map(safeText).join(', ')}`,
  ];
}

function restoredWords(report: ChainReport): string[] {
  const { restored, mended } = report;
  if (restored === undefined) return takenWords(report);
  const hasOther = (mended?.taken.length ?? 0) > 0;
  if (restored.steps.length === 0) {
    // Of a chain that is sound nothing has to be put right.
    const isSound = report.state === 'diagnosed' && !isToRepair(report.diagnosis);
    const nothing =
      hasOther || isSound ? [] : ['the backup has no file that would put anything right'];
    return [...nothing, ...takenWords(report)];
  }
  const { setAside } = restored;
  return [
    ...restored.steps.map(
      ({ file, bytes }) =>
        `${restored.isDone ? 'put back' : '--apply would put back'} ${safeText(file)} from the backup (${countOf(bytes, 'byte')})`,
    ),
    ...keptWords(setAside),
    ...takenWords(report),
  ];
}

function stepFields(step: RepairStep): object {
  switch (step.kind) {
    case 'move-aside':
    case 'copy-aside':
      return { step: step.kind, file: step.file };
    case 'restore-segment':
      return { step: step.kind, file: step.file, bytes: step.bytes };
    case 'write-segment':
      return {
        step: step.kind,
        file: segmentName(step.segment, step.generation),
        bytesKept: step.end,
      };
    case 'begin-segment':
      return { step: step.kind, file: segmentName(step.segment) };
    case 'write-tiles':
      return { step: step.kind, from: step.from };
    case 'write-manifest':
      return { step: step.kind, segments: step.manifest.closed.length + 1 };
  }
}

/** A report in words, ended by a newline. */
export function reportWords(report: ChainReport): string {
  if (report.state === 'failed') {
    const why = [safeText(report.error.message), ...restoredWords(report)];
    return linesOf(`${safeText(report.folder)}: can't be repaired`, why);
  }
  const { key, survey } = report.diagnosis;
  const lines = survey.damages.map(
    ({ file, offset, kind, what }) => `${safeText(file)} at offset ${offset}: ${kind}: ${what}`,
  );
  const torn =
    survey.tornBytes === 0
      ? ''
      : `; its last ${countOf(survey.tornBytes, 'byte')} are taken for torn, as a crash leaves what it had not acknowledged: nothing in it says that they were durable. The server sets them aside when it opens it`;
  const events = countOf(survey.place.sequence, 'event');
  const name = safeText(key.text);
  if (!isToRepair(report.diagnosis)) {
    const state = report.state === 'repaired' ? 'repaired' : 'sound';
    return linesOf(`${name}: ${state}, ${events}${torn}`, [...lines, ...restoredWords(report)]);
  }
  const did = [
    ...restoredWords(report),
    ...(report.state === 'repaired' ? didWords(report) : wouldWords(report)),
  ];
  const state = report.state === 'repaired' ? 'repaired' : 'damaged';
  const loss = isHelped(report) ? [] : lossWords(report.diagnosis);
  return linesOf(`${name}: ${state}`, [...lines, ...loss, ...did]);
}

function linesOf(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `  ${line}`)].map((line) => `${line}\n`).join('');
}

function lossWords({ survey }: ChainDiagnosis): string[] {
  const { place, lost } = survey;
  const kept = `kept: ${countOf(place.sequence, 'event')}, sequences ${spanOf(0, place.sequence - 1)}, in ${countOf(place.commit, 'commit')}`;
  if (lost === undefined) return [`${kept}. Nothing is lost: what is damaged can be made again`];
  return [kept, `no longer in the chain: ${lostWords(lost)}`, noticed(place.commit)];
}

function lostWords({ firstSequence, lastSequence, readable }: LostEvents): string {
  if (lastSequence === undefined) {
    return `sequences from ${firstSequence} on; how many there were, nothing says`;
  }
  const count = lastSequence - firstSequence + 1;
  const whole =
    readable === 0
      ? 'of which none can be read'
      : `of which ${countOf(readable, 'event')} can be read with atedb dump from what is set aside`;
  return `sequences ${spanOf(firstSequence, lastSequence)} (${countOf(count, 'event')}), ${whole}`;
}

function noticed(commits: number): string {
  return (
    `clients that remember a head of more than ${countOf(commits, 'commit')} will notice, and refuse the chain ` +
    '(HEAD_CONFLICT); writers whose batches are gone are told WRITER_AHEAD'
  );
}

/** Whether somebody has what is lost, or something of it, and it wasn't put back yet: then what would be lost without is nothing to say. */
function isHelped({ state, restored, mended }: ChainReport): boolean {
  if (state !== 'diagnosed') return false;
  const isMended = mended !== undefined && mended.taken.length > 0 && mended.missing === undefined;
  return isMended || (restored?.steps.length ?? 0) > 0;
}

function wouldWords({ diagnosis, source }: ChainReport & { diagnosis: ChainDiagnosis }): string[] {
  const { survey, steps } = diagnosis;
  // Where there is somebody to take from, nothing is cut off.
  if (source !== undefined && survey.lost !== undefined) return [];
  const advice = survey.damages.some(({ losesEvents }) => losesEvents)
    ? [
        'a whole copy of a damaged file, from a backup of this chain, would bring back what it holds',
      ]
    : [];
  return [...advice, '--apply would', ...steps.map((step) => `  ${stepWords(step)}`)];
}

function stepWords(step: RepairStep): string {
  switch (step.kind) {
    case 'move-aside':
      return `set ${safeText(step.file)} aside`;
    case 'copy-aside':
      return `set a copy of ${safeText(step.file)} aside`;
    case 'restore-segment':
      return `put ${safeText(step.file)} back`;
    case 'write-segment':
      return `write ${segmentName(step.segment, step.generation)} anew, with its first ${countOf(step.end, 'byte')}${step.footer === undefined ? '' : ' and its footer'}`;
    case 'begin-segment':
      return `begin ${segmentName(step.segment)}`;
    case 'write-tiles':
      return `write tiles/ anew${step.from === undefined ? '' : ', with hashes that the backup has'}`;
    case 'write-manifest':
      return `write the manifest anew, with ${countOf(step.manifest.closed.length + 1, 'segment')}`;
  }
}

function didWords({ repair }: { repair: ChainRepair }): string[] {
  const { setAside, notices } = repair;
  const aside =
    setAside === undefined
      ? []
      : [
          `set aside in ${setAside.name}: ${setAside.files.map(safeText).join(', ')} (${countOf(setAside.bytes, 'byte')})`,
        ];
  return [...aside, ...notices.map(safeText)];
}
