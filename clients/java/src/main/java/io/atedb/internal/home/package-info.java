/**
 * The home folder, which clients in all languages share: keys, servers, heads, slots of writers,
 * and the locks between processes.
 */
package io.atedb.internal.home;
