/**
 * The cryptography of atedb, composed of the JDK's and Bouncy Castle's primitives; nothing here is
 * new.
 */
package io.atedb.internal.crypt;
