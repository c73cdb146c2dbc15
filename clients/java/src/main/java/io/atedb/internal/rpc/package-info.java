/** Calls of one server, in bytes: as they are, or through the encrypted tunnel; over TLS or not. */
package io.atedb.internal.rpc;
