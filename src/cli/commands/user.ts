import type { Argv, CommandModule } from 'yargs';
import { accountFlags, readAccountTarget } from '../account-flags.ts';
import { isOn, readChainFlag } from '../chain-flags.ts';
import { parseChoice } from '../flag-values.ts';
import type { ParsedArguments } from '../flags.ts';
import type { FlagTable } from '../program.ts';
import { declareServerFlags } from '../tls-flags.ts';

const { server, json, passwordFile, newPasswordFile, totp, code } = accountFlags;
const ofAll = { server, json };

const account = { describe: 'name@domain', type: 'string' } as const;

function withAccount(program: Argv, flags: FlagTable): Argv {
  return declareServerFlags(program, { ...flags, ...ofAll }).positional('account', {
    ...account,
    defaultDescription: 'whoever is logged in',
  });
}

/** For commands that have to be told an account. */
function withNamedAccount(program: Argv, flags: FlagTable): Argv {
  return declareServerFlags(program, { ...flags, ...ofAll }).positional('account', account);
}

/** What opens an account. */
function passwordOf(parsed: ParsedArguments) {
  return {
    target: readAccountTarget(parsed),
    passwordFile: readChainFlag(passwordFile, parsed),
    totp: readChainFlag(totp, parsed),
  };
}

const createFlags = {
  key: accountFlags.key,
  passwordFile,
  secondFactor: accountFlags.secondFactor,
  code,
  acceptTerms: accountFlags.acceptTerms,
};

const createCommand: CommandModule = {
  command: 'create <account>',
  describe: 'Create a user, and log in',
  builder: (program) =>
    withNamedAccount(program, createFlags)
      .example('$0 user create me@example.com', 'the password is asked for')
      .example(
        '$0 user create me@example.com --second-factor',
        'and an authenticator app is set up',
      )
      .epilogue(
        `The password never leaves this machine; what opens the account at the server follows from it. A name
that your key has claimed at the server gets a password, and keeps its key. The recovery code is shown
once: who has it, and reads the mail of the account where the server sends mail, can have the account.`,
      ),
  handler: async (parsed) => {
    const settings = {
      target: readAccountTarget(parsed),
      passwordFile: readChainFlag(passwordFile, parsed),
      key: readChainFlag(accountFlags.key, parsed),
      code: readChainFlag(code, parsed),
      secondFactor: isOn(accountFlags.secondFactor, parsed),
      acceptTerms: isOn(accountFlags.acceptTerms, parsed),
    };
    const { createUser } = await import('../user.ts');
    await createUser(settings);
  },
};

const verifyFlags = { code, send: accountFlags.send };

const verifyCommand: CommandModule = {
  command: 'verify [account]',
  describe: 'Enter the code that was sent to an account: its name is known to be yours then',
  builder: (program) => withAccount(program, verifyFlags),
  handler: async (parsed) => {
    const settings = {
      target: readAccountTarget(parsed),
      code: readChainFlag(code, parsed),
      send: isOn(accountFlags.send, parsed),
    };
    const { verifyUser } = await import('../user.ts');
    await verifyUser(settings);
  },
};

const passwordCommand: CommandModule = {
  command: 'password [account]',
  describe: 'Change the password',
  builder: (program) => withAccount(program, { passwordFile, newPasswordFile, totp }),
  handler: async (parsed) => {
    const newFile = readChainFlag(newPasswordFile, parsed);
    const settings = { ...passwordOf(parsed), newPasswordFile: newFile };
    const { changePassword } = await import('../user.ts');
    await changePassword(settings);
  },
};

const secondFactorCommand: CommandModule = {
  command: 'second-factor <state> [account]',
  describe:
    'Have one-time codes of an authenticator app wanted for what changes the account, or not',
  builder: (program) =>
    withAccount(program, { passwordFile, totp }).positional('state', {
      describe: 'on or off',
      type: 'string',
    }),
  handler: async (parsed) => {
    const isSetOn = parseChoice(['on', 'off'])(String(parsed.state)) === 'on';
    const settings = { ...passwordOf(parsed), isOn: isSetOn };
    const { changeSecondFactor } = await import('../user.ts');
    await changeSecondFactor(settings);
  },
};

const recoverFlags = {
  recoveryCodeFile: accountFlags.recoveryCodeFile,
  newPasswordFile,
  secondFactor: accountFlags.secondFactor,
  code,
};

const recoverCommand: CommandModule = {
  command: 'recover <account>',
  describe:
    'Get back into an account whose password or second factor is lost, by its recovery code',
  builder: (program) => withNamedAccount(program, recoverFlags),
  handler: async (parsed) => {
    const settings = {
      target: readAccountTarget(parsed),
      newPasswordFile: readChainFlag(newPasswordFile, parsed),
      recoveryCodeFile: readChainFlag(accountFlags.recoveryCodeFile, parsed),
      code: readChainFlag(code, parsed),
      secondFactor: isOn(accountFlags.secondFactor, parsed),
    };
    const { recoverUser } = await import('../user.ts');
    await recoverUser(settings);
  },
};

const rotateKeyCommand: CommandModule = {
  command: 'rotate-key [account]',
  describe: "Replace the user's key, as if it was stolen: the old one counts nowhere any more",
  builder: (program) =>
    withAccount(program, { passwordFile, totp }).epilogue(
      `The new key has the place of the old one in the chains of the user, and in the groups that the user
owns; owners of other groups add the user anew (atedb group add). Tokens that the old key has given end.
It stays here, to open what was sealed for it. The recovery code is replaced and shown once, as at the
beginning; password and second factor stay. What is sealed from now on can be opened by who has the old
key, until its readers are set anew (atedb share --new).`,
    ),
  handler: async (parsed) => {
    const settings = passwordOf(parsed);
    const { rotateKey } = await import('../rotate-key.ts');
    await rotateKey(settings);
  },
};

const removeCommand: CommandModule = {
  command: 'remove [account]',
  describe: 'Remove an account for good; its chains take nothing more',
  builder: (program) => withAccount(program, { passwordFile, totp, yes: accountFlags.yes }),
  handler: async (parsed) => {
    const settings = { ...passwordOf(parsed), isSure: isOn(accountFlags.yes, parsed) };
    const { removeUser } = await import('../user.ts');
    await removeUser(settings);
  },
};

const showCommand: CommandModule = {
  command: 'show [account]',
  describe: 'Show what anybody may know of a user, verified',
  builder: (program) => withAccount(program, {}),
  handler: async (parsed) => {
    const settings = { target: readAccountTarget(parsed) };
    const { showUser } = await import('../user.ts');
    await showUser(settings);
  },
};

/** `atedb user`: accounts of users. */
export const userCommand: CommandModule = {
  command: 'user',
  describe: 'Create, change, recover and remove accounts of users',
  builder: (program) =>
    program
      .command(createCommand)
      .command(verifyCommand)
      .command(passwordCommand)
      .command(secondFactorCommand)
      .command(recoverCommand)
      .command(rotateKeyCommand)
      .command(removeCommand)
      .command(showCommand)
      .demandCommand(
        1,
        'after user comes create, verify, password, second-factor, recover, rotate-key, remove or show',
      ),
  handler: () => undefined,
};

/** `atedb login`. */
export const loginCommand: CommandModule = {
  command: 'login <account>',
  describe: "Log in: fetch a user's key, which other commands then write with",
  builder: (program) =>
    withNamedAccount(program, { passwordFile, totp }).example(
      '$0 login me@example.com --server auth.example.com',
      'the password is asked for',
    ),
  handler: async (parsed) => {
    const settings = passwordOf(parsed);
    const { logIn } = await import('../user.ts');
    await logIn(settings);
  },
};
