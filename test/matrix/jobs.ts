/** What a client is told on its standard input, and what it answers on its standard output: one JSON object each. */
export interface Order {
  /** `host:port`. */
  readonly server: string;
  readonly home: string;
  readonly jobs: readonly Job[];
}

/** One thing to do. Each client has a driver that knows all of them. */
export type Job =
  /** Make the default key, and say its text form. */
  | { readonly do: 'key' }
  /** Append texts, one call each, the calls all at once. What isn't there yet is created. */
  | (Connection & {
      readonly do: 'append';
      readonly texts: readonly string[];
      /** Of a confidential chain that is created: who reads it besides the writer, as texts of their keys. */
      readonly readers: readonly string[];
      /** Whether the name of the chain's owner, which nobody has, is claimed for the key. */
      readonly claim: boolean;
    })
  /** Verify the chain whole, and say what is in it. */
  | (Connection & { readonly do: 'read' });

/** How a chain is opened. */
export interface Connection {
  readonly chain: string;
  readonly trustMode: 'centralized' | 'distributed';
  readonly encryption: 'plain' | 256;
  readonly confidential: boolean;
}

/** What a client answers to a job. */
export type Result =
  | { readonly error: string }
  | { readonly key: string }
  | { readonly last: number }
  | ReadResult;

/** What a reader has found. Clients that agree say the same, byte for byte. */
export interface ReadResult {
  readonly chainId: string;
  readonly size: number;
  readonly root: string;
  readonly events: readonly {
    readonly sequence: number;
    readonly kind: string;
    readonly primaryKey: string;
    /** Empty, too, where it is gone. */
    readonly data: string;
    readonly sealed: string;
    readonly fingerprint: string;
    readonly writerId: string;
    readonly vouchedBy: string;
    readonly committedUnixMs: number;
  }[];
}
