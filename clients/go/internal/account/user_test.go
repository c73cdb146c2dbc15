package account

import (
	"errors"
	"strings"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// A line of a user, act by act.
type line struct {
	t       *testing.T
	account event.Owner
	user    *User
	acts    []*Act
}

func (l *line) try(change Change, signers ...*keys.Pair) (*User, []*Act, error) {
	l.t.Helper()
	act, err := Parse(NextAct(l.account, l.user, change, 1, signers...))
	if err != nil {
		l.t.Fatal(err)
	}
	acts := append(l.acts[:len(l.acts):len(l.acts)], act)
	user, err := VerifyUser(l.account.Text, acts)
	return user, acts, err
}

func (l *line) take(change Change, signers ...*keys.Pair) {
	l.t.Helper()
	user, acts, err := l.try(change, signers...)
	if err != nil {
		l.t.Fatal(err)
	}
	l.user, l.acts = user, acts
}

func (l *line) refuse(what string, reason fault.Reason, change Change, signers ...*keys.Pair) {
	l.t.Helper()
	if _, _, err := l.try(change, signers...); !errors.Is(err, reason) {
		l.t.Errorf("%s: %v", what, err)
	}
}

func TestUser(t *testing.T) {
	me, err := event.ParseOwner("me@example.com")
	if err != nil {
		t.Fatal(err)
	}
	key, sudo, recovery, other, stranger := pair(t), pair(t), pair(t), pair(t), pair(t)
	hash := event.Hash{1}
	l := &line{t: t, account: me}
	created := Create(UserKeys{key.Public(), sudo.Public(), recovery.Public(), hash[:]})
	l.refuse("not by all of its keys", fault.ActNotAllowed, created, key, sudo)
	l.refuse("by one more", fault.ActNotAllowed, created, key, sudo, recovery, stranger)
	l.refuse("with some of its parts", fault.ActInvalid, Create(UserKeys{Key: key.Public(), SudoKey: sudo.Public()}), key, sudo)
	l.refuse("one key twice", fault.ActInvalid, Create(UserKeys{key.Public(), key.Public(), recovery.Public(), hash[:]}), key, recovery)
	l.refuse("removed before it is there", fault.ActInvalid, Remove(), key)
	l.take(created, key, sudo, recovery)
	l.refuse("created once more", fault.ActInvalid, created, key, sudo, recovery)
	l.refuse("other secrets, by its key", fault.ActNotAllowed, ChangeSecrets(event.Hash{2}), key)
	l.refuse("the same secrets", fault.ActInvalid, ChangeSecrets(hash), sudo)
	l.take(ChangeSecrets(event.Hash{2}), sudo)
	rotation := Rotate(UserKeys{Key: other.Public()})
	l.refuse("not by the new key", fault.ActNotAllowed, rotation, sudo)
	l.refuse("by the new key alone", fault.ActNotAllowed, rotation, other)
	l.refuse("by both that may", fault.ActNotAllowed, rotation, sudo, recovery, other)
	l.refuse("to the key that it has", fault.ActInvalid, Rotate(UserKeys{Key: key.Public()}), sudo, key)
	l.refuse("to nothing", fault.ActInvalid, Rotate(UserKeys{}), sudo)
	l.take(rotation, recovery, other)
	if l.user.Keys.Key.String() != other.Public().String() || l.user.Version != 2 {
		t.Errorf("it is %+v", l.user)
	}
	l.refuse("back to a key that was replaced", fault.ActInvalid, Rotate(UserKeys{Key: key.Public()}), sudo, key)
	l.take(Revoke(stranger.Public().Fingerprint()), other)
	l.refuse("taken back twice", fault.ActInvalid, Revoke(stranger.Public().Fingerprint()), other)
	l.refuse("its own key taken back", fault.ActInvalid, Revoke(other.Public().Fingerprint()), other)
	if _, err := VerifyUser(me.Text, l.acts[1:]); !errors.Is(err, fault.ActInvalid) {
		t.Errorf("without its first act: %v", err)
	}
	if _, err := VerifyUser("you@example.com", l.acts); !errors.Is(err, fault.ActInvalid) {
		t.Errorf("of another account: %v", err)
	}
	l.take(Remove(), sudo)
	l.refuse("after it was removed", fault.ActInvalid, Revoke(key.Public().Fingerprint()), sudo)
}

func TestRecoveryCodes(t *testing.T) {
	recovery, err := MakeRecovery("me@example.com", pair(t), pair(t))
	if err != nil {
		t.Fatal(err)
	}
	code := recovery.Code
	for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", " "), strings.NewReplacer("O", "0", "I", "1", "B", "8").Replace(code)} {
		opening, err := FromRecoveryCode(typed, "me@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if all, err := opening.Open(RecoveryVault, recovery.Vault); err != nil || len(all) != 2 || opening.Signer.String() != recovery.Key.String() {
			t.Errorf("%d: %v", len(all), err)
		}
	}
	other := "B"
	if code[0] == 'B' {
		other = "C"
	}
	for _, wrong := range []string{"", code[1:], code + "A", other + code[1:], strings.Repeat("1", 28), strings.Repeat("\u0131", 28)} {
		if _, err := FromRecoveryCode(wrong, "me@example.com"); !errors.Is(err, fault.RequestInvalid) || strings.Contains(fault.Text(err), wrong) && wrong != "" {
			t.Errorf("it takes another code: %v", err)
		}
	}
}

func TestSecrets(t *testing.T) {
	made := NewSecrets{Account: "me@example.com", Password: "four words about nothing", Keys: []*keys.Pair{pair(t)}, SudoKey: pair(t), RecoveryVault: []byte("vault"), TOTP: make([]byte, 16), Costs: keys.Costs{MemoryKiB: 19_456, Passes: 2, Lanes: 1}}
	message, err := made.Message()
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := ParseSecrets(message)
	if err != nil || len(secrets.TOTP) != 16 || string(secrets.RecoveryVault) != "vault" {
		t.Errorf("%+v: %v", secrets, err)
	}
	again, err := made.Message()
	if err != nil || SecretsHash(message) == SecretsHash(again) {
		t.Errorf("they are the same twice: %v", err)
	}
	if _, err := ParseSecrets(append(message, 0)); !errors.Is(err, fault.NonCanonical) {
		t.Error(err)
	}
	for _, wrong := range []int{15, 65} {
		made.TOTP = make([]byte, wrong)
		if _, err := made.Message(); !errors.Is(err, fault.RequestInvalid) {
			t.Errorf("%d: %v", wrong, err)
		}
	}
	if err := CheckPassword("1234567"); !errors.Is(err, fault.RequestInvalid) || CheckPassword("12345678") != nil {
		t.Error(err)
	}
}
