import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type AtedbClient, AtedbError } from '../src/client/index.ts';
import { runCommand } from './command.ts';
import { forks } from './support/forks.ts';
import { manyCommandsMs } from './support/scale.ts';
import { testClient, testKey } from './support/test-client.ts';

const chainKey = 'team/two_faced';

async function append(client: AtedbClient, data: string): Promise<void> {
  await using chain = await client.open(chainKey, { key: testKey, forAppend: true });
  await chain.append({ data }, { wait: 'attested' });
}

/** The file that a client has kept of a server which shows two histories. */
async function evidenceFile() {
  const { home, server, fork, connectTo } = await forks();
  {
    await using client = await connectTo(server);
    await append(client, 'a');
  }
  const other = await fork();
  {
    await using client = await connectTo(server);
    await append(client, 'b');
  }
  await using apart = await testClient(other.address);
  await append(apart, 'not b');
  await using client = await connectTo(other);
  const error: unknown = await client.open(chainKey).catch((reason) => reason);
  if (!(error instanceof AtedbError)) throw new Error('it was opened');
  expect(error.message).toContain(`atedb verify --evidence ${error.metadata.evidence}`);
  return { home, path: error.metadata.evidence ?? '', server };
}

test(
  'a file of evidence is checked by the command, which needs nothing else',
  async () => {
    const { home, path, server } = await evidenceFile();
    const check = async (args: readonly string[], input?: string) => {
      // Of somebody who has nothing of the chain.
      const environment = { ATE_HOME: join(home, 'nobody') };
      return runCommand('atedb', ['verify', ...args], { environment, ...(input && { input }) });
    };
    const proven = await check(['--evidence', path]);
    expect(proven).toMatchObject({ code: 0, stderr: '' });
    const text = await readFile(path, 'utf8');
    const fields = JSON.parse(text);
    for (const part of [
      'it is of the chain team/two_faced whose id is',
      `the server ${server.running.identity.fingerprintHex} has signed two of its heads`,
      `3 commits with the root ${fields.rememberedHead.root}`,
      `3 commits with the root ${fields.servedHead.root}`,
      'these are of two histories: no tree of so many commits has both roots',
      'not shown\n  whose server that is',
    ]) {
      expect(proven.stdout).toContain(part);
    }
    const json = await check(['--evidence', '-', '--json'], text);
    const facts = JSON.parse(json.stdout);
    expect(facts).toMatchObject({
      verdict: 'proven',
      contradiction: 'two_histories',
      chainKey,
      server: server.running.identity.fingerprintHex,
      heads: [{ size: 3 }, { size: 3 }],
    });
    expect(json.code).toBe(0);
    expect((await check(['--evidence', path, '--chain-id', facts.chainId])).code).toBe(0);

    const changed = join(home, 'changed.json');
    const ofOne = { ...fields, servedCheckpoint: fields.rememberedCheckpoint };
    const { note } = fields.servedCheckpoint;
    const altered = { ...fields.servedCheckpoint, note: note.replace('\n3\n', '\n4\n') };
    for (const [content, flags, message] of [
      [ofOne, [], 'both of its checkpoints are of the same head: that is one history'],
      [
        { ...fields, servedCheckpoint: altered },
        [],
        'the served checkpoint: the checkpoint is not',
      ],
      [fields, ['--chain-id', 'ab'.repeat(32)], 'the evidence is of the chain with the id'],
    ] as const) {
      await writeFile(changed, JSON.stringify(content));
      const refused = await check(['--evidence', changed, ...flags, '--json']);
      expect(refused).toMatchObject({ code: 9, stdout: '' });
      expect(JSON.parse(refused.stderr)).toMatchObject({
        reason: 'VERIFICATION_FAILED',
        message: expect.stringContaining(message),
      });
    }
    for (const args of [
      [],
      ['--evidence', path, '--known'],
      ['--evidence', path, 'ate://localhost/a/b'],
      ['--evidence', path, '--all-signatures'],
    ]) {
      expect(await check(args), args.join(' ')).toMatchObject({ code: 2, stdout: '' });
    }
    expect(await check(['--evidence', join(home, 'none')])).toMatchObject({ code: 1 });
  },
  manyCommandsMs,
);
