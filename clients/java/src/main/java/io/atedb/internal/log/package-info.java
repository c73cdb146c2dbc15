/** Files of the log, read without a server (docs/format.md). */
package io.atedb.internal.log;
