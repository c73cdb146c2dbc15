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
  expect(usageMessage(message, args)).toBe(said);
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
