// Command diary is a diary that only its writer can read: it appends what it is told, and prints all of it.
//
// Start a server in the repository, `npm start`, then:
//
//	go run ./examples/diary "Dear diary, ..."
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"atedb.example/go"
	"atedb.example/go/event"
)

func main() {
	server := flag.String("server", "localhost:5000", "the server, `host:port`")
	name := flag.String("chain", "example.com/me/go_diary", "the chain's `key`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *server, *name, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server, name string, lines []string) (err error) {
	client, err := atedb.Connect(server, atedb.WithNotices(func(notice atedb.Notice) { fmt.Fprintf(os.Stderr, "(%s)\n", notice.Message) }))
	if err != nil {
		return err
	}
	defer client.Close()
	diary, err := client.Open(ctx, name, atedb.ForAppend(), atedb.Claim(), atedb.Confidential())
	if err != nil {
		return err
	}
	defer func() {
		if closed := diary.Close(); err == nil {
			err = closed
		}
	}()
	if diary.Genesis() == nil {
		// A confidential chain begins with who reads it: with nobody named, whoever writes.
		if _, err := diary.SetReaders(ctx, atedb.Object{}); err != nil {
			return err
		}
	}
	for _, line := range lines {
		committed, err := diary.Append(ctx, atedb.NewEvent{Data: []byte(line)})
		if err != nil {
			return err
		}
		fmt.Printf("written as event %d\n", committed.LastSequence)
	}
	for is, err := range diary.Read(ctx, atedb.ReadOptions{}) {
		if err != nil {
			return err
		}
		if is.Kind == event.KindData {
			fmt.Printf("%4d  %s\n", is.Sequence, is.Data)
		}
	}
	return nil
}
