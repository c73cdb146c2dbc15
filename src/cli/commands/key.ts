import type { Argv, CommandModule } from 'yargs';
import { declareChainFlags, isOn, readChainFlag, readPassphraseFlag } from '../chain-flags.ts';
import { UsageError } from '../errors.ts';
import { argumentText } from '../flags.ts';
import { keyFlags } from '../key-flags.ts';

const nameOption = { describe: 'Name of the key', type: 'string', default: 'default' } as const;

/** Of a key that is made. */
function withName(program: Argv): Argv {
  return program.positional('name', nameOption);
}

/** Of a key that is there: it has no default here, since that depends on who is logged in. */
function withNameOfOne(program: Argv): Argv {
  const describe = 'Name of the key; that of whoever is logged in, else "default"';
  return program.positional('name', { describe, type: 'string' });
}

// Named, so that help has it before the options of all commands.
const group = 'Options:';

function withJson(program: Argv): Argv {
  return program.option('json', {
    group,
    describe: 'Print JSON, an object a line',
    type: 'boolean',
  });
}

/** What the commands share: the name and how to print, as yargs has parsed them. */
function shared(parsed: Record<string, unknown>): { name: string; json: boolean } {
  return { name: argumentText(parsed.name), json: parsed.json === true };
}

/** The same for a key that is there. */
async function sharedOfOne(parsed: Record<string, unknown>) {
  const { nameOfKey } = await import('../keys.ts');
  const given = parsed.name === undefined ? undefined : argumentText(parsed.name);
  return { name: await nameOfKey(given), json: parsed.json === true };
}

const newFlags = { suite: keyFlags.suite, passphrase: keyFlags.passphrase };

const newCommand: CommandModule = {
  command: 'new [name]',
  describe: 'Make a key',
  builder: (program) => withJson(declareChainFlags(withName(program), newFlags)),
  handler: async (parsed) => {
    const suite = readChainFlag(keyFlags.suite, parsed);
    const passphraseFile = readPassphraseFlag(parsed);
    // A variable alone says which passphrase, and not that every key is to have it.
    const sealed = isOn(keyFlags.passphrase, parsed) || parsed['passphrase-file'] !== undefined;
    const { newKey } = await import('../keys.ts');
    await newKey({ ...shared(parsed), suite, sealed, passphraseFile });
  },
};

const listCommand: CommandModule = {
  command: 'list',
  describe: 'List all keys',
  builder: withJson,
  handler: async (parsed) => {
    const { listKeys } = await import('../keys.ts');
    await listKeys(shared(parsed));
  },
};

const showCommand: CommandModule = {
  command: 'show [name]',
  describe: 'Show the public half of a key, which others may know',
  builder: (program) => withJson(withNameOfOne(program)),
  handler: async (parsed) => {
    const { showKey } = await import('../keys.ts');
    await showKey(await sharedOfOne(parsed));
  },
};

const publicCommand: CommandModule = {
  command: 'public [name]',
  describe: 'Print the public half of a key as a line of text, for others to share data with',
  builder: (program) =>
    withJson(
      withNameOfOne(program).option('output', {
        group,
        alias: 'o',
        describe: 'Write to this new file',
        type: 'string',
        requiresArg: true,
      }),
    ),
  handler: async (parsed) => {
    const { printPublicKey } = await import('../keys.ts');
    const file = parsed.output === undefined ? undefined : argumentText(parsed.output);
    await printPublicKey({ ...(await sharedOfOne(parsed)), file });
  },
};

const exportCommand: CommandModule = {
  command: 'export [name]',
  describe: 'Print a key, its secret half too, for another machine or for keeping',
  builder: (program) =>
    withNameOfOne(program)
      .option('output', {
        group,
        alias: 'o',
        describe: 'Write to this new file, for its owner alone to read',
        type: 'string',
        requiresArg: true,
      })
      .option('yes', {
        group,
        alias: 'y',
        describe: 'Print the secret even on a terminal',
        type: 'boolean',
        default: false,
      }),
  handler: async (parsed) => {
    const { exportKey } = await import('../keys.ts');
    const file = parsed.output === undefined ? undefined : argumentText(parsed.output);
    const { name } = await sharedOfOne(parsed);
    await exportKey({ name, file, evenOnTerminal: parsed.yes === true });
  },
};

const importCommand: CommandModule = {
  command: 'import <file> [name]',
  describe:
    'Add a key that was exported, or the public one of somebody else; "-" reads standard input',
  builder: (program) =>
    withJson(withName(program.positional('file', { describe: 'File to read', type: 'string' }))),
  handler: async (parsed) => {
    const { importKey } = await import('../keys.ts');
    await importKey({ ...shared(parsed), file: argumentText(parsed.file) });
  },
};

const passphraseFlags = {
  newPassphraseFile: keyFlags.newPassphraseFile,
  remove: keyFlags.remove,
};

const passphraseCommand: CommandModule = {
  command: 'passphrase [name]',
  describe: 'Seal a key with a passphrase, with another one, or with none',
  builder: (program) => withJson(declareChainFlags(withNameOfOne(program), passphraseFlags)),
  handler: async (parsed) => {
    const remove = isOn(keyFlags.remove, parsed);
    const newFile = readChainFlag(keyFlags.newPassphraseFile, parsed);
    if (remove && newFile !== undefined) {
      throw new UsageError(
        '--remove and --new-passphrase-file contradict each other; leave one out',
      );
    }
    const currentFile = readPassphraseFlag(parsed);
    const { changePassphrase } = await import('../keys.ts');
    await changePassphrase({ ...(await sharedOfOne(parsed)), remove, currentFile, newFile });
  },
};

/** `atedb key`: the keys that events are signed with. */
export const keyCommand: CommandModule = {
  command: 'key',
  describe: 'Make, list, show, export, import and seal the keys that events are signed with',
  builder: (program) =>
    program
      .command(newCommand)
      .command(listCommand)
      .command(showCommand)
      .command(publicCommand)
      .command(exportCommand)
      .command(importCommand)
      .command(passphraseCommand)
      .demandCommand(1, 'after key comes new, list, show, public, export, import or passphrase')
      .epilogue('Keys are files in ~/.ate/keys, or in keys/ below ATE_HOME where that is set.'),
  handler: () => undefined,
};
