import { expect, test } from 'vitest';
import { usageMessage } from './usage-message.ts';

test.each([
  ['Unknown argument: bogus', ['read', '--bogus'], 'unknown argument: --bogus'],
  ['Unknown argument: bogus', ['read', '--bogus=1'], 'unknown argument: --bogus'],
  ['Unknown arguments: no-dns, noDns', ['--no-dns'], 'unknown argument: --no-dns'],
  ['Unknown arguments: x, y', ['-x', '--y'], 'unknown arguments: -x, --y'],
  ['Unknown argument: extra', ['read', 'a', 'extra'], 'unknown argument: "extra"'],
  ['Not enough arguments following: size', ['--size'], '--size needs a value'],
  ['Did you mean append?', ['-v', 'apend'], '"apend" is not a command. Did you mean "append"?'],
  [
    'Not enough non-option arguments: got 0, need at least 1',
    [],
    'too few arguments: got 0, need at least 1',
  ],
  ['no command is given', [], 'no command is given'],
])('%s', (message, args, said) => {
  expect(usageMessage(message, args, args[0] === 'read' ? 'read <address>' : '')).toBe(said);
});

test.each([
  [0, 1, 'read <address>', '<address> is missing: read <address>'],
  [
    1,
    2,
    'lock <address> <object> [command..]',
    '<object> is missing: lock <address> <object> [command..]',
  ],
  [0, 2, 'share <address> <keys..>', '<address> and <keys> are missing: share <address> <keys..>'],
  // A form that says something else is no help.
  [0, 3, 'read <address>', 'too few arguments: got 0, need at least 3'],
])('%d of %d arguments of %s', (got, need, form, said) => {
  const message = `Not enough non-option arguments: got ${got}, need at least ${need}`;
  expect(usageMessage(message, [], form)).toBe(said);
});

test.each([
  ['revrse', '. Did you mean --reverse?'],
  ['jsonn', '. Did you mean --json?'],
  ['frobnicate', ''],
])('a flag --%s that there is not is perhaps another one', (flag, hint) => {
  const flags = ['reverse', 'json', 'from'];
  const said = usageMessage(`Unknown argument: ${flag}`, [`--${flag}`], 'read <address>', flags);
  expect(said).toBe(`unknown argument: --${flag}${hint}`);
});

test('a word where no command is named is none', () => {
  expect(usageMessage('Unknown argument: serve', ['serve'])).toBe('"serve" is not a command');
  expect(usageMessage('Unknown arguments: serve, x', ['serve', 'x'])).toBe(
    '"serve" is not a command',
  );
});

test('a word behind a command with commands of its own is the one that is told', () => {
  const said = (word: string, meant: string) =>
    usageMessage(`Did you mean ${meant}?`, ['-v', 'key', word, 'me'], 'key');
  expect(said('lst', 'list')).toBe('"lst" is not a command. Did you mean "list"?');
  // yargs means it well.
  expect(said('foo', 'show')).toBe('"foo" is not a command');
});
