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
