import type { Accounts } from '../../auth/index.ts';
import type { ByteBudget } from '../byte-budget.ts';
import { actBytesMax } from './deps.ts';

/** Bytes of acts in one answer, unless one act alone has more. */
const pageBytesMax = 256 * 1024;

/** Acts of an account, oldest first, as many as fit into one answer. Their memory counts until they are released. */
export interface ActsPage {
  readonly acts: readonly Buffer[];
  /** To be called once, when nobody needs them any more. */
  release(): void;
}

/** Which acts are read. */
export interface ActsWanted {
  /** Of the account. */
  readonly name: string;
  /** Version of the first one. */
  readonly from: number;
  readonly actsInAll: number;
}

/**
 * Read acts, once there is memory for them: anybody may ask, and need not take the answer.
 *
 * @param signal ends the waiting.
 * @throws the signal's reason.
 */
export async function pageOfActs(
  accounts: Pick<Accounts, 'actOf'>,
  { name, from, actsInAll }: ActsWanted,
  { memory, signal }: { readonly memory: ByteBudget; readonly signal: AbortSignal },
): Promise<ActsPage> {
  // As much as one act may have, whatever it has: who has some and waits for more could wait for others who do so, too.
  let held = actBytesMax;
  await memory.acquire(held, signal);
  try {
    const acts: Buffer[] = [];
    let bytes = 0;
    for (let version = from; version < actsInAll; version += 1) {
      const act = await accounts.actOf(name, version);
      if (act === undefined || (acts.length > 0 && bytes + act.length > pageBytesMax)) break;
      bytes += act.length;
      acts.push(act);
    }
    const unused = held - bytes;
    memory.release(unused);
    held = bytes;
    return { acts, release: () => memory.release(bytes) };
  } catch (error) {
    memory.release(held);
    throw error;
  }
}
