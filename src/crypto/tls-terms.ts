/**
 * How TLS is spoken, by servers and clients alike: the newest version only, whose ciphers are all good, and HTTP/2 within it.
 *
 * Keys are agreed on with X25519MLKEM768 first: what is recorded today stays closed to the quantum computers of tomorrow. The
 * slash makes a server insist on it with any client that knows it, also one that has guessed another group first.
 */
export const tlsTerms = {
  minVersion: 'TLSv1.3',
  ecdhCurve: 'X25519MLKEM768/X25519:P-256',
  ALPNProtocols: ['h2'],
} as const;
