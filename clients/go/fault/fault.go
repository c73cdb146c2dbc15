// Package fault has the errors of atedb: one type, and for each a stable reason that is the same in every language.
//
// Branch on the reason, never on the message:
//
//	if errors.Is(err, fault.ChainNotFound) { … }
//
//	var f *fault.Error
//	if errors.As(err, &f) { fmt.Println(f.Reason, f.Metadata) }
package fault

import (
	"errors"
	"fmt"
	"strings"

	atedbv1 "atedb.example/go/gen/atedb/v1"
)

// A Reason says why something was refused or failed. It is a name of atedb.v1.ErrorReason without its prefix; the schema says of
// each what causes it, and what to do. A Reason is an error itself, so that errors.Is takes one.
type Reason string

// Error returns the name.
func (r Reason) Error() string { return string(r) }

const enumPrefix = "ERROR_REASON_"

// Known reports whether this version knows the reason.
func (r Reason) Known() bool {
	number, ok := atedbv1.ErrorReason_value[enumPrefix+string(r)]
	return ok && number != 0
}

// ReasonOf gives the reason of a number of atedb.v1.ErrorReason; Internal for one that this version doesn't know.
func ReasonOf(number atedbv1.ErrorReason) Reason {
	name, ok := atedbv1.ErrorReason_name[int32(number)]
	if !ok || number == 0 {
		return Internal
	}
	return Reason(strings.TrimPrefix(name, enumPrefix))
}

// An Error is a refusal or a failure. Defects of a program are not these: they panic.
type Error struct {
	// Reason is what programs branch on.
	Reason Reason
	// Message says what was wrong, with which value, and what to do. For people.
	Message string
	// Metadata has names and values that the error is about. Never a secret.
	Metadata map[string]string
	// Cause is what went wrong below; nil for nothing.
	Cause error
}

// Error returns the reason and the message.
func (e *Error) Error() string { return string(e.Reason) + ": " + e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is the reason of the error.
func (e *Error) Is(target error) bool {
	reason, ok := target.(Reason)
	return ok && reason == e.Reason
}

// With returns the error with one more entry of metadata.
func (e *Error) With(name, value string) *Error {
	if e.Metadata == nil {
		e.Metadata = map[string]string{}
	}
	e.Metadata[name] = value
	return e
}

// From returns the error with a cause.
func (e *Error) From(cause error) *Error {
	e.Cause = cause
	return e
}

// New makes an error; format and args are those of fmt.Sprintf.
func New(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Of finds the Error in a chain of errors; nil where there is none.
func Of(err error) *Error {
	var found *Error
	if errors.As(err, &found) {
		return found
	}
	return nil
}

// Text is the message of an error without its reason, for use within another message.
func Text(err error) string {
	if found, ok := err.(*Error); ok {
		return found.Message
	}
	return err.Error()
}
