package atedb_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"atedb.example/go"
	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/liveserver"
)

// command runs `atedb`, which must do what it is told.
func command(t *testing.T, home string, arguments ...string) string {
	t.Helper()
	output, err := liveserver.Command(t, home, arguments...)
	if err != nil {
		t.Fatalf("atedb %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
	return output
}

// secret writes a file that only its owner may read.
func secret(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOwned has a server with an auth service of its own, which says who owns chains.
func TestOwned(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server")
	}
	server := liveserver.StartWithAuth(t)
	t.Run("claim", func(t *testing.T) { testClaim(t, server) })
	t.Run("login", func(t *testing.T) { testLogin(t, server) })
	t.Run("token", func(t *testing.T) { testToken(t, server) })
	t.Run("group", func(t *testing.T) { testGroup(t, server) })
	t.Run("elsewhere", func(t *testing.T) { testElsewhere(t, server) })
	t.Run("logged in elsewhere", func(t *testing.T) { testLoggedInElsewhere(t, server) })
	t.Run("rotation", func(t *testing.T) { testRotation(t, server) })
}

func testClaim(t *testing.T, server *liveserver.Server) {
	key := newKey(t)
	client := connect(t, server.Address(), atedb.WithoutHome())
	unclaimed := open(t, client, "example.com/claimed/log", atedb.ForAppend(), atedb.WithKey(key))
	if _, err := unclaimed.Append(within(t), text("mine")); !errors.Is(err, fault.OwnerUnknown) {
		t.Errorf("a name that nobody has: %v", err)
	}
	for kind, options := range map[string][]atedb.OpenOption{"plain": nil, "private": {atedb.Private()}, "confidential": {atedb.Confidential()}} {
		name := "example.com/claimed/" + kind
		chain := open(t, client, name, append([]atedb.OpenOption{atedb.ForAppend(), atedb.Claim(), atedb.WithKey(key)}, options...)...)
		if kind == "confidential" {
			if _, err := chain.SetReaders(within(t), atedb.Object{}); err != nil {
				t.Fatal(err)
			}
		}
		appendTo(t, chain, text("mine"))
		reader := open(t, connect(t, server.Address(), atedb.WithoutHome()), name, atedb.WithKey(key))
		same(t, data(t, reader, atedb.ReadOptions{}), "mine")
		if _, err := reader.Verify(within(t)); err != nil {
			t.Error(err)
		}
		if answer := reader.Genesis().Answer; answer == nil || answer.Owner.Text != "claimed@example.com" || !answer.Unverified {
			t.Errorf("its owner is %v", answer)
		}
	}
	other := open(t, client, "example.com/claimed/other", atedb.ForAppend(), atedb.Claim(), atedb.WithKey(newKey(t)))
	if _, err := other.Append(within(t), text("not mine")); !errors.Is(err, fault.KeyNotAllowed) {
		t.Errorf("another's name: %v", err)
	}
	if output := command(t, t.TempDir(), "verify", "ate://"+server.Address()+"/example.com/claimed/plain"); !strings.Contains(output, "verified") {
		t.Error(output)
	}
}

func testLogin(t *testing.T, server *liveserver.Server) {
	home := t.TempDir()
	password := secret(t, "correct horse battery\n")
	command(t, home, "user", "create", "me@example.com", "--password-file", password, "--server", server.Address())
	client := connect(t, server.Address(), atedb.WithoutHome())
	if _, err := client.Login(within(t), "me@example.com", "wrong horse battery"); !errors.Is(err, fault.LoginFailed) {
		t.Errorf("another password: %v", err)
	}
	if _, err := connect(t, server.Address(), atedb.WithoutHome(), atedb.WithEncryption(atedb.Plain)).Login(within(t), "me@example.com", "correct horse battery"); !errors.Is(err, fault.AuthLinkUnsafe) {
		t.Errorf("in clear: %v", err)
	}
	login, err := client.Login(within(t), "me@example.com", "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if login.HasSecondFactor || !login.Unverified {
		t.Errorf("it is %+v", login)
	}
	chain := open(t, client, "example.com/me/diary", atedb.ForAppend(), atedb.WithKey(login.Key))
	appendTo(t, chain, text("as the account"))
	// The command has the account's key in its home.
	command(t, home, "append", "ate://"+server.Address()+"/example.com/me/diary", secret(t, "with the key in its home\n"))
	same(t, data(t, chain, atedb.ReadOptions{}), "as the account", "with the key in its home")
	// Whoever is logged in there writes as the account here, too.
	appendTo(t, open(t, connect(t, server.Address(), atedb.WithHome(home)), "example.com/me/home", atedb.ForAppend()), text("logged in"))
	// Whose key was stolen has it replaced.
	sealed := open(t, client, "example.com/me/sealed", atedb.ForAppend(), atedb.Confidential(), atedb.WithKey(login.Key))
	if _, err := sealed.SetReaders(within(t), atedb.Object{}); err != nil {
		t.Fatal(err)
	}
	appendTo(t, sealed, text("for the key of before"))
	command(t, home, "user", "rotate-key", "--password-file", password, "--server", server.Address())
	next, err := client.Login(within(t), "me@example.com", "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if len(next.FormerKeys) != 1 || next.FormerKeys[0].String() != login.Key.String() || next.Key.String() == login.Key.String() {
		t.Fatalf("it is %+v", next)
	}
	if _, err := chain.Append(within(t), text("by a key that counts no more")); !errors.Is(err, fault.KeyRevoked) && !errors.Is(err, fault.KeyNotAllowed) {
		t.Errorf("a key that was replaced: %v", err)
	}
	later := open(t, connect(t, server.Address(), atedb.WithoutHome()), "example.com/me/sealed", atedb.WithKey(next.Key, next.FormerKeys...))
	appendTo(t, later, text("by the next one"))
	same(t, data(t, later, atedb.ReadOptions{}), "for the key of before", "by the next one")
}

func testToken(t *testing.T, server *liveserver.Server) {
	key := newKey(t)
	client := connect(t, server.Address(), atedb.WithoutHome())
	owner := open(t, client, "example.com/tokens/log", atedb.ForAppend(), atedb.Claim(), atedb.WithKey(key), atedb.Private())
	appendTo(t, owner, text("by the owner"))
	token, err := atedb.CreateToken(atedb.NewToken{From: key, Chains: []string{"example.com/tokens/*"}, Write: true, Read: true, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if shown := token.String() + token.GoString(); strings.Contains(shown, event.TokenMark) {
		t.Error("a token shows itself")
	}
	path := secret(t, token.Text()+"\n")
	t.Setenv("ATE_TOKEN", path)
	again, err := atedb.EnvironmentToken()
	if err != nil {
		t.Fatal(err)
	}
	byToken := open(t, client, "example.com/tokens/log", atedb.WithToken(again))
	appendTo(t, byToken, text("by the token"))
	appendTo(t, byToken, text("once more"))
	same(t, data(t, byToken, atedb.ReadOptions{}), "by the owner", "by the token", "once more")
	if _, err := byToken.Append(within(t), atedb.NewEvent{Kind: event.KindRules, Rules: &event.Authorisation{Write: &event.Rule{Kind: event.Everyone}}}); !errors.Is(err, fault.KeyNotAllowed) {
		t.Errorf("rules by a token: %v", err)
	}
	lease, err := byToken.Lock(within(t), atedb.Object{Name: "object"}, atedb.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := lease.Release(within(t)); err != nil {
		t.Error(err)
	}
	// The command takes the token, too, and this client the command's.
	file := secret(t, "from the command\n")
	command(t, t.TempDir(), "append", "ate://"+server.Address()+"/example.com/tokens/log", file, "--token", path)
	if _, err := atedb.CreateToken(atedb.NewToken{FromToken: token, Chains: []string{"example.com/tokens/log"}, Write: true, Expires: time.Now().Add(2 * time.Hour)}); !errors.Is(err, fault.DelegationInvalid) {
		t.Errorf("it counts for longer than the one that it is from: %v", err)
	}
	narrow, err := atedb.CreateToken(atedb.NewToken{FromToken: token, Chains: []string{"example.com/tokens/log"}, Write: true, Read: true, Expires: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, open(t, client, "example.com/tokens/log", atedb.WithToken(narrow)), text("by a token of the token"))
	if _, err := client.Open(within(t), "example.com/tokens/other", atedb.WithToken(token), atedb.ForAppend()); !errors.Is(err, fault.ChainNotFound) {
		t.Errorf("a chain that a token would make: %v", err)
	}
	// Ended by who has given it.
	fingerprint := token.Key.Public().Fingerprint()
	appendTo(t, owner, atedb.NewEvent{Kind: event.KindKeyChange, KeyChange: &event.KeyChange{Fingerprint: fingerprint}})
	if _, err := byToken.Append(within(t), text("too late")); !errors.Is(err, fault.KeyRevoked) && !errors.Is(err, fault.ChainPrivate) {
		t.Errorf("a token that was ended: %v", err)
	}
	reader := open(t, connect(t, server.Address(), atedb.WithoutHome()), "example.com/tokens/log", atedb.WithKey(key), atedb.CheckRules(true))
	same(t, data(t, reader, atedb.ReadOptions{}), "by the owner", "by the token", "once more", "from the command", "by a token of the token")
}

func testGroup(t *testing.T, server *liveserver.Server) {
	home := t.TempDir()
	client := connect(t, server.Address(), atedb.WithHome(home))
	chain := open(t, client, "team/log", atedb.ForAppend(), atedb.Claim(), atedb.Confidential())
	if _, err := chain.SetReaders(within(t), atedb.Object{}); err != nil {
		t.Fatal(err)
	}
	appendTo(t, chain, text("by the owner's role"))
	var own string
	for is, err := range chain.Read(within(t), atedb.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if is.Kind == event.KindData {
			if is.Author == nil || is.Writer == *is.Author {
				t.Errorf("its writer is %s, and its author %v", is.Writer, is.Author)
			} else {
				own = is.Author.String()
			}
		}
	}
	// A member whom the command adds and removes.
	member := t.TempDir()
	memberKey := open(t, connect(t, server.Address(), atedb.WithHome(member)), "example.com/none/none", atedb.ForAppend())
	key, err := memberKey.OwnKey(within(t))
	if err != nil {
		t.Fatal(err)
	}
	file := secret(t, key.Text()+"\n")
	command(t, home, "group", "add", "team", "contributor", file, "--server", server.Address())
	command(t, home, "share", "ate://"+server.Address()+"/team/log", "--group", "team", "--role", "contributor")
	joined := open(t, connect(t, server.Address(), atedb.WithHome(member)), "team/log")
	appendTo(t, joined, text("by a contributor"))
	same(t, data(t, joined, atedb.ReadOptions{}), "by the owner's role", "by a contributor")
	command(t, home, "group", "remove", "team", "contributor", key.String(), "--server", server.Address())
	if _, err := joined.Append(within(t), text("too late")); !errors.Is(err, fault.KeyRevoked) && !errors.Is(err, fault.KeyNotAllowed) {
		t.Errorf("a member who was removed: %v", err)
	}
	// Who owns it, and opens it anew, hands out another read key before anything else.
	later := open(t, connect(t, server.Address(), atedb.WithHome(home)), "team/log")
	appendTo(t, later, text("for those who stay"))
	same(t, data(t, later, atedb.ReadOptions{}), "by the owner's role", "by a contributor", "for those who stay")
	removed := open(t, connect(t, server.Address(), atedb.WithHome(member)), "team/log")
	for is, err := range removed.Read(within(t), atedb.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if is.Kind == event.KindData && is.Seal != atedb.NoKey {
			t.Errorf("event %d is %v for who was removed, by the key %s", is.Sequence, is.Seal, own)
		}
	}
}

// testRotation: the server's identity is followed by another one, and so is its auth service's.
func testRotation(t *testing.T, server *liveserver.Server) {
	home := t.TempDir()
	chain := open(t, connect(t, server.Address(), atedb.WithHome(home)), "example.com/rotated/log", atedb.ForAppend(), atedb.Claim())
	appendTo(t, chain, text("before"))
	if err := chain.Close(); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	command(t, t.TempDir(), "identity", "rotate", server.Logs())
	server.Start()
	again := open(t, connect(t, server.Address(), atedb.WithHome(home)), "example.com/rotated/log")
	appendTo(t, again, text("after"))
	if _, err := again.Verify(within(t)); err != nil {
		t.Error(err)
	}
	same(t, data(t, again, atedb.ReadOptions{}), "before", "after")
}

// testLoggedInElsewhere: who is logged in at an auth server is a member there, of groups whose chains another server keeps.
func testLoggedInElsewhere(t *testing.T, auth *liveserver.Server) {
	home := t.TempDir()
	password := filepath.Join(home, "password")
	if err := os.WriteFile(password, []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, home, "user", "create", "anna@example.com", "--password-file", password, "--server", auth.Address())
	created := open(t, connect(t, auth.Address(), atedb.WithHome(home)), "loggedin/here", atedb.ForAppend(), atedb.Claim())
	appendTo(t, created, text("where the group is kept"))
	chains := liveserver.StartWithAuth(t, "--auth", "ate://"+auth.Address())
	chain := open(t, connect(t, chains.Address(), atedb.WithHome(home)), "loggedin/log", atedb.ForAppend())
	appendTo(t, chain, text("as an owner"))
	is, err := chain.GetAt(within(t), 1)
	if err != nil || is.Author == nil {
		t.Fatalf("%+v: %v", is, err)
	}
	// Whom the server names is not asked: that would be to choose whom keys are proven to.
	lies := liveserver.StartWithAuth(t, "--auth", "ate://127.0.0.1:1")
	lied := open(t, connect(t, lies.Address(), atedb.WithHome(home)), "loggedin/log", atedb.ForAppend())
	if key, err := lied.OwnKey(within(t)); err != nil || key.Fingerprint() == *is.Author {
		t.Errorf("it would write with %s: %v", key, err)
	}
	// And one that asks nobody has nothing to do with a group of that name elsewhere.
	free := open(t, connect(t, liveserver.Start(t).Address(), atedb.WithHome(home)), "loggedin/free", atedb.ForAppend())
	appendTo(t, free, text("mine"))
	if roots := free.Genesis().Roots; len(roots) != 1 || roots[0].Fingerprint() != *is.Author {
		t.Errorf("its roots are %v", roots)
	}
}

// testElsewhere: another server keeps the chains, and asks this one who owns them.
func testElsewhere(t *testing.T, auth *liveserver.Server) {
	chains := liveserver.StartWithAuth(t, "--auth", "ate://"+auth.Address())
	home := t.TempDir()
	client := connect(t, auth.Address(), atedb.WithHome(home))
	created := open(t, client, "elsewhere/here", atedb.ForAppend(), atedb.Claim())
	appendTo(t, created, text("where the group is kept"))
	var notices []string
	tell := atedb.WithNotices(func(notice atedb.Notice) { notices = append(notices, notice.Kind) })
	// Who doesn't say where the group is kept writes with a key of one's own, and is told why that isn't enough.
	unnamed := open(t, connect(t, chains.Address(), atedb.WithHome(home), tell), "elsewhere/log", atedb.ForAppend())
	if _, err := unnamed.Append(within(t), text("as nobody")); !errors.Is(err, fault.KeyNotAllowed) {
		t.Errorf("with a key of one's own: %v", err)
	}
	if !strings.Contains(strings.Join(notices, " "), "group-elsewhere") {
		t.Errorf("it told %v", notices)
	}
	member := connect(t, chains.Address(), atedb.WithHome(home), atedb.WithAuthServer(auth.Address(), nil))
	named := open(t, member, "elsewhere/log", atedb.ForAppend())
	appendTo(t, named, text("as an owner"))
	if _, err := named.Verify(within(t)); err != nil {
		t.Error(err)
	}
	same(t, data(t, named, atedb.ReadOptions{}), "as an owner")
	if answer := named.Genesis().Answer; answer == nil || answer.Identity.Fingerprint() == named.Genesis().ServerIdentity.Fingerprint() {
		t.Errorf("who owns it says %v", answer)
	}
	if _, err := connect(t, chains.Address(), atedb.WithoutHome()).Login(within(t), "me@example.com", "correct horse battery"); !errors.Is(err, fault.Unsupported) {
		t.Errorf("a login where no accounts are kept: %v", err)
	}
}
