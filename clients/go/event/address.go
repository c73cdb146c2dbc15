package event

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// DefaultPort is where servers listen unless another port is named.
const DefaultPort = 5000

// A ServerAddress says where a server is.
type ServerAddress struct {
	// Host is a name or an IP address, IPv6 without brackets.
	Host string
	Port int
	// Server is host:port, IPv6 in brackets: one spelling a server.
	Server string
	// Pinned is the fingerprint of the identity key that the server must have; nil where the address names none.
	Pinned *keys.Fingerprint
}

// A ChainAddress says where a chain is.
type ChainAddress struct {
	ServerAddress
	ChainKey ChainKey
}

// Text is ate://host:port/<chain key>, without the fingerprint.
func (a ChainAddress) Text() string { return "ate://" + a.Server + "/" + a.ChainKey.Text }

// ParseChainAddress reads ate://host[:port]/<chain key>, or in the older form ws://host[:port]/db/<chain key>. #sha256:<64 digits> may
// follow: the identity key that the server must have. The error is REQUEST_INVALID, or CHAIN_KEY_INVALID for its chain key.
func ParseChainAddress(text string) (ChainAddress, error) {
	server, path, err := splitAddress(text)
	if err != nil {
		return ChainAddress{}, err
	}
	if path == "" {
		return ChainAddress{}, badAddress(text, "it names no chain")
	}
	key, err := ParseChainKey(path)
	return ChainAddress{server, key}, err
}

// ParseServerAddress reads ate://host[:port], or just host[:port]. A fingerprint may follow as in that of a chain. The error is
// REQUEST_INVALID.
func ParseServerAddress(text string) (ServerAddress, error) {
	whole := text
	if !strings.Contains(text, "://") {
		whole = "ate://" + text
	}
	server, path, err := splitAddress(whole)
	if err == nil && path != "" {
		return ServerAddress{}, badAddress(text, "it names a chain too, \""+path+"\"")
	}
	return server, err
}

// DefaultAuthPort is where auth servers listen unless another port is named.
const DefaultAuthPort = 5001

var (
	olderAuthAddress = regexp.MustCompile(`^ws://([^/]*)/auth/?$`)
	endsInPort       = regexp.MustCompile(`[^:]:[0-9]{1,5}$`)
)

// ParseAuthAddress reads the address of an auth server: ate://host[:port], host[:port], or in the older form ws://host[:port]/auth. A
// fingerprint may follow. The error is REQUEST_INVALID.
func ParseAuthAddress(text string) (ServerAddress, error) {
	place, pin, isPinned := strings.Cut(text, "#")
	server := strings.TrimSuffix(strings.TrimPrefix(place, "ate://"), "/")
	if older := olderAuthAddress.FindStringSubmatch(place); older != nil {
		server = older[1]
	}
	if strings.HasSuffix(server, "]") || !endsInPort.MatchString(server) {
		server += ":" + strconv.Itoa(DefaultAuthPort)
	}
	if isPinned {
		server += "#" + pin
	}
	return ParseServerAddress(server)
}

var addressPattern = regexp.MustCompile(`^(ate|ws)://(\[[0-9a-fA-F:.]+\]|[^\s/:\[\]@#?]+)(?::([0-9]{1,5}))?(?:/(.*))?$`)

func splitAddress(text string) (server ServerAddress, path string, err error) {
	rest, pin, pinned := strings.Cut(text, "#")
	if pinned {
		if !strings.HasPrefix(pin, "sha256:") {
			return server, "", badAddress(text, "what follows the # is the fingerprint of the server's identity, sha256: and 64 hexadecimal digits")
		}
		fingerprint, err := keys.ParseFingerprint(pin)
		if err != nil {
			return server, "", badAddress(text, fault.Text(err))
		}
		server.Pinned = &fingerprint
	}
	match := addressPattern.FindStringSubmatch(rest)
	if match == nil || hasControl(match[2]) {
		return server, "", badAddress(text, "it is of another form; an IPv6 address stands in brackets")
	}
	scheme, host, port, path := match[1], match[2], match[3], match[4]
	server.Port = DefaultPort
	if port != "" {
		if server.Port, _ = strconv.Atoi(port); server.Port < 1 || server.Port > 65535 {
			return server, "", badAddress(text, port+" is not a port from 1 to 65535")
		}
	}
	if scheme == "ws" {
		switch {
		case path == "" || path == "db":
			path = ""
		case strings.HasPrefix(path, "db/"):
			path = path[len("db/"):]
		default:
			return server, "", badAddress(text, "after the host of a ws:// address comes /db/")
		}
	}
	if bare, isIPv6 := strings.CutPrefix(host, "["); isIPv6 {
		// In the one spelling of RFC 5952: who is known by one of many is known by all.
		address, err := netip.ParseAddr(strings.TrimSuffix(bare, "]"))
		if err != nil || !address.Is6() {
			return server, "", badAddress(text, host+" is no IPv6 address")
		}
		server.Host = spelling(address)
	} else {
		server.Host = strings.ToLower(host)
	}
	server.Server = net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
	return server, path, nil
}

// spelling is an IPv6 address as URLs have it: also one that stands for an IPv4 address is written in hexadecimal.
func spelling(address netip.Addr) string {
	if !address.Is4In6() {
		return address.String()
	}
	bytes := address.As16()
	group := func(at int) string { return strconv.FormatUint(uint64(bytes[at])<<8|uint64(bytes[at+1]), 16) }
	return "::ffff:" + group(12) + ":" + group(14)
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, unicode.C) })
}

func badAddress(text, why string) error {
	return fault.New(fault.RequestInvalid, "%q is not an address: %s. An address is ate://host[:port]/chain-key[#sha256:fingerprint], as ate://localhost/example.com/me/mydb; the port is %d unless named", text, why, DefaultPort).
		With("field", "address").With("address", text)
}
