// Package rpc makes calls of a server in bytes: as they are, over TLS, or through the encrypted tunnel. Messages are handed over as they
// came, since what is verified is bytes, and nobody serialises them again.
package rpc

import (
	"fmt"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// bytesCodec passes bytes on, and serialises messages of stubs.
type bytesCodec struct{}

// Name is that of the content type, which the bytes are of.
func (bytesCodec) Name() string { return "proto" }

// Marshal takes []byte as they are.
func (bytesCodec) Marshal(value any) (mem.BufferSlice, error) {
	switch message := value.(type) {
	case []byte:
		return mem.BufferSlice{mem.SliceBuffer(message)}, nil
	case proto.Message:
		bytes, err := proto.Marshal(message)
		return mem.BufferSlice{mem.SliceBuffer(bytes)}, err
	default:
		return nil, fmt.Errorf("a %T is neither bytes nor a message", value)
	}
}

// Unmarshal gives *[]byte bytes of their own.
func (bytesCodec) Unmarshal(data mem.BufferSlice, value any) error {
	switch into := value.(type) {
	case *[]byte:
		*into = data.Materialize()
		return nil
	case proto.Message:
		return proto.Unmarshal(data.Materialize(), into)
	default:
		return fmt.Errorf("a %T is neither bytes nor a message", value)
	}
}
