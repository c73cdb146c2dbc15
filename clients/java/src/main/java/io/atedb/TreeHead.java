package io.atedb;

/**
 * The head of a chain: so many commits, and the root of their tree.
 *
 * @param size how many commits
 * @param root the hash of their tree (RFC 9162), 32 bytes
 */
public record TreeHead(long size, Bytes root) {}
