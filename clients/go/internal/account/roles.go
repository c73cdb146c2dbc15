package account

import (
	"regexp"
	"slices"

	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
)

// groupRoles are those that each group has, the highest first: who has one has those behind it, too. Others are beside the last.
var groupRoles = []string{"owner", "delegate", "contributor", "observer"}

var roleName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// roleAbove is the role just above another one; empty: it is the highest.
func roleAbove(name string) string {
	switch at := slices.Index(groupRoles, name); at {
	case -1:
		return "contributor"
	case 0:
		return ""
	default:
		return groupRoles[at-1]
	}
}

// includesRole reports whether somebody who has one role has another one, too.
func includesRole(had, wanted string) bool {
	for at := wanted; at != ""; at = roleAbove(at) {
		if at == had {
			return true
		}
	}
	return false
}

// roleAAD binds a wrap to its place: moved to another group, role or key, it doesn't open.
func roleAAD(group, role string, key *keys.Public) []byte {
	fingerprint := key.Fingerprint()
	return append([]byte(group+"\x00"+role+"\x00"), fingerprint[:]...)
}

func wrapRole(pair *keys.Pair, group, role string, recipient *keys.Public) ([]byte, error) {
	seeds := encodeSeeds(pair)
	defer clear(seeds)
	return recipient.SealTo(crypt.InfoRoleKey, roleAAD(group, role, pair.Public()), seeds)
}

// openRole opens the secret of a role's key; nil for what is for another key, or is not the secret of that role's key: who has wrapped it may
// have lied.
func openRole(group, role string, key *keys.Public, wrapped []byte, with *keys.Pair) *keys.Pair {
	seeds, ok := with.Open(crypt.InfoRoleKey, roleAAD(group, role, key), wrapped)
	if !ok {
		return nil
	}
	defer clear(seeds)
	if strict.Check(seedsForm, seeds) != nil {
		return nil
	}
	pair, err := readSeeds(seeds)
	if err != nil || pair.Public().Fingerprint() != key.Fingerprint() {
		return nil
	}
	return pair
}

// encodeSeeds is the KeySeeds message of a key: a secret, which the caller wipes.
func encodeSeeds(pair *keys.Pair) []byte {
	seed, kemSeed := pair.Seed(), pair.KEMSeed()
	defer clear(seed)
	defer clear(kemSeed)
	kemSuite := uint64(0)
	if len(kemSeed) > 0 {
		kemSuite = 1
	}
	return new(strict.Writer).Varint(1, uint64(pair.Public().Suite())).Bytes(2, seed).Varint(3, kemSuite).Bytes(4, kemSeed).Finish()
}

func readSeeds(message []byte) (*keys.Pair, error) {
	var suite int
	var seed, kemSeed []byte
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			suite = int(cursor.Value)
		case 2:
			seed = cursor.Bytes()
		case 4:
			kemSeed = cursor.Bytes()
		}
	}
	return keys.FromSeed(suite, seed, kemSeed)
}
