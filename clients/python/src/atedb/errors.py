"""The one error class, and the reasons that programs branch on."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused or failed: `atedb.v1.ErrorReason` without its prefix.

    The schema (`errors.proto`) says of each what causes it, and what to do. A test holds both lists together.
    """

    REQUEST_INVALID = "REQUEST_INVALID"
    CHAIN_KEY_INVALID = "CHAIN_KEY_INVALID"
    NON_CANONICAL = "NON_CANONICAL"
    BATCH_INVALID = "BATCH_INVALID"
    HASH_MISMATCH = "HASH_MISMATCH"
    GENESIS_INVALID = "GENESIS_INVALID"
    UNSUPPORTED = "UNSUPPORTED"
    DATA_TOO_LARGE = "DATA_TOO_LARGE"
    TOO_MANY_EVENTS = "TOO_MANY_EVENTS"
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    TOO_MANY_CHAINS = "TOO_MANY_CHAINS"
    TOO_MANY_UPLOADS = "TOO_MANY_UPLOADS"
    READER_TOO_SLOW = "READER_TOO_SLOW"
    REQUEST_TOO_SLOW = "REQUEST_TOO_SLOW"
    TOO_MANY_KEYS = "TOO_MANY_KEYS"
    TOO_MANY_LOCKS = "TOO_MANY_LOCKS"
    TOO_MANY_HANDSHAKES = "TOO_MANY_HANDSHAKES"
    CHAIN_NOT_FOUND = "CHAIN_NOT_FOUND"
    CHAIN_EXISTS = "CHAIN_EXISTS"
    CHAIN_ID_MISMATCH = "CHAIN_ID_MISMATCH"
    TRUST_MODE_MISMATCH = "TRUST_MODE_MISMATCH"
    SERVER_IDENTITY_MISMATCH = "SERVER_IDENTITY_MISMATCH"
    CHAIN_DELETED = "CHAIN_DELETED"
    CHAIN_NOT_PRIVATE = "CHAIN_NOT_PRIVATE"
    SERVER_IDENTITY_CHANGED = "SERVER_IDENTITY_CHANGED"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    KEY_NOT_ALLOWED = "KEY_NOT_ALLOWED"
    LOCAL_ONLY = "LOCAL_ONLY"
    KEY_NOT_PROVEN = "KEY_NOT_PROVEN"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    KEY_REVOKED = "KEY_REVOKED"
    CHAIN_PRIVATE = "CHAIN_PRIVATE"
    WRITER_FORKED = "WRITER_FORKED"
    COUNTER_GAP = "COUNTER_GAP"
    PREDECESSOR_REJECTED = "PREDECESSOR_REJECTED"
    WRITER_TAKEN_OVER = "WRITER_TAKEN_OVER"
    AS_OF_INVALID = "AS_OF_INVALID"
    PRECONDITION_FAILED = "PRECONDITION_FAILED"
    PARENT_INVALID = "PARENT_INVALID"
    READ_RULE_MISMATCH = "READ_RULE_MISMATCH"
    LOCK_HELD = "LOCK_HELD"
    LEASE_LOST = "LEASE_LOST"
    SEQUENCE_OUT_OF_RANGE = "SEQUENCE_OUT_OF_RANGE"
    EVENT_NOT_FOUND = "EVENT_NOT_FOUND"
    CHAIN_DAMAGED = "CHAIN_DAMAGED"
    STORAGE_FAILED = "STORAGE_FAILED"
    CHAIN_READ_ONLY = "CHAIN_READ_ONLY"
    FORMAT_TOO_NEW = "FORMAT_TOO_NEW"
    SERVER_DRAINING = "SERVER_DRAINING"
    INTERNAL = "INTERNAL"
    TLS_REQUIRED = "TLS_REQUIRED"
    WIRE_REQUIRED = "WIRE_REQUIRED"
    WIRE_HANDSHAKE_FAILED = "WIRE_HANDSHAKE_FAILED"
    WIRE_SHARE_MISSING = "WIRE_SHARE_MISSING"
    WIRE_SESSION_UNKNOWN = "WIRE_SESSION_UNKNOWN"
    WIRE_CALL_REPLAYED = "WIRE_CALL_REPLAYED"
    WIRE_FRAME_INVALID = "WIRE_FRAME_INVALID"
    WIRE_TRUNCATED = "WIRE_TRUNCATED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    VERIFICATION_FAILED = "VERIFICATION_FAILED"
    HEAD_CONFLICT = "HEAD_CONFLICT"
    WRITER_AHEAD = "WRITER_AHEAD"
    CONNECTION_FAILED = "CONNECTION_FAILED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    READ_KEY_MISSING = "READ_KEY_MISSING"
    NOT_ATTESTED = "NOT_ATTESTED"
    TLS_FAILED = "TLS_FAILED"
    WIRE_NOT_REQUIRED = "WIRE_NOT_REQUIRED"
    WIRE_MISSING = "WIRE_MISSING"


class AtedbError(Exception):
    """A refusal or a failure with a stable reason. Branch on `reason`, never on the message."""

    reason: Reason
    metadata: Mapping[str, str]
    """Names and values that the error is about. Never a secret."""

    def __init__(self, reason: Reason, message: str, *, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.metadata = dict(metadata or {})

    @property
    def message(self) -> str:
        """What went wrong, in words for people."""
        return str(self.args[0])

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"

    def __repr__(self) -> str:
        return f"AtedbError({self.reason!r}, {self.message!r})"


def invalid(field: str, why: str) -> AtedbError:
    """Make the refusal of an argument: REQUEST_INVALID, naming it."""
    return AtedbError(Reason.REQUEST_INVALID, f"{field}: {why}", metadata={"field": field})
