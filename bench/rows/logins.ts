import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { connect } from '../../src/client/index.ts';
import { passphraseCosts, passphraseKey } from '../../src/crypto/index.ts';
import { type Measure, measureOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { shareOfFloorAtLeast } from '../target.ts';

const account = 'me@example.com';
const password = 'correct horse battery';
/** Logins that are under way at once. */
const atOnce = 2;

/** A login costs what the password costs, at the client; what the server does of it is little beside that. */
export const logins: Row = {
  name: 'logins',
  title: `logins by the SDK with a password at its default cost, ${atOnce} at once on one connection`,
  floors: ['that cost alone: Argon2id with 64 MiB, three passes and four lanes'],
  unit: 'logins',
  targets: [shareOfFloorAtLeast(0.8)],
  async prepare({ scale, folder, processes }) {
    const server = await processes.startServer({
      ...{ logsPath: join(folder, 'logs'), auth: 'embedded' },
    });
    const client = await connect(server.address, { home: null, encryption: 128 });
    await client.accounts.create({ account, password });
    const count = Math.max(4, Math.floor(scale.handshakes / 10));
    return {
      floors: [() => timed(count, hash)],
      measureOurs: () =>
        timed(count, async () => {
          await client.accounts.login({ account, password });
        }),
      finish: () => client.close(),
    };
  },
};

async function hash(): Promise<void> {
  const key = await passphraseKey(password, randomBytes(16), passphraseCosts);
  key.fill(0);
}

/** Make so many, some of them at once. */
async function timed(count: number, once: () => Promise<void>): Promise<Measure> {
  const durationsMs: number[] = [];
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let made = 0; made < count / atOnce; made += 1) {
        const beganMs = performance.now();
        await once();
        durationsMs.push(performance.now() - beganMs);
      }
    }),
  );
  return measureOf(durationsMs.length, performance.now() - startMs, durationsMs);
}
