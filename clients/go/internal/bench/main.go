// Command bench is this client's part of the benchmark of clients: bench/clients/jobs.ts of the repository says what it is told, and what
// it answers.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"atedb.example/go"
)

type order struct {
	Server, Home string
	Jobs         []job
}

type job struct {
	Do, Chain                                    string
	Batches, EventsPerBatch, DataBytes, InFlight int
}

type result struct {
	Events  int     `json:"events"`
	Seconds float64 `json:"seconds"`
}

// alone always holds, and makes each append a batch of its own.
var alone = atedb.Conditions{LandsBefore: 1<<53 - 1}

func main() {
	var told order
	if err := json.NewDecoder(os.Stdin).Decode(&told); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	results := make([]any, len(told.Jobs))
	for at, due := range told.Jobs {
		measured, err := carryOut(ctx, &told, &due)
		if err != nil {
			results[at] = map[string]string{"error": err.Error()}
			continue
		}
		results[at] = measured
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func carryOut(ctx context.Context, told *order, due *job) (result, error) {
	client, err := atedb.Connect(told.Server, atedb.WithHome(told.Home))
	if err != nil {
		return result{}, err
	}
	defer client.Close()
	if due.Do == "append" {
		return appendAll(ctx, client, due)
	}
	return replay(ctx, client, due)
}

func appendAll(ctx context.Context, client *atedb.Client, due *job) (measured result, err error) {
	chain, err := client.Open(ctx, due.Chain, atedb.ForAppend())
	if err != nil {
		return result{}, err
	}
	defer func() {
		if closed := chain.Close(); err == nil {
			err = closed
		}
	}()
	if _, err := chain.Append(ctx, someEvents(1, due.DataBytes)...); err != nil {
		return result{}, err
	}
	lists := make([][]atedb.NewEvent, due.Batches)
	for at := range lists {
		lists[at] = someEvents(due.EventsPerBatch, due.DataBytes)
	}
	start := time.Now()
	// Beside those in it, one is waited for and one is to be put in.
	waiting := make(chan *atedb.Pending, max(0, due.InFlight-2))
	answered := make(chan error, 1)
	go func() {
		var first error
		for pending := range waiting {
			if _, err := pending.Wait(ctx); err != nil && first == nil {
				first = err
			}
		}
		answered <- first
	}()
	for _, events := range lists {
		pending, enqueued := chain.Enqueue(ctx, alone, events...)
		if enqueued != nil {
			err = enqueued
			break
		}
		waiting <- pending
	}
	close(waiting)
	if failed := errors.Join(err, <-answered); failed != nil {
		return result{}, failed
	}
	return result{Events: due.Batches * due.EventsPerBatch, Seconds: time.Since(start).Seconds()}, nil
}

func someEvents(count, size int) []atedb.NewEvent {
	events := make([]atedb.NewEvent, count)
	for at := range events {
		events[at].Data = make([]byte, size)
		rand.Read(events[at].Data)
	}
	return events
}

func replay(ctx context.Context, client *atedb.Client, due *job) (measured result, err error) {
	chain, err := client.Open(ctx, due.Chain)
	if err != nil {
		return result{}, err
	}
	defer func() {
		if closed := chain.Close(); err == nil {
			err = closed
		}
	}()
	start := time.Now()
	size := 0
	for event, err := range chain.Read(ctx, atedb.ReadOptions{}) {
		if err != nil {
			return result{}, err
		}
		measured.Events++
		size += len(event.Data)
	}
	measured.Seconds = time.Since(start).Seconds()
	if size == 0 {
		return result{}, errors.New("it has read no data")
	}
	return measured, nil
}
