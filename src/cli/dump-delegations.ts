import { AtedbError } from '../bytes/index.ts';
import type { Batch, ParsedDelegation } from '../event/index.ts';
import { short } from './dump-authority.ts';
import { isoTime, safeText } from './safe-text.ts';

/** Those that a batch shows; none where they can't be read, which was checked before they were stored. */
function shownBy(batch: Batch): readonly ParsedDelegation[] {
  try {
    return batch.delegations();
  } catch (error) {
    if (error instanceof AtedbError) return [];
    throw error;
  }
}

function rightsOf({ mayWrite, mayRead }: ParsedDelegation): string {
  return [...(mayWrite ? ['write'] : []), ...(mayRead ? ['read'] : [])].join(' and ');
}

/** The delegations that a batch shows, in words: a line each. */
export function delegationWords(batch: Batch): string {
  return shownBy(batch)
    .map((one) => {
      const keys = `${short(one.issuer)} lets ${short(one.subject.fingerprint)}`;
      const chains = one.chains.map(safeText).join(', ');
      const until = isoTime(one.expiresUnixMs);
      return `    shows that ${keys} ${rightsOf(one)} in ${chains} until ${until}\n`;
    })
    .join('');
}

/** The same for JSON; undefined for none. */
export function delegationFields(batch: Batch): object[] | undefined {
  const shown = shownBy(batch);
  if (shown.length === 0) return undefined;
  return shown.map((one) => ({
    serial: one.serial.toString('hex'),
    issuer: one.issuerHex,
    subject: one.subject.fingerprintHex,
    chains: one.chains,
    write: one.mayWrite,
    read: one.mayRead,
    notBefore: one.notBeforeUnixMs === 0 ? undefined : isoTime(one.notBeforeUnixMs),
    expires: isoTime(one.expiresUnixMs),
  }));
}
