import type { PublicKey } from '../crypto/index.ts';

/** Who a server has proven to be, in the handshake of an encrypted connection. */
export interface ProvenServer {
  /** `host:port`, as was connected to. */
  readonly server: string;
  /** Its identity key. */
  readonly identity: PublicKey;
  /** Serialised statements by which keys before it have passed on to it, the oldest first; not verified. */
  readonly rotations: readonly Buffer[];
}

/** Judges who a server has proven to be. */
export interface IdentityCheck {
  /**
   * Whether the server has to encrypt, since it did before, or since it is known who it is. One that doesn't is refused then: somebody may
   * stand in its place.
   *
   * @param server `host:port`.
   */
  mustEncrypt(server: string): Promise<boolean>;
  /**
   * Accept a server, before anything but the handshake was sent to it.
   *
   * @throws AtedbError SERVER_IDENTITY_MISMATCH for another than is known; what it throws is what calls fail with.
   */
  accept(proven: ProvenServer): Promise<void>;
}
