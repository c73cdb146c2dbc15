import type { AuthorityOracle } from './oracle.ts';
import type { OracleAnswer, OracleEvent, OracleRefusal } from './oracle-types.ts';

// What servers add to chains, written down as docs/trust.md says it.

/** Whether an event is one that servers add. */
export function isServers({ kind }: OracleEvent): boolean {
  return kind === 'auth_answer' || kind === 'server_identity';
}

/** A batch of the server's own. */
export function decideServers(
  oracle: AuthorityOracle,
  events: readonly OracleEvent[],
  time: number,
): OracleRefusal | undefined {
  let { server } = oracle;
  for (const { rotation } of events) if (rotation?.from === server) server = rotation.to;
  if (events[0]?.actors[0] !== server) return { reason: 'KEY_NOT_ALLOWED' };
  for (const [index, { rotation, answer }] of events.entries()) {
    const reason =
      rotation === undefined ? takeAnswer(oracle, answer, time) : rotate(oracle, rotation);
    if (reason !== undefined) return { reason, index };
  }
  return undefined;
}

function rotate(
  oracle: AuthorityOracle,
  { from, to }: { readonly from: string; readonly to: string },
): string | undefined {
  const { server, answer } = oracle;
  if (server !== from && answer?.service !== from) return 'BATCH_INVALID';
  if (server === from) oracle.server = to;
  if (answer?.service === from) oracle.answer = { ...answer, service: to };
  return undefined;
}

function takeAnswer(
  oracle: AuthorityOracle,
  next: OracleAnswer | undefined,
  time: number,
): string | undefined {
  const before = oracle.answer;
  if (next === undefined) throw new Error('an answer says something');
  if (before === undefined) return 'AUTH_ANSWER_INVALID';
  const isOthers = next.owner !== before.owner || next.service !== before.service;
  const isLonger = next.version === before.version && next.expires > before.expires;
  if (isOthers || !(next.version > before.version || isLonger)) return 'AUTH_ANSWER_INVALID';
  if (time >= next.expires) return 'AUTH_ANSWER_INVALID';
  if (isLonger && !saysTheSame(next, before)) return 'AUTH_ANSWER_INVALID';
  oracle.answer = next;
  oracle.roots = [...next.roots];
  for (const key of [...next.roots, ...next.writers]) oracle.known.add(key);
  for (const { key, successor } of next.changed) {
    const { changed } = oracle;
    // Given up for nobody: that stays. Else the service's word goes before what the key has said.
    if (changed.has(key) && changed.get(key) === undefined) continue;
    const line: (string | undefined)[] = [];
    for (let at = successor; at !== undefined; at = changed.get(at)) line.push(at);
    changed.set(key, line.includes(key) ? undefined : successor);
  }
  return undefined;
}

/** Whether one answer says no more than another, but for how long it counts. */
function saysTheSame(next: OracleAnswer, before: OracleAnswer): boolean {
  const keys = ({ roots, writers }: OracleAnswer) => [[...roots].sort(), [...writers].sort()];
  const isSame = JSON.stringify(keys(next)) === JSON.stringify(keys(before));
  return isSame && next.changed.length === 0 && next.isRemoved === before.isRemoved;
}
