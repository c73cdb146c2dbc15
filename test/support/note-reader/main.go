// Command note-reader verifies checkpoints with published implementations of C2SP notes that are not ours:
// golang.org/x/mod/sumdb/note for the note and its Ed25519 line, filippo.io/torchwood for the ML-DSA-44 line and the
// text. Each line of its input is a JSON object with a note and verifier keys; each line of its output says what it is.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
)

type question struct {
	Note         string   `json:"note"`
	VerifierKeys []string `json:"verifierKeys"`
}

type answer struct {
	Error  string `json:"error,omitempty"`
	Origin string `json:"origin,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Root   []byte `json:"root,omitempty"`
	// Key names and ids of the lines that verify, and of those that nobody knows.
	Verified []string `json:"verified,omitempty"`
	Unknown  int      `json:"unknown,omitempty"`
	// Seconds since 1970-01-01 UTC, of the ML-DSA-44 line.
	Time int64 `json:"time,omitempty"`
}

func read(q question) (answer, error) {
	var verifiers []note.Verifier
	for _, key := range q.VerifierKeys {
		verifier, err := torchwood.NewLogVerifier(key)
		if err != nil {
			return answer{}, err
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open([]byte(q.Note), note.VerifierList(verifiers...))
	if err != nil {
		return answer{}, err
	}
	checkpoint, err := torchwood.ParseCheckpoint(opened.Text)
	if err != nil {
		return answer{}, err
	}
	a := answer{
		Origin:  checkpoint.Origin,
		Size:    checkpoint.N,
		Root:    checkpoint.Hash[:],
		Unknown: len(opened.UnverifiedSigs),
	}
	for _, sig := range opened.Sigs {
		a.Verified = append(a.Verified, fmt.Sprintf("%s+%08x", sig.Name, sig.Hash))
		// The longer of the two is the cosignature.
		if len(sig.Base64) > 1000 {
			if a.Time, err = torchwood.CosignatureTimestamp(sig); err != nil {
				return answer{}, err
			}
		}
	}
	return a, nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		a, err := read(q)
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := out.Encode(a); err != nil {
			os.Exit(1)
		}
	}
}
