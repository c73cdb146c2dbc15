/**
 * Protobuf as bytes: fields where they lie, and the strict form in which each meaning has one
 * encoding only.
 */
package io.atedb.internal.bytes;
