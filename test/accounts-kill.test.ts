import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AuthService } from '../gen/atedb/v1/auth_pb.js';
import { type Change, parseAct, secretsHash, verifyActs } from '../src/account/index.ts';
import { actOn, changed, creationOf, makeUserPairs, someSecrets } from './support/account-world.ts';
import { unaryCall } from './support/auth-calls.ts';
import { KillableServer } from './support/killable-server.ts';
import { manyRoundsMs, rounds } from './support/scale.ts';
import { seededRandom } from './support/seed.ts';

// `kill -9` of a server while accounts are created and changed.

const folder = mkdtempSync(join(tmpdir(), 'atedb-accounts-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pairs = makeUserPairs();
const signers = [pairs.key, pairs.sudoKey, pairs.recoveryKey];
const { createUser, submitAct, getActs } = AuthService.method;

test(
  'no act that was acknowledged is lost, however often the server is killed',
  async () => {
    const random = seededRandom();
    const server = new KillableServer(folder, 100_000, {
      trustMode: 'centralized',
      hasAccounts: true,
    });
    /** Acts that were acknowledged, an account. */
    const acknowledged = new Map<string, number>();
    let serial = 0;

    /** Create an account, and change it until the server is gone. */
    const work = async (): Promise<void> => {
      serial += 1;
      const account = `user${serial}@example.com`;
      let secrets = someSecrets(pairs.loginKey);
      const creation = await actOn(account, undefined, creationOf(pairs, secrets), signers);
      await unaryCall(server.address, createUser, { act: creation.bytes, secrets });
      acknowledged.set(account, 1);
      let state = await changed(account, undefined, creationOf(pairs, secrets), signers);
      for (let mark = 2; ; mark += 1) {
        secrets = someSecrets(pairs.loginKey, mark % 250);
        const change: Change = { kind: 'secrets_change', secretsHash: secretsHash(secrets) };
        const act = await actOn(account, state, change, [pairs.sudoKey]);
        await unaryCall(server.address, submitAct, { act: act.bytes, secrets });
        acknowledged.set(account, mark);
        state = await changed(account, state, change, [pairs.sudoKey]);
      }
    };

    for (let round = 0; round < rounds({ quick: 1, short: 2, long: 40 }); round += 1) {
      await server.start();
      const workers = [work(), work(), work()].map((one) => one.catch(() => undefined));
      const before = total(acknowledged);
      while (total(acknowledged) < before + 6) await new Promise((next) => setTimeout(next, 5));
      await new Promise((next) => setTimeout(next, random.next() * 30));
      await server.kill();
      await Promise.all(workers);
    }
    await server.start();
    for (const [account, count] of acknowledged) {
      const { acts, actsInAll } = await unaryCall(server.address, getActs, { account });
      expect(Number(actsInAll)).toBeGreaterThanOrEqual(count);
      // What wasn't acknowledged may be there, and then all of it is.
      const state = await verifyActs(acts.map((one) => parseAct(one)));
      expect(state?.version).toBe(acts.length - 1);
    }
    await server.stop();
  },
  manyRoundsMs,
);

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}
