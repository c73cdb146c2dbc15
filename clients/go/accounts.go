package atedb

import (
	"context"
	"slices"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/account"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/home"
	"atedb.example/go/internal/rpc"
	"atedb.example/go/keys"
)

// A Login is somebody who has logged in.
type Login struct {
	// Key of the user: its chains are theirs by it. Open them WithKey.
	Key *keys.Pair
	// FormerKeys are those that the user had before, the newest first: they open what was sealed for them, and write nothing.
	FormerKeys []*keys.Pair
	// HasSecondFactor: a one-time code is wanted for what changes the account.
	HasSecondFactor bool
	// Unverified: nobody has shown that the name is the user's.
	Unverified bool
}

// Login to the account name@domain of the server's auth service. The password stays here: what follows from it (Argon2id) signs a challenge
// that counts for this call alone. It goes over an encrypted connection only, and needs no second factor. The error is LOGIN_FAILED or
// LOGIN_LOCKED; AUTH_LINK_UNSAFE for a client without encryption; UNSUPPORTED at a server without accounts; VERIFICATION_FAILED where the answers
// can't be true.
func (c *Client) Login(ctx context.Context, name, password string) (*Login, error) {
	opened, err := c.login(ctx, Credentials{Account: name, Password: password})
	if err != nil {
		return nil, err
	}
	opened.opening.Close()
	return &opened.Login, nil
}

// An openedLogin is what a login gives; its opening is to be closed.
type openedLogin struct {
	Login
	owner   event.Owner
	opening *account.Opening
	// secrets are the AccountSecrets message; empty where the second factor was not shown.
	secrets []byte
}

func (c *Client) login(ctx context.Context, with Credentials) (*openedLogin, error) {
	owner, err := userOf(with.Account)
	if err != nil {
		return nil, err
	}
	server, err := c.accounts()
	if err != nil {
		return nil, err
	}
	conn := server.conn
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	stream, err := conn.NewStream(ctx, atedbv1.AuthService_Login_FullMethodName, nil)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	answer := &atedbv1.LoginResponse{}
	if err := converse(stream, conn.Server(), &atedbv1.LoginRequest{Message: &atedbv1.LoginRequest_Account{Account: owner.Text}}, answer); err != nil {
		return nil, err
	}
	challenge, costs := answer.GetChallenge(), answer.GetChallenge().GetPassword()
	if costs == nil || len(costs.Salt) != 16 || costs.Lanes > 255 {
		return nil, unreadable("a challenge says nothing")
	}
	claim, err := provenClaim(conn, challenge)
	if err != nil {
		return nil, err
	}
	opening, err := account.FromPassword(with.Password, owner.Text, costs.Salt, keys.Costs{MemoryKiB: costs.MemoryKib, Passes: costs.Passes, Lanes: uint8(costs.Lanes)})
	if err != nil {
		return nil, err
	}
	signed := slices.Concat(exporterOf(stream), claim, []byte(owner.Text))
	proof := &atedbv1.LoginProof{Signature: sign(opening.Signer, crypt.ContextLogin, signed), TotpCode: with.TOTPCode}
	err = converse(stream, conn.Server(), &atedbv1.LoginRequest{Message: &atedbv1.LoginRequest_Proof{Proof: proof}}, answer)
	grant := answer.GetGrant()
	if err == nil && grant == nil {
		err = unreadable("what logging in gives was due")
	}
	var all []*keys.Pair
	if err == nil {
		all, err = opening.Open(account.KeyVault, grant.KeyVault)
	}
	if err != nil {
		opening.Close()
		return nil, err
	}
	return &openedLogin{Login{all[0], all[1:], grant.HasSecondFactor, grant.Unverified}, owner, opening, grant.Secrets}, nil
}

func userOf(name string) (event.Owner, error) {
	owner, err := event.ParseOwner(name)
	if err == nil && owner.Group != "" {
		err = fault.New(fault.RequestInvalid, "%s is a group; a user is name@domain", name).With("field", "account").With("account", name)
	}
	return owner, err
}

// An accountsServer keeps accounts and groups.
type accountsServer struct {
	// conn is encrypted.
	conn *rpc.Conn
	// known is what was seen of its groups.
	known *home.KnownGroups
}

// authServer is another server that keeps accounts, by its address; nil where none is named, or it is this one. The error is REQUEST_INVALID.
func (c *Client) authServer(text string) (*accountsServer, error) {
	if text == "" {
		return nil, nil
	}
	address, err := event.ParseAuthAddress(text)
	if err != nil || address.Server == c.address.Server && address.Pinned == nil {
		return nil, err
	}
	conn, err := rpc.New(rpc.Options{Server: address.Server, TLS: c.options.authTLS, Encryption: Bits128, Check: &identityCheck{client: c, address: address}, Dial: c.options.dial})
	return &accountsServer{conn, home.NewKnownGroups(c.home, address.Server)}, err
}

// accounts is the server that keeps them, over a connection that what belongs to them may go over: the one that there is, where that is
// a tunnel, or another one that insists on it, since who is on the way could keep the first one from encryption. And within TLS alone nothing ties
// what is signed to this server: a hostile one, to which somebody logs in, could pass it on to another one. The error is AUTH_LINK_UNSAFE.
func (c *Client) accounts() (*accountsServer, error) {
	if c.auth != nil {
		return c.auth, nil
	}
	if c.conn.AlwaysTunnels() || c.options.encryption == Plain && c.options.tls != nil {
		return &accountsServer{c.conn, c.groups}, nil
	}
	if c.options.encryption == Plain {
		return nil, fault.New(fault.AuthLinkUnsafe, "what belongs to accounts is sent encrypted only, and the connection to %s is to be without encryption. Leave that out, or speak TLS", c.Server()).With("server", c.Server())
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.safe == nil {
		safe, err := rpc.New(rpc.Options{Server: c.address.Server, TLS: c.options.tls, Encryption: Bits128, Check: c.identity, Dial: c.options.dial})
		if err != nil {
			return nil, err
		}
		c.safe = safe
	}
	return &accountsServer{c.safe, c.groups}, nil
}

// provenClaim are 32 bytes of who the server is and 32 of the conversation that it has made for a stream, for a proof that counts there alone.
func provenClaim(conn *rpc.Conn, challenge interface {
	GetConversationId() []byte
	GetServerIdentity() *atedbv1.PublicKey
	GetIdentityRotations() []*atedbv1.IdentityRotation
}) ([]byte, error) {
	if len(challenge.GetConversationId()) != 32 || challenge.GetServerIdentity() == nil {
		return nil, unreadable("a challenge says nothing")
	}
	identity, err := keys.ParsePublic(encode(challenge.GetServerIdentity()))
	if err != nil {
		return nil, cantBe(err)
	}
	var rotations [][]byte
	for _, one := range challenge.GetIdentityRotations() {
		rotations = append(rotations, encode(one))
	}
	if _, err := event.VerifyIdentityLine(identity, rotations); err != nil {
		return nil, cantBe(err)
	}
	if err := checkProven(conn, identity); err != nil {
		return nil, err
	}
	fingerprint := identity.Fingerprint()
	return slices.Concat(fingerprint[:], challenge.GetConversationId()), nil
}

// exporterOf the tunnel that a stream is in; zeros where there is none.
func exporterOf(stream *rpc.Stream) []byte {
	if exporter := stream.Exporter(); exporter != nil {
		return exporter
	}
	return make([]byte, 32)
}

// A Group of an auth service, as its acts say it, with what a member's key opens of it.
type Group struct {
	opened *account.Opened
	// Unverified: nobody has shown that the name is the group's.
	Unverified bool
}

// Version of its last act.
func (g *Group) Version() uint64 { return g.opened.Version }

// Role is the highest that the member has, and its key, by which the group's chains are written; none where there is no such role.
func (g *Group) Role() (string, *keys.Pair) { return g.opened.Highest() }

// Key of a role that the member has; nil: there is none.
func (g *Group) Key(role string) *keys.Pair { return g.opened.Keys[role] }

// actsMax are acts that are read of one group: no server makes a client read without end.
const actsMax = 10_000

// OpenGroup reads a group of the server's auth service, and opens what a member's key opens of it, and those that the member had before. All of its acts are verified, and that they
// go on from what was seen of it before; else, that it is the group that one means, who its owners are says. Chains of groups do this by
// themselves. The error is GROUP_DENIED for a key without a role in it, VERIFICATION_FAILED, and as Login.
func (c *Client) OpenGroup(ctx context.Context, name string, key *keys.Pair, former ...*keys.Pair) (*Group, error) {
	owner, err := event.ParseOwner(name)
	if err != nil {
		return nil, err
	}
	if owner.Group == "" {
		return nil, fault.New(fault.RequestInvalid, "%s is a user; a group's name has no \"@\"", name).With("field", "group").With("account", name)
	}
	server, err := c.accounts()
	if err != nil {
		return nil, err
	}
	group, err := c.openGroupAt(ctx, server, name, key, former)
	if err == nil {
		return group, nil
	}
	other, failed := c.otherThanSays(err)
	if failed != nil {
		return nil, failed
	}
	if other == nil {
		return nil, err
	}
	return c.openGroupAt(ctx, other, name, key, former)
}

// otherThanSays is where a group is that the server doesn't keep, since it asks another one: where the user is logged in. Which one it asks is
// its own affair: it may know it by another name, and is not to choose whom keys are proven to. One that asks nobody who owns its chains has
// nothing to do with a group of that name elsewhere. nil: there is none, or a server was named.
func (c *Client) otherThanSays(err error) (*accountsServer, error) {
	found := fault.Of(err)
	if c.auth != nil || c.home == "" || found == nil || found.Reason != fault.Unsupported || found.Metadata["auth_server"] == "" {
		return nil, nil
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.whereLoggedIn != nil {
		return c.whereLoggedIn, nil
	}
	login, err := home.ReadLogin(c.home)
	if err != nil || login == nil || login.Server == "" {
		return nil, err
	}
	address, err := event.ParseServerAddress(login.Server)
	if err != nil || address.Server == c.address.Server {
		return nil, err
	}
	conn, err := rpc.New(rpc.Options{Server: address.Server, Encryption: Bits128, Check: &identityCheck{client: c, address: address}, Dial: c.options.dial})
	if err != nil {
		return nil, err
	}
	c.whereLoggedIn = &accountsServer{conn, home.NewKnownGroups(c.home, address.Server)}
	return c.whereLoggedIn, nil
}

func (c *Client) openGroupAt(ctx context.Context, server *accountsServer, name string, key *keys.Pair, former []*keys.Pair) (*Group, error) {
	acts, unverified, err := c.actsOf(ctx, server.conn, name, key)
	if err != nil {
		return nil, err
	}
	group, err := account.VerifyGroup(name, acts)
	if err != nil {
		return nil, fault.New(fault.VerificationFailed, "what the server shows as the acts of the group %s is no group's line: %s", name, fault.Text(err)).With("account", name).From(err)
	}
	if err := c.checkKnown(server.known, group); err != nil {
		return nil, err
	}
	return &Group{group.Open(append([]*keys.Pair{key}, former...)...), unverified}, nil
}

// checkKnown checks that a group, which was verified, goes on from what was met before, and remembers it.
func (c *Client) checkKnown(groups *home.KnownGroups, group *account.Group) error {
	known, err := groups.Find(group.Name)
	if err != nil {
		return err
	}
	if known != nil {
		if hash, is := group.Hash(known.Version); !is || hash != known.Hash {
			forget := ""
			if path := groups.Path(group.Name); path != "" {
				forget = ". If the group was made anew, delete " + path
			}
			return fault.New(fault.VerificationFailed, "the group %s, as the server shows it, is not the one that was met before under this name, or has fewer acts: nothing is done by its keys%s", group.Name, forget).With("account", group.Name)
		}
	}
	if err := groups.Note(group.Name, home.KnownAct{Version: group.Version, Hash: group.Head}); err != nil {
		c.options.notice(Notice{Kind: "server-not-remembered", Message: "the group " + group.Name + " could not be saved, and may be another one next time: " + fault.Text(err), Cause: err})
	}
	return nil
}

func (c *Client) actsOf(ctx context.Context, conn *rpc.Conn, name string, key *keys.Pair) (acts []*account.Act, unverified bool, err error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	stream, err := conn.NewStream(ctx, atedbv1.AuthService_GetGroup_FullMethodName, nil)
	if err != nil {
		return nil, false, err
	}
	defer stream.Close()
	answer := &atedbv1.GetGroupResponse{}
	about := &atedbv1.GroupQuestion{Group: name, Key: publicKeyMessage(key.Public())}
	if err := converse(stream, conn.Server(), &atedbv1.GetGroupRequest{Message: &atedbv1.GetGroupRequest_About{About: about}}, answer); err != nil {
		return nil, false, err
	}
	if answer.GetChallenge() == nil {
		return nil, false, unreadable("a challenge was due")
	}
	claim, err := provenClaim(conn, answer.GetChallenge())
	if err != nil {
		return nil, false, err
	}
	fingerprint := key.Public().Fingerprint()
	proof := &atedbv1.GroupProof{Signature: sign(key, crypt.ContextGroup, slices.Concat(exporterOf(stream), claim, fingerprint[:], []byte(name)))}
	if err := converse(stream, conn.Server(), &atedbv1.GetGroupRequest{Message: &atedbv1.GetGroupRequest_Proof{Proof: proof}}, answer); err != nil {
		return nil, false, err
	}
	for {
		page := answer.GetActs()
		if page == nil {
			return nil, false, unreadable("acts were due")
		}
		for _, message := range page.Acts {
			act, err := account.Parse(message)
			if err != nil {
				return nil, false, cantBe(err)
			}
			acts = append(acts, act)
		}
		if uint64(len(acts)) >= page.ActsInAll {
			return acts, page.Unverified, nil
		}
		if len(page.Acts) == 0 || len(acts) > actsMax {
			return nil, false, unreadable("the acts of a group have no end")
		}
		if err := next(stream, conn.Server(), answer); err != nil {
			return nil, false, err
		}
	}
}
