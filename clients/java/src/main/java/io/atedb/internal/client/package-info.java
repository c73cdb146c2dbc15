/** What the public classes are made of: opening, reading, following and writing one chain. */
package io.atedb.internal.client;
