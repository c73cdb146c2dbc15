import { join } from 'node:path';
import { readSegmentParts, type SegmentPart } from './dump-segment.ts';
import { segmentName } from './layout.ts';
import type { Storage } from './storage.ts';
import type { LogSurvey } from './survey.ts';

/** Where the sound part of a chain ends. */
export interface SoundEnd extends Pick<LogSurvey, 'chainId' | 'sound' | 'beyond'> {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
}

/**
 * Read what lies behind the sound part of a chain, as far as it makes sense: it can't be tied to what is before. Files of
 * another chain are passed over.
 *
 * @throws AtedbError FORMAT_TOO_NEW.
 */
export async function* readBehind(
  end: SoundEnd,
): AsyncGenerator<SegmentPart & { readonly file: string }, void> {
  const { storage, folder, chainId, sound, beyond } = end;
  const last = sound.at(-1);
  const cut = last?.isCut === true ? [last] : [];
  for (const { segment, generation } of [...cut, ...beyond]) {
    const name = segmentName(segment, generation);
    const from = segment === last?.segment ? last.end : 0;
    const file = await storage.open(join(folder, name), 'read');
    try {
      for await (const part of readSegmentParts(file, name)) {
        if (part.kind === 'header' && !part.header.chainId.equals(chainId)) break;
        if (part.offset >= from) yield { ...part, file: name };
      }
    } finally {
      await file.close();
    }
  }
}
