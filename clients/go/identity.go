package atedb

import (
	"context"
	"slices"
	"strings"
	"sync"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/home"
	"atedb.example/go/keys"
)

// identityCheck judges the identity that a server has proven: by the fingerprint in its address, else by the servers that are known, else
// by what is looked up, else it is trusted at first use, and known from then on. A key that any of these name vouches for those that
// rotations lead to from there. One that a known server has given up is refused in every case. docs/identity.md.
type identityCheck struct {
	client  *Client
	address event.ServerAddress
	mutex   sync.Mutex
	// seen is what was accepted before: where that couldn't be kept, the server is not met for the first time each time.
	seen *home.KnownHost
}

// MustEncrypt reports whether it is known who the server is.
func (i *identityCheck) MustEncrypt() (bool, error) {
	if i.address.Pinned != nil {
		return true, nil
	}
	known, err := i.client.hosts.Find(i.address.Server)
	return known != nil, err
}

// Accept a server. The error is SERVER_IDENTITY_MISMATCH, SERVER_IDENTITY_CHANGED or VERIFICATION_FAILED.
func (i *identityCheck) Accept(ctx context.Context, identity *keys.Public, rotations [][]byte) error {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	server := i.address.Server
	line, err := event.VerifyIdentityLine(identity, rotations)
	if err != nil {
		return fault.New(fault.VerificationFailed, "what %s says of its identity does not verify: %s. Nothing was sent to it", server, fault.Text(err)).With("server", server).From(err)
	}
	if err := i.judge(ctx, line); err != nil {
		return err
	}
	i.seen = home.HostOf(server, line, i.seen)
	return nil
}

func (i *identityCheck) judge(ctx context.Context, line *event.IdentityLine) error {
	client, pinned := i.client, i.address.Pinned
	server := i.address.Server
	if pinned != nil && !line.Leads(*pinned) {
		return i.mismatch("the address", []keys.Fingerprint{*pinned}, line)
	}
	known, err := client.hosts.Find(server)
	if err != nil {
		return err
	}
	if known == nil {
		known = i.seen
	}
	verdict := home.Judge(known, line)
	switch {
	case verdict == home.Known:
		return nil
	case isRefused(verdict, pinned):
		return i.changed(known, line, verdict)
	case verdict == home.Changed:
		// What is pinned is said for this time; what is known otherwise stays.
		return nil
	}
	isPublished := false
	if verdict == home.First && pinned == nil && client.options.lookUp != nil {
		if isPublished, err = i.lookUp(ctx, line); err != nil {
			return err
		}
	}
	found, err := client.hosts.Remember(server, line)
	if err != nil {
		// What can't be kept is told, and stops nobody: the next time it is met for the first time again.
		client.options.notice(Notice{Kind: "server-not-remembered", Message: "who " + server + " is could not be saved: " + fault.Text(err), Cause: err})
	} else if found == home.Known {
		return nil
	} else if isRefused(found, pinned) {
		// Another process was faster, and has met another server.
		now, _ := client.hosts.Find(server)
		return i.changed(now, line, found)
	}
	i.tell(known, line, verdict, isPublished)
	return nil
}

func isRefused(verdict home.Verdict, pinned *keys.Fingerprint) bool {
	return verdict == home.Retired || verdict == home.Forked || verdict == home.Changed && pinned == nil
}

// lookUp returns whether a fingerprint was found that leads to the identity.
func (i *identityCheck) lookUp(ctx context.Context, line *event.IdentityLine) (bool, error) {
	server := i.address.Server
	published, err := i.client.options.lookUp(ctx, server)
	switch {
	case err != nil:
		return false, fault.New(fault.ConnectionFailed, "the identity that %s is to have could not be looked up: %v. Nothing was sent to it", server, err).With("server", server).From(err)
	case published == nil:
		return false, nil
	case slices.ContainsFunc(published, line.Leads):
		return true, nil
	default:
		return false, i.mismatch("what is published", published, line)
	}
}

func (i *identityCheck) tell(known *home.KnownHost, line *event.IdentityLine, verdict home.Verdict, isPublished bool) {
	server, shown := i.address.Server, line.Identity.Fingerprint().Text()
	if verdict == home.Rotated && known != nil {
		i.client.options.notice(Notice{Kind: "server-rotated", Message: server + " has another identity key now, " + shown + ": the one that it was known by, " +
			known.Fingerprint.Text() + ", vouches for it"})
		return
	}
	// Whoever has named the key needs not be told to compare it.
	if i.address.Pinned != nil {
		return
	}
	why := "and is trusted with that from now on. Compare it with what the server prints when it starts, or atedb identity show LOGS on its machine"
	if isPublished {
		why = "as is published for it"
	}
	i.client.options.notice(Notice{Kind: "server-met", Message: "met " + server + " for the first time: its identity is " + shown + ", " + why})
}

func (i *identityCheck) mismatch(by string, due []keys.Fingerprint, line *event.IdentityLine) error {
	var names []string
	for _, one := range due {
		names = append(names, one.String())
	}
	server := i.address.Server
	return fault.New(fault.ServerIdentityMismatch, "by %s the identity of %s is %s, and it has proven %s, and no rotation leads from the one to the other. What says so is out of date, or somebody answers in the server's place. Nothing was sent to it: ask its operator which identity it has",
		by, server, strings.Join(names, " or "), line.Identity).
		With("server", server).With("fingerprint", line.Identity.String()).With("expected", strings.Join(names, ","))
}

func (i *identityCheck) changed(known *home.KnownHost, line *event.IdentityLine, verdict home.Verdict) error {
	meaning := "The server was set up anew or without its key, another server has its address, or somebody is between you and it who reads and changes what is sent"
	switch verdict {
	case home.Retired:
		meaning = "That is a key which the server had before, and has given up: it was restored from a backup of before, or somebody who has the old key answers in its place"
	case home.Forked:
		meaning = "A key that the server had before, and has given up, vouches for this one: that key was used by somebody else, or on a copy of the server"
	}
	server := i.address.Server
	changed := fault.New(fault.ServerIdentityChanged, "THE IDENTITY OF %s HAS CHANGED. It is known by %s, and has proven %s. %s. Nothing was sent to it. Ask its operator, by another way, which identity it has. Only if it is this one, accept it with: atedb identity accept %s %s",
		server, known.Fingerprint.Text(), line.Identity.Fingerprint().Text(), meaning, server, line.Identity.Fingerprint().Text()).
		With("server", server).With("fingerprint", line.Identity.String()).With("known", known.Fingerprint.String())
	if path := i.client.hosts.Path(); path != "" {
		changed.With("path", path)
	}
	return changed
}
