package account

import (
	"crypto/hkdf"
	"crypto/sha256"
	"strings"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// The least that making keys of a password may cost: what OWASP asks of Argon2id. A server that asks for less could guess cheaply.
const (
	memoryMin = 19_456
	passesMin = 2
)

// A Vault of an account: what is sealed for one doesn't open as another.
type Vault string

// The vaults.
const (
	KeyVault      Vault = "key"
	SudoVault     Vault = "sudo"
	RecoveryVault Vault = "recovery"
)

// Opening is what follows from a password, or from a recovery code. Close it, which wipes it.
type Opening struct {
	// Signer shows that one has it: it signs logins, or recoveries and acts in them.
	Signer  *keys.Pair
	account string
	vaults  map[Vault][]byte
}

// FromPassword makes keys of a password, as the account has it: Argon2id, then HKDF for each. It takes as long as the costs say. The error is
// VERIFICATION_FAILED for costs that are below what is done, or that nobody pays.
func FromPassword(password, account string, salt []byte, costs keys.Costs) (*Opening, error) {
	if costs.MemoryKiB < memoryMin || costs.Passes < passesMin || !costs.Payable() {
		return nil, fault.New(fault.VerificationFailed, "the server wants the password to be hashed with %d KiB in %d passes, and %d KiB in %d passes are the least that is done: it is misconfigured, or wants to guess the password. Nothing was made of it",
			costs.MemoryKiB, costs.Passes, memoryMin, passesMin)
	}
	return openingFrom(crypt.PassphraseKey(password, salt, costs.Passes, costs.MemoryKiB, costs.Lanes), account, crypt.InfoLoginSeed, crypt.InfoLoginVault)
}

// FromRecoveryCode makes keys of a code as it was typed: it is random, so HKDF is enough. The error is REQUEST_INVALID for what can't be a code.
func FromRecoveryCode(typed, account string) (*Opening, error) {
	secret, err := parseRecoveryCode(typed)
	if err != nil {
		return nil, err
	}
	return openingFrom(secret, account, crypt.InfoRecoverySeed, crypt.InfoRecoveryVault)
}

// openingFrom wipes the secret.
func openingFrom(secret []byte, account, seedInfo, vaultInfo string) (*Opening, error) {
	defer clear(secret)
	seed := expand(secret, 64, seedInfo, account)
	defer clear(seed)
	signer, err := keys.FromSeed(keys.MLDSA65Ed25519, seed, nil)
	if err != nil {
		return nil, err
	}
	opening := &Opening{signer, account, map[Vault][]byte{}}
	for _, vault := range []Vault{KeyVault, SudoVault, RecoveryVault} {
		opening.vaults[vault] = expand(secret, 32, vaultInfo, string(vault), account)
	}
	return opening, nil
}

func expand(secret []byte, length int, parts ...string) []byte {
	made, err := hkdf.Expand(sha256.New, secret, strings.Join(parts, "\x00"), length)
	if err != nil {
		panic(err)
	}
	return made
}

// Close wipes what opens vaults.
func (o *Opening) Close() {
	for _, key := range o.vaults {
		clear(key)
	}
	o.vaults = nil
}

func (o *Opening) aad(vault Vault) []byte {
	return []byte(strings.Join([]string{crypt.TagVault, string(vault), o.account}, "\x00"))
}

// Seal keys in a vault. What it is made of is fresh, so that nothing else is ever sealed with its key.
func (o *Opening) Seal(vault Vault, pairs ...*keys.Pair) []byte {
	message := new(strict.Writer).Fixed32(1, forms.MagicVaultKeys)
	for _, pair := range pairs {
		seeds := encodeSeeds(pair)
		message.Message(2, seeds)
		clear(seeds)
	}
	plaintext := message.Finish()
	defer clear(plaintext)
	return crypt.SealOnce(o.vaults[vault], o.aad(vault), plaintext)
}

// Open a vault: its keys, in the order in which they were sealed. The error is VERIFICATION_FAILED where it was sealed with another key, for another
// account or as another vault, or was changed.
func (o *Opening) Open(vault Vault, sealed []byte) ([]*keys.Pair, error) {
	opened, ok := crypt.OpenOnce(o.vaults[vault], o.aad(vault), sealed)
	defer clear(opened)
	if !ok || strict.Check(vaultForm, opened) != nil {
		return nil, VaultFailed(string(vault))
	}
	var all []*keys.Pair
	for cursor := strict.NewCursor(opened); cursor.Next(); {
		if cursor.Field != 2 {
			continue
		}
		pair, err := readSeeds(cursor.Bytes())
		if err != nil {
			return nil, VaultFailed(string(vault))
		}
		all = append(all, pair)
	}
	return all, nil
}

// VaultFailed is the error for secrets that aren't those of the account.
func VaultFailed(what string) error {
	return fault.New(fault.VerificationFailed, "what the server keeps of the account's secrets (%s) does not open: it was changed there", what)
}
