package account

import (
	"crypto/hkdf"
	"crypto/sha256"
	"strings"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/keys"
)

// The least that making keys of a password may cost: what OWASP asks of Argon2id. A server that asks for less could guess cheaply.
const (
	memoryMin = 19_456
	passesMin = 2
)

// Opening is what follows from a password.
type Opening struct {
	// Signer shows that one has it: it signs logins.
	Signer *keys.Pair
	// KeyVault is the key of the vault with the user's key; a secret, which the caller clears.
	KeyVault []byte
}

// FromPassword makes keys of a password, as the account has it: Argon2id, then HKDF for each. It takes as long as the costs say. The error is
// VERIFICATION_FAILED for costs that are below what is done, or that nobody pays.
func FromPassword(password, account string, salt []byte, costs keys.Costs) (*Opening, error) {
	if costs.MemoryKiB < memoryMin || costs.Passes < passesMin || !costs.Payable() {
		return nil, fault.New(fault.VerificationFailed, "the server wants the password to be hashed with %d KiB in %d passes, and %d KiB in %d passes are the least that is done: it is misconfigured, or wants to guess the password. Nothing was made of it",
			costs.MemoryKiB, costs.Passes, memoryMin, passesMin)
	}
	secret := crypt.PassphraseKey(password, salt, costs.Passes, costs.MemoryKiB, costs.Lanes)
	defer clear(secret)
	seed := expand(secret, 64, crypt.InfoLoginSeed, account)
	defer clear(seed)
	signer, err := keys.FromSeed(keys.MLDSA65Ed25519, seed, nil)
	if err != nil {
		return nil, err
	}
	return &Opening{signer, expand(secret, 32, crypt.InfoLoginVault, "key", account)}, nil
}

func expand(secret []byte, length int, parts ...string) []byte {
	made, err := hkdf.Expand(sha256.New, secret, strings.Join(parts, "\x00"), length)
	if err != nil {
		panic(err)
	}
	return made
}
