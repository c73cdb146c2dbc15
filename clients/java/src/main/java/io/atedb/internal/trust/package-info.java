/** Who may do what, and whether what a server shows is true: rules without effects. */
package io.atedb.internal.trust;
