package account

import (
	"crypto/rand"
	"unicode/utf8"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

const (
	saltBytes             = 16
	passwordCharactersMin = 8
)

// Secrets are what an auth service must know of a user that has a password, and nobody else may: an AccountSecrets message.
type Secrets struct {
	// LoginKey is what a login is signed with.
	LoginKey *keys.Public
	// KeyVault and SudoVault are sealed under keys that follow from the password, RecoveryVault under one that follows from the recovery code.
	KeyVault, SudoVault, RecoveryVault []byte
	// TOTP is the secret of the second factor; nil where there is none.
	TOTP []byte
}

// SecretsHash is what an act has of the message. Its random salt keeps it from being guessed at.
func SecretsHash(message []byte) event.Hash { return crypt.Tagged(crypt.TagAccountSecrets, message) }

// ParseSecrets reads the message. The error is NON_CANONICAL, ACT_INVALID, or as of a key.
func ParseSecrets(message []byte) (*Secrets, error) {
	if err := strict.Check(secretsForm, message); err != nil {
		return nil, err
	}
	secrets := &Secrets{}
	var err error
	cursor := strict.NewCursor(message)
	for err == nil && cursor.Next() {
		switch cursor.Field {
		case 3:
			secrets.LoginKey, err = keys.ParsePublic(cursor.Bytes())
		case 4:
			secrets.KeyVault = cursor.Bytes()
		case 5:
			secrets.SudoVault = cursor.Bytes()
		case 6:
			secrets.RecoveryVault = cursor.Bytes()
		case 7:
			secrets.TOTP = cursor.Bytes()
		}
	}
	switch {
	case err != nil:
		return nil, err
	case secrets.LoginKey.KEM() != nil:
		return nil, invalid("the login key has a KEM part")
	case secrets.TOTP != nil && len(secrets.TOTP) < totpSecretMin:
		return nil, invalid("the secret of the second factor is too short")
	}
	return secrets, nil
}

// NewSecrets are what secrets are made of.
type NewSecrets struct {
	Account, Password string
	// Key of the user, then those before it, the newest first.
	Keys          []*keys.Pair
	SudoKey       *keys.Pair
	RecoveryVault []byte
	// TOTP is nil for no second factor.
	TOTP  []byte
	Costs keys.Costs
}

// Message is made with fresh salt: what a password was made into before seals nothing again. It takes as long as the costs say. The error is
// REQUEST_INVALID for a secret of another size.
func (n *NewSecrets) Message() ([]byte, error) {
	if n.TOTP != nil && (len(n.TOTP) < totpSecretMin || len(n.TOTP) > totpSecretMax) {
		return nil, fault.New(fault.RequestInvalid, "TOTPSecret: it is %d bytes, and must be %d to %d", len(n.TOTP), totpSecretMin, totpSecretMax).With("field", "TOTPSecret")
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	opening, err := FromPassword(n.Password, n.Account, salt, n.Costs)
	if err != nil {
		return nil, err
	}
	defer opening.Close()
	costs := new(strict.Writer).Bytes(1, salt).Varint(2, uint64(n.Costs.MemoryKiB)).Varint(3, uint64(n.Costs.Passes)).Varint(4, uint64(n.Costs.Lanes))
	return new(strict.Writer).Fixed32(1, forms.MagicAccountSecrets).Message(2, costs.Finish()).Message(3, opening.Signer.Public().Message()).
		Bytes(4, opening.Seal(KeyVault, n.Keys...)).Bytes(5, opening.Seal(SudoVault, n.SudoKey)).Bytes(6, n.RecoveryVault).Bytes(7, n.TOTP).Finish(), nil
}

// CheckPassword refuses a password that is guessed in no time. What makes a good one is longer than any rule here. The error is REQUEST_INVALID.
func CheckPassword(password string) error {
	if utf8.RuneCountInString(password) >= passwordCharactersMin {
		return nil
	}
	return fault.New(fault.RequestInvalid, "the password has less than %d characters. Whoever has the auth server's disk could try all of these: choose a longer one, as four words that have nothing to do with each other", passwordCharactersMin).
		With("field", "password")
}
