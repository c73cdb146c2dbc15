import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { dumpLog } from '../log/index.ts';
import { dumpJson, dumpWords } from './dump-lines.ts';
import { UsageError } from './errors.ts';
import { bytesBelow, MeasuredStorage } from './measured-storage.ts';
import { runWithOutput } from './output.ts';
import { Progress } from './progress.ts';
import { countOf, safeText } from './safe-text.ts';

/**
 * Show the folder of a chain, or one file of it, without a server.
 * @throws UsageError for one file that is none of a chain's.
 * @throws AtedbError CHAIN_DAMAGED at the end, where something was; what is torn is none of that.
 */
export async function dumpPath({ path, json }: { path: string; json: boolean }): Promise<void> {
  await runWithOutput(async (output, signal) => {
    let file: string | undefined;
    let first: { file: string; offset: number; what: string } | undefined;
    let places = 0;
    const storage = new MeasuredStorage((bytes) => progress.add(bytes));
    using progress = new Progress({
      what: 'reading',
      unit: 'byte',
      total: await bytesBelow(storage, resolve(path)),
      isBusy: process.stdout.isTTY === true,
    });
    for await (const part of dumpLog(storage, resolve(path))) {
      if (signal.aborted) return;
      // In a chain's folder such a file is passed over; nobody names one to see that.
      if (part.kind === 'other' && (await stat(path)).isFile()) {
        throw new UsageError(
          `${path} is no file of a chain: no segment, tail, manifest, snapshot or index`,
        );
      }
      if (part.kind === 'fault' && !part.torn) {
        places += 1;
        first ??= part;
      }
      if (!json && part.file !== file) output.write(`${safeText(part.file)}\n`);
      file = part.file;
      const room = output.write(json ? `${dumpJson(part)}\n` : dumpWords(part));
      if (room !== undefined) await room;
    }
    if (first !== undefined) throw damageError(first, places);
  });
}

function damageError(
  first: { file: string; offset: number; what: string },
  places: number,
): AtedbError {
  const more = places === 1 ? '' : `, and ${countOf(places - 1, 'place')} more`;
  const { file, offset, what } = first;
  return new AtedbError('CHAIN_DAMAGED', `${file} is damaged at offset ${offset}: ${what}${more}`, {
    metadata: { file, offset: String(offset) },
  });
}
