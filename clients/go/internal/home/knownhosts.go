package home

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// A KnownHost is a server that was met, by its identity keys.
type KnownHost struct {
	// Server is host:port.
	Server string
	// Fingerprint of the identity that it has.
	Fingerprint keys.Fingerprint
	// Former are those that it had before, newest first.
	Former []keys.Fingerprint
}

// A Verdict is what a server's identity is to what is known of the server.
type Verdict int

// The verdicts.
const (
	// First: nothing is known.
	First Verdict = iota
	// Known: it is the one that the server has.
	Known
	// Rotated: it follows from that one.
	Rotated
	// Retired: it is one that the server had before, and has given up.
	Retired
	// Forked: it follows from one that the server had before, and not from those that are known to have followed from that.
	Forked
	// Changed: it has nothing to do with what is known.
	Changed
)

// Judge a server's line by what is known of the server; nil: nothing.
func Judge(known *KnownHost, line *event.IdentityLine) Verdict {
	if known == nil {
		return First
	}
	shown := line.Identity.Fingerprint()
	switch {
	case shown == known.Fingerprint:
		return Known
	// First: a line that leads back to such a key is no way to it either.
	case slices.Contains(known.Former, shown):
		return Retired
	case line.Leads(known.Fingerprint):
		return Rotated
	case slices.ContainsFunc(known.Former, line.Leads):
		return Forked
	default:
		return Changed
	}
}

// HostOf is what is to be known of a server from now on, whose identity was accepted.
func HostOf(server string, line *event.IdentityLine, before *KnownHost) *KnownHost {
	host := &KnownHost{Server: server, Fingerprint: line.Identity.Fingerprint()}
	for i := len(line.Keys) - 2; i >= 0; i-- {
		host.Former = append(host.Former, line.Keys[i])
	}
	if before == nil {
		return host
	}
	// Those that were known before the server's line began are as retired as those in it.
	for _, one := range before.Former {
		if !line.Leads(one) {
			host.Former = append(host.Former, one)
		}
	}
	return host
}

const knownHostsHead = `# Servers that atedb has met here, a line each: host:port, then the fingerprint of the server's identity key, then those of the
# keys that it had before. A server whose line is deleted is met for the first time again. See docs/identity.md.
`

// KnownHosts are the servers that a user has met, in the file known_hosts of the home folder. Processes share it: it is replaced whole,
// under a lock, and what others have written meanwhile stays. Without a home folder it lasts as long as this value.
type KnownHosts struct {
	home  string
	mutex sync.Mutex
	kept  string
}

// NewKnownHosts reads and writes those of a home folder; "": none.
func NewKnownHosts(home string) *KnownHosts { return &KnownHosts{home: home} }

// Path of the file; "" without a home folder.
func (k *KnownHosts) Path() string {
	if k.home == "" {
		return ""
	}
	return filepath.Join(k.home, "known_hosts")
}

// List them all, in the order of the file. The error is STORAGE_FAILED, also for a line that can't be read: it may be the one that matters.
func (k *KnownHosts) List() ([]KnownHost, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	text, err := k.read()
	if err != nil {
		return nil, err
	}
	return parseKnownHosts(k.Path(), text)
}

// Find a server, by host:port; nil where it was not met.
func (k *KnownHosts) Find(server string) (*KnownHost, error) {
	all, err := k.List()
	if err != nil {
		return nil, err
	}
	return findHost(all, server), nil
}

func findHost(all []KnownHost, server string) *KnownHost {
	for i := range all {
		if all[i].Server == server {
			return &all[i]
		}
	}
	return nil
}

// Remember a server's identity that was met for the first time, or that follows from the one that is known. Where another process has
// kept something else meanwhile, nothing is changed. It returns the verdict by what is known then.
func (k *KnownHosts) Remember(server string, line *event.IdentityLine) (Verdict, error) {
	verdict := First
	err := k.change(server, func(before *KnownHost) *KnownHost {
		verdict = Judge(before, line)
		if verdict == First || verdict == Rotated {
			return HostOf(server, line, before)
		}
		return before
	})
	return verdict, err
}

// Accept takes an identity for a server's, whatever was known of it.
func (k *KnownHosts) Accept(server string, fingerprint keys.Fingerprint) error {
	return k.change(server, func(before *KnownHost) *KnownHost {
		if before != nil && before.Fingerprint == fingerprint {
			return before
		}
		// What it had before is no word about a key that has nothing to do with it.
		return &KnownHost{Server: server, Fingerprint: fingerprint}
	})
}

// Forget a server: it is met for the first time again.
func (k *KnownHosts) Forget(server string) error {
	return k.change(server, func(*KnownHost) *KnownHost { return nil })
}

func (k *KnownHosts) change(server string, decide func(before *KnownHost) *KnownHost) error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.home != "" {
		if err := makeFolder(k.home); err != nil {
			return err
		}
		lock, err := waitLock(filepath.Join(k.home, "known_hosts.lock"))
		if err != nil {
			return err
		}
		defer lock.Release()
	}
	text, err := k.read()
	if err != nil {
		return err
	}
	all, err := parseKnownHosts(k.Path(), text)
	if err != nil {
		return err
	}
	before := findHost(all, server)
	after := decide(before)
	if after == before {
		return nil
	}
	text = replaceHost(text, server, after)
	if k.home == "" {
		k.kept = text
		return nil
	}
	return writeFile(k.Path(), []byte(text), true)
}

func (k *KnownHosts) read() (string, error) {
	if k.home == "" {
		return k.kept, nil
	}
	text, err := os.ReadFile(k.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return knownHostsHead, nil
	}
	if err != nil {
		return "", storageFailed("cannot read "+k.Path(), err)
	}
	return string(text), nil
}

// hostWords are the words of a line that says something; none for others.
func hostWords(line string) []string {
	words := strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil
	}
	return words
}

func parseKnownHosts(path, text string) ([]KnownHost, error) {
	var all []KnownHost
	for i, line := range strings.Split(text, "\n") {
		words := hostWords(line)
		if words == nil {
			continue
		}
		where := path + ":" + strconv.Itoa(i+1)
		host, err := parseHost(where, words)
		if err != nil {
			return nil, err
		}
		if findHost(all, host.Server) != nil {
			return nil, badLine(where, "another line is about "+host.Server+" already")
		}
		all = append(all, host)
	}
	return all, nil
}

func parseHost(where string, words []string) (KnownHost, error) {
	address, err := event.ParseServerAddress(words[0])
	if err != nil {
		return KnownHost{}, badLine(where, fault.Text(err))
	}
	if address.Pinned != nil {
		return KnownHost{}, badLine(where, "a space stands before the fingerprint")
	}
	host := KnownHost{Server: address.Server}
	if len(words) == 1 {
		return host, badLine(where, "no fingerprint follows "+words[0])
	}
	for i, word := range words[1:] {
		fingerprint, err := keys.ParseFingerprint(word)
		if err != nil {
			return host, badLine(where, fault.Text(err))
		}
		if i == 0 {
			host.Fingerprint = fingerprint
		} else {
			host.Former = append(host.Former, fingerprint)
		}
	}
	return host, nil
}

// replaceHost is the text with another line for a server, or without its line. All other lines stay as they are.
func replaceHost(text, server string, host *KnownHost) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if text == "" {
		lines = nil
	}
	at := slices.IndexFunc(lines, func(line string) bool {
		words := hostWords(line)
		if words == nil {
			return false
		}
		address, err := event.ParseServerAddress(words[0])
		return err == nil && address.Server == server
	})
	switch {
	case host == nil && at >= 0:
		lines = slices.Delete(lines, at, at+1)
	case host != nil && at >= 0:
		lines[at] = hostLine(host)
	case host != nil:
		lines = append(lines, hostLine(host))
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

func hostLine(host *KnownHost) string {
	words := []string{host.Server, host.Fingerprint.Text()}
	for _, one := range host.Former {
		words = append(words, one.Text())
	}
	return strings.Join(words, " ")
}

func badLine(where, why string) error {
	return fault.New(fault.StorageFailed, "%s can't be used: %s. Mend or delete that line", where, why).With("path", where)
}
