/**
 * A damage as names and values that go with an error: what a server says of it, and what its clients say after it.
 *
 * @param damage `file` within the chain's folder, `offset` in bytes, and the sequences that are lost, where any are.
 */
export function damageMetadata(damage: {
  readonly file: string;
  readonly offset: number;
  readonly firstSequence?: number | undefined;
  readonly lastSequence?: number | undefined;
}): Record<string, string> {
  const { file, offset, firstSequence, lastSequence } = damage;
  return {
    file,
    offset: String(offset),
    ...(firstSequence === undefined ? {} : { first_sequence: String(firstSequence) }),
    ...(lastSequence === undefined ? {} : { last_sequence: String(lastSequence) }),
  };
}
