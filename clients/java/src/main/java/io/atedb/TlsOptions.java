package io.atedb;

/**
 * How TLS 1.3 is spoken, outside of the tunnel or instead of it. Certificates and keys are PEM.
 *
 * @param ca one of these authorities must have signed the server's certificate; null: those that
 *     the JDK trusts
 * @param certificate the client's own certificate, for a server that asks for one, or null
 * @param key its key, or null
 * @param serverName the name that the server's certificate must be for; null: the host of the
 *     address
 */
public record TlsOptions(String ca, String certificate, String key, String serverName) {
  /** Whom the JDK trusts, and no certificate of one's own. */
  public static final TlsOptions USUAL = new TlsOptions(null, null, null, null);

  /**
   * Trusts some authorities alone.
   *
   * @param ca their certificates
   * @return the options
   */
  public static TlsOptions trusting(String ca) {
    return new TlsOptions(ca, null, null, null);
  }

  /**
   * Refuses a certificate without its key.
   *
   * @param ca authorities, or null
   * @param certificate the client's own, or null
   * @param key its key, or null
   * @param serverName the name of the server's certificate, or null
   */
  public TlsOptions {
    if ((certificate == null) != (key == null)) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "tls: a certificate of the client comes with its key, and a key with its certificate");
    }
  }

  @Override
  public String toString() {
    return "TlsOptions(…)";
  }
}
