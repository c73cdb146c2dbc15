package event

import (
	"strings"

	"atedb.example/go/fault"
	"atedb.example/go/internal/limits"
)

// An Owner owns chains: a user name@domain, or a group.
type Owner struct {
	// Text is its one spelling.
	Text string
	// Domain and Name of the user; both are empty for a group.
	Domain, Name string
	// Group, else empty.
	Group string
}

// String is the owner's text.
func (o Owner) String() string { return o.Text }

// Owner that the chain key names.
func (k ChainKey) Owner() Owner {
	if k.Group != "" {
		return Owner{Text: k.Group, Group: k.Group}
	}
	return Owner{Text: k.Name + "@" + k.Domain, Domain: k.Domain, Name: k.Name}
}

// ParseOwner reads an owner: what chain keys can name, and nothing else. The error is REQUEST_INVALID.
func ParseOwner(text string) (Owner, error) {
	refused := func(why string) error {
		shown := text
		if len(shown) > limits.OwnerBytes {
			shown = shown[:limits.OwnerBytes]
		}
		return fault.New(fault.RequestInvalid, "%q is no owner of chains: %s. An owner is a user name@domain (as me@example.com) or a group (as team), lower case only", shown, why).
			With("owner", shown)
	}
	if len(text) > limits.OwnerBytes {
		return Owner{}, refused("it is longer than 255 bytes")
	}
	path, rule := text, "the name of a group is "+nameRule
	if name, domain, isUser := strings.Cut(text, "@"); isUser {
		path, rule = domain+"/"+name, "the name of a user is "+nameRule+", not ending in \".chain\" or \".chain.new\", and the domain is a domain name in lower-case ASCII, or \"localhost\""
	}
	if strings.Contains(text, "/") {
		return Owner{}, refused("it has a \"/\"")
	}
	key, err := ParseChainKey(path + "/db")
	if err != nil {
		// Its words are about a chain key, of which the owner is but a part.
		return Owner{}, refused(rule)
	}
	return key.Owner(), nil
}
