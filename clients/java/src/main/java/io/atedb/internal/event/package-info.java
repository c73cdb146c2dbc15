/** Events, seals, batches, commits and notes: built once, and read where they lie. */
package io.atedb.internal.event;
