import type { AtedbError } from '../bytes/index.ts';

/** What a client tells beside its results: worth a line on a terminal or in a log. `message` is for people. */
export type Notice =
  /** There was no key to write with, and one was made. */
  | {
      readonly kind: 'key-created';
      readonly name: string;
      /** Of the public key, in hexadecimal. */
      readonly fingerprint: string;
      /** Of the key's file. */
      readonly path: string;
      readonly message: string;
    }
  /** The first append has made the chain. */
  | {
      readonly kind: 'chain-created';
      readonly chainKey: string;
      /** In hexadecimal. */
      readonly chainId: string;
      /** The name of its owner, where it was claimed for that just before: nobody has checked whose it is. */
      readonly claimed?: string | undefined;
      readonly message: string;
    }
  /** The name of a chain's owner, which nobody had, is this client's key's now, and the chain was not created then. */
  | {
      readonly kind: 'name-claimed';
      /** `name@domain`, or the name of a group. */
      readonly owner: string;
      /** `host:port`. */
      readonly server: string;
      /** Of the key, in hexadecimal. */
      readonly fingerprint: string;
      readonly message: string;
    }
  /** The server was lost while appends wait, and is tried again after a delay. */
  | {
      readonly kind: 'reconnecting';
      readonly chainKey: string;
      readonly delayMs: number;
      readonly cause: AtedbError;
      readonly message: string;
    }
  /** Another process used our writer id, or batches of it are not known here and not signed: later ones have a new one. */
  | {
      readonly kind: 'new-writer';
      readonly chainKey: string;
      readonly cause: AtedbError;
      readonly message: string;
    }
  /** Who is in the group that owns a chain is known to an auth server that was not named: the user's own key is used. */
  | {
      readonly kind: 'group-elsewhere';
      readonly group: string;
      /** Its address, as the server of the chain has it, and says. */
      readonly authServer: string;
      readonly message: string;
    }
  /** A server was met for the first time, and its identity is trusted from now on. */
  | {
      readonly kind: 'server-met';
      /** `host:port`. */
      readonly server: string;
      /** Of its identity key, in hexadecimal. */
      readonly fingerprint: string;
      readonly message: string;
    }
  /** The identity of a server that is known has been followed by another one, which the one before vouches for. */
  | {
      readonly kind: 'server-rotated';
      /** `host:port`. */
      readonly server: string;
      /** Of the identity key that it has now, in hexadecimal. */
      readonly fingerprint: string;
      /** Of the one that it was known by. */
      readonly former: string;
      readonly message: string;
    }
  /** Who a server is, or one of its groups, could not be written to the home folder. */
  | {
      readonly kind: 'server-not-remembered';
      /** `host:port`. */
      readonly server: string;
      readonly cause: AtedbError;
      readonly message: string;
    }
  /** What should be remembered in the home folder could not be written. */
  | {
      readonly kind: 'not-remembered';
      readonly chainKey: string;
      readonly cause: AtedbError;
      readonly message: string;
    };

/** Told of notices. Must not throw. */
export type OnNotice = (notice: Notice) => void;

/** What is known of a chain could not be saved. */
export function notRemembered(chainKey: string, cause: AtedbError): Notice {
  const message = `what is known of ${chainKey} could not be saved: ${cause.message}`;
  return { kind: 'not-remembered', chainKey, cause, message };
}
