/** Stored bytes of a chain that are damaged, in the server's words: nothing of it is verified. */
export interface ServedDamage {
  /** Within the chain's folder at the server. */
  readonly file: string;
  /** In bytes. */
  readonly offset: number;
  readonly what: string;
  /** The first sequence that can't be read. Undefined: none is lost. */
  readonly firstSequence: number | undefined;
  /** The last one. Undefined: none is lost, or nothing says how many there had been. */
  readonly lastSequence: number | undefined;
}

/**
 * The damage by which a chain has lost its end, so that the last events that can be read aren't its last.
 *
 * @param nextSequence sequence that the next event would get, as the server says with it.
 */
export function lostEndOf(
  damages: readonly ServedDamage[],
  nextSequence: number,
): ServedDamage | undefined {
  return damages.find(
    ({ firstSequence, lastSequence = Number.POSITIVE_INFINITY }) =>
      firstSequence !== undefined && lastSequence >= nextSequence,
  );
}

/** What is lost and where, in words without a full stop. */
export function damageWords(damage: ServedDamage): string {
  const { file, offset, what, firstSequence, lastSequence } = damage;
  const where = `${file} is damaged at offset ${offset}: ${what}`;
  if (firstSequence === undefined) return `no event (${where})`;
  const upTo = lastSequence === undefined ? 'on' : `to ${lastSequence}`;
  return `sequences from ${firstSequence} ${upTo} (${where})`;
}
