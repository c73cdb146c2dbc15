package account

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

func pair(t *testing.T) *keys.Pair {
	t.Helper()
	made, err := keys.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func fingerprintOf(key *keys.Public) []byte {
	fingerprint := key.Fingerprint()
	return fingerprint[:]
}

// created is the first act of the group "team".
func created(t *testing.T, owner *keys.Pair) *Act {
	t.Helper()
	message, err := Claim(event.Owner{Text: "team", Group: "team"}, owner, 1)
	if err != nil {
		t.Fatal(err)
	}
	act, err := Parse(message)
	if err != nil {
		t.Fatal(err)
	}
	return act
}

// signed is an act behind another one.
func signed(t *testing.T, before *Act, kind int, what []byte, signers ...*keys.Pair) *Act {
	t.Helper()
	header := new(strict.Writer).Fixed32(1, forms.MagicAct).String(2, "team").Varint(3, before.Version+1).Bytes(4, before.Hash[:]).Varint(5, 2).Message(kind, what).Finish()
	slices.SortFunc(signers, func(a, b *keys.Pair) int {
		return slices.Compare(fingerprintOf(a.Public()), fingerprintOf(b.Public()))
	})
	message := new(strict.Writer).Bytes(1, header)
	for _, signer := range signers {
		message.Message(2, event.SignatureMessage(signer, crypt.ContextAct, header))
	}
	act, err := Parse(message.Finish())
	if err != nil {
		t.Fatal(err)
	}
	return act
}

// change is a GroupChange of one role.
func roleChange(t *testing.T, name string, key *keys.Pair, secret *keys.Pair, added []*keys.Public, removed []*keys.Public, wrapFor ...*keys.Public) []byte {
	t.Helper()
	role := new(strict.Writer).String(1, name)
	if key != nil {
		role.Message(2, key.Public().Message())
	}
	for _, one := range added {
		role.Message(3, new(strict.Writer).Message(2, one.Message()).Finish())
	}
	for _, one := range removed {
		role.Bytes(4, fingerprintOf(one))
	}
	slices.SortFunc(wrapFor, func(a, b *keys.Public) int { return slices.Compare(fingerprintOf(a), fingerprintOf(b)) })
	for _, one := range wrapFor {
		wrapped, err := wrapRole(secret, "team", name, one)
		if err != nil {
			t.Fatal(err)
		}
		role.Message(5, new(strict.Writer).Bytes(1, fingerprintOf(one)).Bytes(2, wrapped).Finish())
	}
	return new(strict.Writer).Message(1, role.Finish()).Finish()
}

func TestGroups(t *testing.T) {
	owner, member, stranger := pair(t), pair(t), pair(t)
	first := created(t, owner)
	group, err := VerifyGroup("team", []*Act{first})
	if err != nil {
		t.Fatal(err)
	}
	opened := group.Open(owner)
	if name, _ := opened.Highest(); name != "owner" || len(opened.Keys) != 4 || !opened.Owns() {
		t.Fatalf("the owner has %v", opened.Keys)
	}
	if name, _ := group.Open(stranger).Highest(); name != "" {
		t.Errorf("a stranger has the role %s", name)
	}
	contributor := opened.Keys["contributor"]
	add := signed(t, first, groupChange, roleChange(t, "contributor", nil, contributor, []*keys.Public{member.Public()}, nil, member.Public()), owner)
	grown, err := VerifyGroup("team", []*Act{first, add})
	if err != nil {
		t.Fatal(err)
	}
	joined := grown.Open(member)
	if name, key := joined.Highest(); name != "contributor" || key.String() != contributor.String() || len(joined.Keys) != 2 || joined.Owns() {
		t.Errorf("the member has %v", joined.Keys)
	}
	fresh, below := pair(t), pair(t)
	gone := []*keys.Public{member.Public()}
	keyed := roleChange(t, "contributor", fresh, fresh, nil, gone, opened.Keys["delegate"].Public())
	both := slices.Concat(keyed, roleChange(t, "observer", below, below, nil, nil, fresh.Public()))
	removed, err := VerifyGroup("team", []*Act{first, add, signed(t, add, groupChange, both, owner)})
	if err != nil {
		t.Fatal(err)
	}
	if name, _ := removed.Open(member).Highest(); name != "" || len(removed.Open(member).Retired) != 2 {
		t.Errorf("who was removed has the role %s", name)
	}
	if next := removed.Successor(contributor.Public().Fingerprint()); next == nil || next.Fingerprint() != fresh.Public().Fingerprint() {
		t.Errorf("the role's key is followed by %v", next)
	}
	// What isn't a group's line.
	foreign := created(t, stranger)
	for what, acts := range map[string][]*Act{
		"no acts":                                      {},
		"a first act that is missing":                  {add},
		"an act of another line":                       {first, signed(t, foreign, groupChange, roleChange(t, "contributor", nil, contributor, []*keys.Public{member.Public()}, nil, member.Public()), owner)},
		"an act twice":                                 {first, add, add},
		"signed by a stranger":                         {first, signed(t, first, groupChange, roleChange(t, "contributor", nil, contributor, []*keys.Public{member.Public()}, nil, member.Public()), stranger)},
		"signed by a stranger, too":                    {first, signed(t, first, groupChange, roleChange(t, "contributor", nil, contributor, []*keys.Public{member.Public()}, nil, member.Public()), owner, stranger)},
		"owners named by a delegate":                   {first, add, signed(t, add, groupChange, roleChange(t, "owner", nil, opened.Keys["owner"], []*keys.Public{member.Public()}, nil, member.Public()), member)},
		"a member without the secret":                  {first, signed(t, first, groupChange, roleChange(t, "contributor", nil, contributor, []*keys.Public{member.Public()}, nil), owner)},
		"the secret for a stranger":                    {first, signed(t, first, groupChange, roleChange(t, "contributor", nil, contributor, []*keys.Public{member.Public()}, nil, member.Public(), stranger.Public()), owner)},
		"a removal that changes no key":                {first, add, signed(t, add, groupChange, roleChange(t, "contributor", nil, contributor, nil, gone), owner)},
		"a removal that leaves the role below its key": {first, add, signed(t, add, groupChange, keyed, owner)},
		"the owner removed":                            {first, signed(t, first, groupChange, roleChange(t, "owner", fresh, fresh, nil, []*keys.Public{owner.Public()}), owner)},
		"a role's key that was":                        {first, add, signed(t, add, groupChange, slices.Concat(roleChange(t, "contributor", opened.Keys["observer"], opened.Keys["observer"], nil, gone, opened.Keys["delegate"].Public()), roleChange(t, "observer", below, below, nil, nil, opened.Keys["observer"].Public())), owner)},
		"after it was removed":                         {first, signed(t, first, groupRemoval, nil, owner), signed(t, signed(t, first, groupRemoval, nil, owner), groupRemoval, nil, owner)},
		"a role's key taken back":                      {first, signed(t, first, delegationRevocation, new(strict.Writer).Bytes(1, fingerprintOf(contributor.Public())).Finish(), owner)},
	} {
		if _, err := VerifyGroup("team", acts); err == nil {
			t.Errorf("it verifies: %s", what)
		}
	}
	if _, err := VerifyGroup("other", []*Act{first}); err == nil {
		t.Error("it verifies as another group")
	}
	// A secret that isn't the role's opens nothing, whoever has signed that it is.
	lie := signed(t, first, groupChange, roleChange(t, "contributor", nil, stranger, []*keys.Public{member.Public()}, nil, member.Public()), owner)
	lied, err := VerifyGroup("team", []*Act{first, lie})
	if err != nil {
		t.Fatal(err)
	}
	if name, _ := lied.Open(member).Highest(); name != "" {
		t.Errorf("a lie opens the role %s", name)
	}
}

func TestPasswords(t *testing.T) {
	salt := []byte("0123456789abcdef")
	for what, costs := range map[string]keys.Costs{"too little memory": {MemoryKiB: 19_455, Passes: 2, Lanes: 1}, "too few passes": {MemoryKiB: 19_456, Passes: 1, Lanes: 1}, "no lanes": {MemoryKiB: 19_456, Passes: 2}, "a whole machine": {MemoryKiB: 1 << 24, Passes: 2, Lanes: 1}} {
		if _, err := FromPassword("a password", "me@example.com", salt, costs); err == nil {
			t.Errorf("%s is done", what)
		}
	}
	costs := keys.Costs{MemoryKiB: 19_456, Passes: 2, Lanes: 1}
	opening, err := FromPassword("a password", "me@example.com", salt, costs)
	if err != nil {
		t.Fatal(err)
	}
	own := pair(t)
	sealed := opening.Seal(KeyVault, own, pair(t))
	if all, err := opening.Open(KeyVault, sealed); err != nil || len(all) != 2 || all[0].String() != own.String() {
		t.Errorf("the vault doesn't open: %v", err)
	}
	yours, err := FromPassword("a password", "you@example.com", salt, costs)
	if err != nil {
		t.Fatal(err)
	}
	another, err := FromPassword("another password", "me@example.com", salt, costs)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for what, one := range map[string]func() ([]*keys.Pair, error){
		"as another vault":      func() ([]*keys.Pair, error) { return opening.Open(SudoVault, sealed) },
		"of another account":    func() ([]*keys.Pair, error) { return yours.Open(KeyVault, sealed) },
		"with another password": func() ([]*keys.Pair, error) { return another.Open(KeyVault, sealed) },
		"though it was changed": func() ([]*keys.Pair, error) { return opening.Open(KeyVault, changed) },
	} {
		if _, err := one(); !errors.Is(err, fault.VerificationFailed) {
			t.Errorf("it opens %s: %v", what, err)
		}
	}
	if another.Signer.String() == opening.Signer.String() {
		t.Error("two passwords have one key")
	}
}

// TestRoom: the last of what a group has room for is its owners'.
func TestRoom(t *testing.T) {
	owner, delegate := pair(t), pair(t)
	first := created(t, owner)
	group, err := VerifyGroup("team", []*Act{first})
	if err != nil {
		t.Fatal(err)
	}
	revoke := new(strict.Writer).Bytes(1, make([]byte, 32)).Finish()
	for what, change := range map[string]func(before, after *Group, act *Act, isOwners bool, over int){
		"acts": func(_, _ *Group, act *Act, isOwners bool, over int) {
			if act.Version = actsMax - 1 + uint64(over); !isOwners {
				act.Version -= actsReserve
			}
		},
		"bytes": func(_, after *Group, _ *Act, isOwners bool, over int) {
			if after.bytes = actsBytesMax + over; !isOwners {
				after.bytes -= actsBytesReserve
			}
		},
		"keys": func(_, after *Group, _ *Act, isOwners bool, over int) {
			count := changedKeysMax + over
			if !isOwners {
				count -= changedKeysReserve
			}
			after.changed = make([]changedKey, count)
		},
	} {
		for _, isOwners := range []bool{true, false} {
			for over := range 2 {
				signer := owner
				if !isOwners {
					signer = delegate
				}
				act, after := signed(t, first, delegationRevocation, revoke, signer), *group
				change(group, &after, act, isOwners, over)
				if err := group.checkRoom(act, &after); (err == nil) != (over == 0) {
					t.Errorf("%s, of an owner %v, %d over the limit: %v", what, isOwners, over, err)
				}
			}
		}
	}
}
