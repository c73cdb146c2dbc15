/** A kind of server, and so of the chains that it makes. */
export interface Place {
  readonly name: 'centralized' | 'distributed' | 'owned';
  readonly trustMode: 'centralized' | 'distributed';
  /** Of `atedb`, before the command. */
  readonly flags: readonly string[];
}

/** `owned`: an auth service in the server says who owns its chains; the others are their makers'. */
export const places: readonly Place[] = [
  { name: 'centralized', trustMode: 'centralized', flags: ['--no-auth'] },
  { name: 'distributed', trustMode: 'distributed', flags: ['--no-auth', '--trust', 'distributed'] },
  { name: 'owned', trustMode: 'centralized', flags: [] },
];
