import { switchFlag, valueFlag } from './chain-flags.ts';
import { parseChoice, parseText } from './flag-values.ts';

/** Flags of `atedb key`. */
export const keyFlags = {
  suite: {
    ...valueFlag(
      'suite',
      'Algorithms of its signatures: mldsa65-ed25519, or mldsa44-ed25519, which is smaller',
      // As `signatureSuites` has them: loading it here would slow down every command.
      parseChoice(['mldsa65-ed25519', 'mldsa44-ed25519']),
    ),
    defaultText: 'mldsa65-ed25519',
  },
  passphrase: switchFlag(
    'passphrase',
    'Seal it with a passphrase: that of --passphrase-file, else one that is asked for',
  ),
  newPassphraseFile: valueFlag(
    'new-passphrase-file',
    'File with the passphrase that it gets',
    parseText,
    'the terminal is asked',
  ),
  remove: switchFlag('remove', 'Seal it with none'),
};
