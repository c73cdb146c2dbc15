/** A client of atedb datachains that verifies what it reads. */
package io.atedb;
