package trust

import (
	"strconv"

	"atedb.example/go/fault"
)

func violation(why string) error { return fault.New(fault.VerificationFailed, "%s", why) }

// violated says which commit is wrong.
func violated(commit uint64, err error) error {
	found := fault.Of(err)
	if found == nil {
		return err
	}
	// Nothing is wrong with what was sent.
	if isCompacted(err) {
		return err
	}
	if found.Reason == fault.VerificationFailed && found.Metadata["commit"] != "" {
		return err
	}
	// What can't be verified here may be right: nobody is accused.
	if found.Reason == fault.Unsupported {
		said := fault.New(fault.Unsupported, "commit %d can't be verified by this version: %s. Nothing of it was used", commit, found.Message).From(err)
		for name, value := range found.Metadata {
			said.With(name, value)
		}
		return said.With("commit", strconv.FormatUint(commit, 10))
	}
	return fault.New(fault.VerificationFailed, "commit %d does not verify: %s. Nothing of it was used; the server, or its copy of the chain, can't be trusted", commit, found.Message).
		With("commit", strconv.FormatUint(commit, 10)).From(err)
}

// isCompacted reports whether what was read can't be gone on with, since the chain was compacted meanwhile: it is to be read again.
func isCompacted(err error) bool {
	found := fault.Of(err)
	return found != nil && found.Reason == fault.HistoryCompacted
}
