import { beforeAll, expect, test } from 'vitest';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';

// `retain`, as a user sees it; what comes of it is in retention.test.ts.

const cli = new CliFixture();
beforeAll(async () => {
  await cli.atedb(['key', 'new']);
});

test('a rule is set, shown, and taken back', async () => {
  const chain = cli.address('retained');
  const input = 'one\ntwo\nthree\nfour\n';
  expect(await cli.atedb(['append', chain], { input })).toMatchObject({ code: 0 });
  const shown = await cli.atedb(['retain', chain]);
  expect(shown).toMatchObject({ code: 0, stdout: 'all data is kept\n' });
  const set = await cli.atedb(['retain', chain, '--count', '2', '--age', '2w']);
  expect(set).toEqual({
    code: 0,
    stdout: '',
    stderr:
      'set, as sequence 5: data may go that is 2 weeks old, or not among the newest 2 events, by the newest commit\n',
  });
  const asJson = await cli.atedb(['retain', chain, '--json']);
  expect(jsonLines(asJson.stdout)).toEqual([{ ageMs: 1_209_600_000, count: 2 }]);
  const rules = await cli.atedb(['rules', chain]);
  expect(rules.stdout).toMatch(/^retention {7}data may go that is 2 weeks old/m);
  const fields = jsonLines((await cli.atedb(['rules', chain, '--json'])).stdout);
  expect(fields).toMatchObject([{ retention: { count: 2 } }]);
  const kept = await cli.atedb(['retain', chain, '--keep-all', '--json']);
  expect(kept.code).toBe(0);
  expect((await cli.atedb(['retain', chain])).stdout).toBe('all data is kept\n');
});

test.each([
  [['--count', '0'], 'a number of events'],
  [['--age', '0d'], 'is no age'],
  [['--age', '30'], 'is no age'],
  [['--keep-all', '--count', '1'], 'leave --age and --count out'],
])('%j is refused', async (flags, why) => {
  const result = await cli.atedb(['retain', cli.address('retained'), ...flags]);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain(why);
});
