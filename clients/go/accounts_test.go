package atedb_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"atedb.example/go"
	"atedb.example/go/fault"
	"atedb.example/go/internal/liveserver"
	"atedb.example/go/keys"
)

const password = "four words about nothing"

// totp is the code of a second factor, some steps from now: RFC 6238, with SHA-1, six digits and 30 seconds.
func totp(secret []byte, unix int64, steps int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(unix/30+steps)))
	digest := mac.Sum(nil)
	at := digest[len(digest)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(digest[at:])&0x7fff_ffff)%1_000_000)
}

// accountsOf a client, whose new passwords cost the least, so that the test doesn't wait for them.
func accountsOf(t *testing.T, server *liveserver.Server) (*atedb.Client, *atedb.Accounts) {
	t.Helper()
	client := connect(t, server.Address(), atedb.WithoutHome())
	accounts := client.Accounts()
	accounts.Costs = keys.Costs{MemoryKiB: 19_456, Passes: 2, Lanes: 1}
	return client, accounts
}

// TestAccounts has accounts that are created, changed and recovered.
func TestAccounts(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server")
	}
	// The first of RFC 6238, appendix B, of which six digits.
	if code := totp([]byte("12345678901234567890"), 59, 0); code != "287082" {
		t.Fatalf("the test's own code is %s", code)
	}
	server := liveserver.StartWithAuth(t)
	t.Run("second factor", func(t *testing.T) { testSecondFactor(t, server) })
	t.Run("recovery", func(t *testing.T) { testRecovery(t, server) })
	t.Run("claimed", func(t *testing.T) { testClaimedAccount(t, server) })
	t.Run("in clear", func(t *testing.T) {
		accounts := connect(t, server.Address(), atedb.WithoutHome(), atedb.WithEncryption(atedb.Plain)).Accounts()
		if _, err := accounts.Sudo(within(t), atedb.Credentials{Account: "me@example.com", Password: password}); !errors.Is(err, fault.AuthLinkUnsafe) {
			t.Error(err)
		}
	})
}

func testSecondFactor(t *testing.T, server *liveserver.Server) {
	client, accounts := accountsOf(t, server)
	secret := atedb.NewTOTPSecret()
	me := "second@example.com"
	for what, wrong := range map[string]atedb.NewUser{
		"short password": {Account: me, Password: "short"}, "name of a group": {Account: "a_group", Password: password},
		"short secret": {Account: me, Password: password, TOTPSecret: make([]byte, 15)},
	} {
		if _, err := accounts.Create(within(t), wrong); !errors.Is(err, fault.RequestInvalid) {
			t.Errorf("a %s: %v", what, err)
		}
	}
	created, err := accounts.Create(within(t), atedb.NewUser{Account: me, Password: password, TOTPSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := accounts.Create(within(t), atedb.NewUser{Account: me, Password: password}); !errors.Is(err, fault.AccountExists) {
		t.Errorf("twice: %v", err)
	}
	if is, err := accounts.Read(within(t), me); err != nil || is.Key.String() != created.Key.String() || !is.Unverified {
		t.Errorf("%+v: %v", is, err)
	}
	// A login needs no code, and what changes the account does.
	login, err := client.Login(within(t), me, password)
	if err != nil || !login.HasSecondFactor {
		t.Fatalf("%+v: %v", login, err)
	}
	appendTo(t, open(t, client, "example.com/second/log", atedb.ForAppend(), atedb.WithKey(login.Key)), text("by the account"))
	sudo := func(password string, code string) error {
		_, err := accounts.Sudo(within(t), atedb.Credentials{Account: me, Password: password, TOTPCode: code})
		return err
	}
	// Each of these still counts if the next step begins meanwhile.
	now := time.Now().Unix()
	if err := sudo(password, ""); !errors.Is(err, fault.LoginFailed) {
		t.Errorf("without a code: %v", err)
	}
	if err := sudo("another password", totp(secret, now, 0)); !errors.Is(err, fault.LoginFailed) {
		t.Errorf("with another password: %v", err)
	}
	if err := sudo(password, totp(secret, now, 0)); err != nil {
		t.Error(err)
	}
	// A code counts once.
	if err := sudo(password, totp(secret, now, 0)); !errors.Is(err, fault.LoginFailed) {
		t.Errorf("a code twice: %v", err)
	}
	if err := accounts.ChangeSecondFactor(within(t), atedb.Credentials{Account: me, Password: password, TOTPCode: totp(secret, now, 1)}, nil); err != nil {
		t.Fatal(err)
	}
	if err := sudo(password, ""); err != nil {
		t.Errorf("without a second factor: %v", err)
	}
}

func testRecovery(t *testing.T, server *liveserver.Server) {
	client, accounts := accountsOf(t, server)
	me, other, third := "recovers@example.com", "another password", "a third password"
	created, err := accounts.Create(within(t), atedb.NewUser{Account: me, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if err := accounts.ChangePassword(within(t), atedb.Credentials{Account: me, Password: password}, "short"); !errors.Is(err, fault.RequestInvalid) {
		t.Error(err)
	}
	if err := accounts.ChangePassword(within(t), atedb.Credentials{Account: me, Password: password}, other); err != nil {
		t.Fatal(err)
	}
	fails := func(password string) {
		t.Helper()
		if _, err := client.Login(within(t), me, password); !errors.Is(err, fault.LoginFailed) {
			t.Errorf("with a password of before: %v", err)
		}
	}
	fails(password)
	recovered, err := accounts.Recover(within(t), atedb.LostAccount{Account: me, RecoveryCode: strings.ToLower(created.RecoveryCode), NewPassword: third})
	if err != nil || recovered.Key.String() != created.Key.String() {
		t.Fatalf("%+v: %v", recovered, err)
	}
	fails(other)
	if _, err := accounts.Recover(within(t), atedb.LostAccount{Account: me, RecoveryCode: created.RecoveryCode, NewPassword: third}); !errors.Is(err, fault.LoginFailed) {
		t.Errorf("by a code of before: %v", err)
	}
	rotated, err := accounts.RotateKey(within(t), atedb.Credentials{Account: me, Password: third})
	if err != nil || len(rotated.FormerKeys) != 1 || rotated.FormerKeys[0].String() != created.Key.String() {
		t.Fatalf("%+v: %v", rotated, err)
	}
	login, err := client.Login(within(t), me, third)
	if err != nil || login.Key.String() != rotated.Key.String() || len(login.FormerKeys) != 1 {
		t.Errorf("%+v: %v", login, err)
	}
	// What the command makes of it is the same.
	fingerprint := rotated.Key.Public().Fingerprint()
	if shown := command(t, t.TempDir(), "user", "show", me, "--server", server.Address()); !strings.Contains(shown, fingerprint.String()) {
		t.Errorf("it shows %s", shown)
	}
	again, err := accounts.Recover(within(t), atedb.LostAccount{Account: me, RecoveryCode: rotated.RecoveryCode, NewPassword: password})
	if err != nil || len(again.FormerKeys) != 1 {
		t.Fatalf("%+v: %v", again, err)
	}
	delegated := newKey(t).Public().Fingerprint()
	if err := accounts.RevokeDelegation(within(t), me, delegated, again.Key); err != nil {
		t.Error(err)
	}
	if err := accounts.RevokeDelegation(within(t), me, delegated, again.Key); !errors.Is(err, fault.ActInvalid) {
		t.Errorf("twice: %v", err)
	}
	if err := accounts.Remove(within(t), atedb.Credentials{Account: me, Password: password}); err != nil {
		t.Error(err)
	}
	fails(password)
}

// testClaimedAccount: a name that was claimed by a key gets a password.
func testClaimedAccount(t *testing.T, server *liveserver.Server) {
	client, accounts := accountsOf(t, server)
	key := newKey(t)
	appendTo(t, open(t, client, "example.com/claims/log", atedb.ForAppend(), atedb.Claim(), atedb.WithKey(key)), text("by the key alone"))
	if _, err := accounts.Create(within(t), atedb.NewUser{Account: "claims@example.com", Password: password, Key: key}); err != nil {
		t.Fatal(err)
	}
	sudo, err := accounts.Sudo(within(t), atedb.Credentials{Account: "claims@example.com", Password: password})
	if err != nil || sudo.Key.String() != key.String() || sudo.SudoKey.String() == key.String() {
		t.Errorf("%+v: %v", sudo, err)
	}
}
