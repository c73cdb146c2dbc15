/**
 * The encrypted tunnel as bytes (docs/wire.md), its client's end: handshakes, sessions and calls,
 * without transport.
 */
package io.atedb.internal.wire;
