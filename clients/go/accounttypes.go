package atedb

import (
	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/internal/account"
	"atedb.example/go/keys"
)

// Credentials are what somebody logs in with.
type Credentials struct {
	// Account is name@domain.
	Account, Password string
	// TOTPCode is a one-time code of the second factor, six digits; empty: none.
	TOTPCode string
}

// An AuthDescription says how accounts are created at a server.
type AuthDescription struct {
	// CodesBy is how codes reach users that verify their names: CODE_DELIVERY_NONE where users are created on the server's own machine, and stay
	// unverified.
	CodesBy atedbv1.CodeDelivery
	// Terms that users have to accept; empty: none.
	Terms string
}

// A NewUser is to be created.
type NewUser struct {
	// Account is name@domain.
	Account, Password string
	// Key of the user; nil: a new one. One that has claimed the name gets a password.
	Key *keys.Pair
	// TOTPSecret of a second factor, as NewTOTPSecret makes it; nil: there is none.
	TOTPSecret []byte
	// AcceptedTerms as Describe gave them.
	AcceptedTerms string
}

// A CreatedUser is a user that was created.
type CreatedUser struct {
	Key *keys.Pair
	// RecoveryCode is to be shown once, and kept by the user: it recovers the account. A secret.
	RecoveryCode string
	// CodeSent: the user is there when Verify has entered the code that was sent.
	CodeSent bool
}

// A Sudo is somebody who has also shown the second factor, if there is one.
type Sudo struct {
	Login
	// SudoKey is what acts on the account are signed with.
	SudoKey *keys.Pair
	// Account as its acts say it.
	Account *VerifiedAccount
	secrets *account.Secrets
}

// A VerifiedAccount is a user as its acts say it.
type VerifiedAccount struct {
	// Version of its last act.
	Version uint64
	// Key of the user, SudoKey what signs acts, and RecoveryKey; nil where they are not there.
	Key, SudoKey, RecoveryKey *keys.Public
	// Removed: nothing is taken any more.
	Removed bool
	// Unverified: nobody has shown that the name is the user's.
	Unverified bool
	user       *account.User
}

// A Renewed account has another key, or another recovery code.
type Renewed struct {
	Key *keys.Pair
	// FormerKeys are as of a Login: one that was replaced is the first.
	FormerKeys []*keys.Pair
	// RecoveryCode is the new one; the one before counts no more. To be shown once. A secret.
	RecoveryCode string
}
