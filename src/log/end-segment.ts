import { describeDamage, errorCode, type Trouble } from './damage.ts';
import { findDurableEnd } from './find-durable-end.ts';
import { segmentName } from './layout.ts';
import type { OpenChainLogOptions } from './log-options.ts';
import type { SegmentScan } from './scan-segment.ts';
import { setAside } from './set-aside.ts';
import type { StorageFile } from './storage.ts';

const noRoom: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Make the whole part of the active segment durable and its end, cutting off what a crash tore, once that is kept
 * elsewhere. Damage is left as it is.
 *
 * @returns why the log can only be read: what is wrong with the segment if it is damaged, or that the disk has no room
 *   to keep what would be cut off.
 */
export async function endSegment(
  options: OpenChainLogOptions,
  at: { segment: number; scan: SegmentScan; file: StorageFile; mayWrite: boolean },
): Promise<Trouble | undefined> {
  const { scan, segment } = at;
  const verdict = findDurableEnd(scan);
  if (verdict === 'damage') return troubleOf(at);
  if (!at.mayWrite) {
    // What is read from here on must not be gone after a power cut; a sync needs no right to write.
    await at.file.datasync();
    return undefined;
  }
  const name = segmentName(segment);
  if (verdict === 'tail') {
    const bytes = await at.file.read(scan.end, scan.fileBytes - scan.end);
    const cut = { segment, offset: scan.end, bytes };
    let aside: string;
    try {
      aside = await setAside(options.storage, options.folder, cut);
    } catch (error) {
      if (!noRoom.has(errorCode(error) ?? '')) throw error;
      // It was a full disk, as likely as not, that tore it. What was acknowledged is there to be read all the same.
      await makeDurable(at.file, scan.provenDurable, scan.end);
      const what = `${name} ends in ${bytes.length} bytes that are no whole batch, and there is no room on the disk to set them aside (${errorCode(error)}); make room and restart`;
      return { what, damage: undefined };
    }
    await at.file.truncate(scan.end);
    options.onNotice(
      `${name} ended in ${bytes.length} bytes that are no whole batch (${scan.fault?.what}); ` +
        `they were set aside in ${aside}. The log goes on at commit ${scan.place.commit}`,
    );
  }
  if (scan.footer !== undefined) return undefined;
  if (verdict === 'whole') {
    options.onNotice(
      `${name} was not closed in good order; the log goes on at commit ${scan.place.commit}, ` +
        `sequence ${scan.place.sequence}`,
    );
  }
  await makeDurable(at.file, scan.provenDurable, scan.end);
  return undefined;
}

/**
 * Whole batches above the last mark count. They may have come from a page cache whose sync had failed, and which
 * takes them for written: so they are written again before they are synced.
 */
async function makeDurable(file: StorageFile, start: number, end: number): Promise<void> {
  if (end > start) await file.write(start, await file.read(start, end - start));
  await file.datasync();
}

function troubleOf({ segment, scan }: { segment: number; scan: SegmentScan }): Trouble {
  const { end, fault, footer, place, provenDurable } = scan;
  const what =
    fault?.what ??
    `it ends there, and bytes up to ${Math.max(provenDurable, end + 1)} were durable`;
  const { commit, sequence } = place;
  const isKnown = footer !== undefined && footer.nextCommit > commit;
  const upTo = isKnown
    ? `commits ${commit} to ${footer.nextCommit - 1}, sequences ${sequence} to ${footer.nextSequence - 1}`
    : `commits from ${commit} on, sequences from ${sequence} on`;
  const lastSequence = isKnown ? footer.nextSequence - 1 : undefined;
  const file = segmentName(segment);
  const damage = { file, offset: end, what, firstSequence: sequence, lastSequence };
  return { what: `${describeDamage(damage)}. What can't be read: ${upTo}`, damage };
}
