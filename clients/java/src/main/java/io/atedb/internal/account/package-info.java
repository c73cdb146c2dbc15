/** What a client needs of accounts: claims of names, logins, groups (docs/accounts.md). */
package io.atedb.internal.account;
