// Command matrix is this client's part of the matrix of all clients: test/matrix/jobs.ts of the repository says what it is told, and
// what it answers.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"atedb.example/go"
	"atedb.example/go/event"
	"atedb.example/go/keys"
)

type order struct {
	Server, Home string
	Jobs         []job
}

type job struct {
	Do, Chain, TrustMode string
	// Encryption is "plain" or a number of bits.
	Encryption     any
	Confidential   bool
	Claim          bool
	Texts, Readers []string
}

type readEvent struct {
	Sequence        uint64 `json:"sequence"`
	Kind            string `json:"kind"`
	PrimaryKey      string `json:"primaryKey"`
	Data            string `json:"data"`
	Sealed          string `json:"sealed"`
	Fingerprint     string `json:"fingerprint"`
	WriterID        string `json:"writerId"`
	VouchedBy       string `json:"vouchedBy"`
	CommittedUnixMs int64  `json:"committedUnixMs"`
}

type readResult struct {
	ChainID string      `json:"chainId"`
	Size    uint64      `json:"size"`
	Root    string      `json:"root"`
	Events  []readEvent `json:"events"`
}

func main() {
	var told order
	if err := json.NewDecoder(os.Stdin).Decode(&told); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	results := make([]any, len(told.Jobs))
	for at, due := range told.Jobs {
		result, err := carryOut(ctx, &told, &due)
		if err != nil {
			result = map[string]string{"error": err.Error()}
		}
		results[at] = result
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func carryOut(ctx context.Context, told *order, due *job) (result any, err error) {
	encryption := atedb.Auto
	switch wanted := due.Encryption.(type) {
	case string:
		encryption = atedb.Plain
	case float64:
		encryption = atedb.Encryption(wanted)
	}
	client, err := atedb.Connect(told.Server, atedb.WithHome(told.Home), atedb.WithEncryption(encryption))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if due.Do == "key" {
		chain, err := client.Open(ctx, "example.com/matrix/none", atedb.ForAppend())
		if err != nil {
			return nil, err
		}
		defer chain.Close()
		own, err := chain.OwnKey(ctx)
		if err != nil {
			return nil, err
		}
		return map[string]string{"key": own.Text()}, nil
	}
	mode := event.Centralized
	if due.TrustMode == "distributed" {
		mode = event.Distributed
	}
	options := []atedb.OpenOption{atedb.WithTrustMode(mode)}
	if due.Confidential {
		options = append(options, atedb.Confidential())
	}
	if due.Do == "append" {
		options = append(options, atedb.ForAppend())
	}
	if due.Claim {
		options = append(options, atedb.Claim())
	}
	chain, err := client.Open(ctx, due.Chain, options...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := chain.Close(); err == nil {
			err = closed
		}
	}()
	if due.Do == "read" {
		return readAll(ctx, chain)
	}
	return appendAll(ctx, chain, due)
}

func appendAll(ctx context.Context, chain *atedb.Chain, due *job) (any, error) {
	if due.Confidential && chain.Genesis() == nil {
		readers := make([]*keys.Public, len(due.Readers))
		for at, text := range due.Readers {
			reader, err := keys.ParsePublicText(text)
			if err != nil {
				return nil, err
			}
			readers[at] = reader
		}
		if _, err := chain.SetReaders(ctx, atedb.Object{}, readers...); err != nil {
			return nil, err
		}
	}
	waiting := make([]*atedb.Pending, len(due.Texts))
	for at, text := range due.Texts {
		pending, err := chain.Enqueue(ctx, atedb.Conditions{}, atedb.NewEvent{Data: []byte(text)})
		if err != nil {
			return nil, err
		}
		waiting[at] = pending
	}
	var last uint64
	for _, pending := range waiting {
		committed, err := pending.Wait(ctx)
		if err != nil {
			return nil, err
		}
		last = committed.LastSequence
	}
	return map[string]uint64{"last": last}, nil
}

var sealNames = map[atedb.SealState]string{atedb.Clear: "", atedb.Opened: "open", atedb.NoKey: "no key", atedb.Unopenable: "invalid", atedb.Gone: "gone"}

func readAll(ctx context.Context, chain *atedb.Chain) (any, error) {
	head, err := chain.Verify(ctx)
	if err != nil {
		return nil, err
	}
	result := readResult{ChainID: hex.EncodeToString(chain.Genesis().ChainID[:]), Size: head.Size, Root: hex.EncodeToString(head.Root[:]), Events: []readEvent{}}
	for is, err := range chain.Read(ctx, atedb.ReadOptions{}) {
		if err != nil {
			return nil, err
		}
		result.Events = append(result.Events, readEvent{
			Sequence: is.Sequence, Kind: is.Kind.String(), PrimaryKey: hex.EncodeToString(is.PrimaryKey), Data: hex.EncodeToString(is.Data),
			Sealed: sealNames[is.Seal], Fingerprint: is.Writer.String(), WriterID: hex.EncodeToString(is.Batch.Seal.WriterID[:]),
			VouchedBy: is.VouchedBy.String(), CommittedUnixMs: is.Committed.UnixMilli(),
		})
	}
	return result, nil
}
