from atedb.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TreeHead(_message.Message):
    __slots__ = ("size", "root")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    size: int
    root: bytes
    def __init__(self, size: _Optional[int] = ..., root: _Optional[bytes] = ...) -> None: ...

class CommitHeader(_message.Message):
    __slots__ = ("magic", "commit", "first_sequence", "events", "time_unix_ms", "seal_hash")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    SEAL_HASH_FIELD_NUMBER: _ClassVar[int]
    magic: int
    commit: int
    first_sequence: int
    events: int
    time_unix_ms: int
    seal_hash: bytes
    def __init__(self, magic: _Optional[int] = ..., commit: _Optional[int] = ..., first_sequence: _Optional[int] = ..., events: _Optional[int] = ..., time_unix_ms: _Optional[int] = ..., seal_hash: _Optional[bytes] = ...) -> None: ...

class Commit(_message.Message):
    __slots__ = ("header", "tree_root", "batch_bytes", "durable_offset", "crc32")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    TREE_ROOT_FIELD_NUMBER: _ClassVar[int]
    BATCH_BYTES_FIELD_NUMBER: _ClassVar[int]
    DURABLE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    header: bytes
    tree_root: bytes
    batch_bytes: int
    durable_offset: int
    crc32: int
    def __init__(self, header: _Optional[bytes] = ..., tree_root: _Optional[bytes] = ..., batch_bytes: _Optional[int] = ..., durable_offset: _Optional[int] = ..., crc32: _Optional[int] = ...) -> None: ...

class Gap(_message.Message):
    __slots__ = ("commits", "events", "hashes", "snapshot", "size", "before", "gone_from", "last_from", "last_end")
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    HASHES_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    GONE_FROM_FIELD_NUMBER: _ClassVar[int]
    LAST_FROM_FIELD_NUMBER: _ClassVar[int]
    LAST_END_FIELD_NUMBER: _ClassVar[int]
    commits: int
    events: int
    hashes: bytes
    snapshot: int
    size: int
    before: bytes
    gone_from: int
    last_from: int
    last_end: int
    def __init__(self, commits: _Optional[int] = ..., events: _Optional[int] = ..., hashes: _Optional[bytes] = ..., snapshot: _Optional[int] = ..., size: _Optional[int] = ..., before: _Optional[bytes] = ..., gone_from: _Optional[int] = ..., last_from: _Optional[int] = ..., last_end: _Optional[int] = ...) -> None: ...

class SegmentHeader(_message.Message):
    __slots__ = ("magic", "chain_id", "segment", "first_commit", "first_sequence", "frontier", "previous_sha256", "generation", "original_sha256", "crc32")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    FIRST_COMMIT_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FRONTIER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SHA256_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_SHA256_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    magic: int
    chain_id: bytes
    segment: int
    first_commit: int
    first_sequence: int
    frontier: _containers.RepeatedScalarFieldContainer[bytes]
    previous_sha256: bytes
    generation: int
    original_sha256: bytes
    crc32: int
    def __init__(self, magic: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., segment: _Optional[int] = ..., first_commit: _Optional[int] = ..., first_sequence: _Optional[int] = ..., frontier: _Optional[_Iterable[bytes]] = ..., previous_sha256: _Optional[bytes] = ..., generation: _Optional[int] = ..., original_sha256: _Optional[bytes] = ..., crc32: _Optional[int] = ...) -> None: ...

class SegmentFooter(_message.Message):
    __slots__ = ("magic", "durable_offset", "next_commit", "next_sequence", "tree_root", "crc32")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    DURABLE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    NEXT_COMMIT_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TREE_ROOT_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    magic: int
    durable_offset: int
    next_commit: int
    next_sequence: int
    tree_root: bytes
    crc32: int
    def __init__(self, magic: _Optional[int] = ..., durable_offset: _Optional[int] = ..., next_commit: _Optional[int] = ..., next_sequence: _Optional[int] = ..., tree_root: _Optional[bytes] = ..., crc32: _Optional[int] = ...) -> None: ...

class LogSegment(_message.Message):
    __slots__ = ("events", "seals", "commits", "header", "gaps", "footer")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SEALS_FIELD_NUMBER: _ClassVar[int]
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    FOOTER_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.Event]
    seals: _containers.RepeatedCompositeFieldContainer[_event_pb2.Seal]
    commits: _containers.RepeatedCompositeFieldContainer[Commit]
    header: SegmentHeader
    gaps: _containers.RepeatedCompositeFieldContainer[Gap]
    footer: SegmentFooter
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.Event, _Mapping]]] = ..., seals: _Optional[_Iterable[_Union[_event_pb2.Seal, _Mapping]]] = ..., commits: _Optional[_Iterable[_Union[Commit, _Mapping]]] = ..., header: _Optional[_Union[SegmentHeader, _Mapping]] = ..., gaps: _Optional[_Iterable[_Union[Gap, _Mapping]]] = ..., footer: _Optional[_Union[SegmentFooter, _Mapping]] = ...) -> None: ...

class ManifestSegment(_message.Message):
    __slots__ = ("segment", "first_commit", "first_sequence", "bytes", "sha256", "generation", "original_sha256")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    FIRST_COMMIT_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_SHA256_FIELD_NUMBER: _ClassVar[int]
    segment: int
    first_commit: int
    first_sequence: int
    bytes: int
    sha256: bytes
    generation: int
    original_sha256: bytes
    def __init__(self, segment: _Optional[int] = ..., first_commit: _Optional[int] = ..., first_sequence: _Optional[int] = ..., bytes: _Optional[int] = ..., sha256: _Optional[bytes] = ..., generation: _Optional[int] = ..., original_sha256: _Optional[bytes] = ...) -> None: ...

class Manifest(_message.Message):
    __slots__ = ("magic", "chain_id", "segments", "snapshot", "compacted_bytes", "compacted_unix_ms", "snapshot_done", "forgotten_before", "crc32")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    COMPACTED_BYTES_FIELD_NUMBER: _ClassVar[int]
    COMPACTED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_DONE_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    magic: int
    chain_id: bytes
    segments: _containers.RepeatedCompositeFieldContainer[ManifestSegment]
    snapshot: int
    compacted_bytes: int
    compacted_unix_ms: int
    snapshot_done: int
    forgotten_before: int
    crc32: int
    def __init__(self, magic: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., segments: _Optional[_Iterable[_Union[ManifestSegment, _Mapping]]] = ..., snapshot: _Optional[int] = ..., compacted_bytes: _Optional[int] = ..., compacted_unix_ms: _Optional[int] = ..., snapshot_done: _Optional[int] = ..., forgotten_before: _Optional[int] = ..., crc32: _Optional[int] = ...) -> None: ...

class SegmentIndex(_message.Message):
    __slots__ = ("magic", "chain_id", "segment", "end_offset", "offsets", "commits", "sequences", "times_unix_ms", "crc32")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    END_OFFSET_FIELD_NUMBER: _ClassVar[int]
    OFFSETS_FIELD_NUMBER: _ClassVar[int]
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCES_FIELD_NUMBER: _ClassVar[int]
    TIMES_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    magic: int
    chain_id: bytes
    segment: int
    end_offset: int
    offsets: _containers.RepeatedScalarFieldContainer[int]
    commits: _containers.RepeatedScalarFieldContainer[int]
    sequences: _containers.RepeatedScalarFieldContainer[int]
    times_unix_ms: _containers.RepeatedScalarFieldContainer[int]
    crc32: int
    def __init__(self, magic: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., segment: _Optional[int] = ..., end_offset: _Optional[int] = ..., offsets: _Optional[_Iterable[int]] = ..., commits: _Optional[_Iterable[int]] = ..., sequences: _Optional[_Iterable[int]] = ..., times_unix_ms: _Optional[_Iterable[int]] = ..., crc32: _Optional[int] = ...) -> None: ...

class KeysHeader(_message.Message):
    __slots__ = ("magic", "chain_id", "segment", "segment_sha256", "first_sequence", "keys", "writers", "filter_salt", "first_keys", "data_bytes", "kept_bytes", "places", "crc32")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_SHA256_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    WRITERS_FIELD_NUMBER: _ClassVar[int]
    FILTER_SALT_FIELD_NUMBER: _ClassVar[int]
    FIRST_KEYS_FIELD_NUMBER: _ClassVar[int]
    DATA_BYTES_FIELD_NUMBER: _ClassVar[int]
    KEPT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    magic: int
    chain_id: bytes
    segment: int
    segment_sha256: bytes
    first_sequence: int
    keys: int
    writers: _containers.RepeatedScalarFieldContainer[bytes]
    filter_salt: bytes
    first_keys: bytes
    data_bytes: int
    kept_bytes: int
    places: PlacesHeader
    crc32: int
    def __init__(self, magic: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., segment: _Optional[int] = ..., segment_sha256: _Optional[bytes] = ..., first_sequence: _Optional[int] = ..., keys: _Optional[int] = ..., writers: _Optional[_Iterable[bytes]] = ..., filter_salt: _Optional[bytes] = ..., first_keys: _Optional[bytes] = ..., data_bytes: _Optional[int] = ..., kept_bytes: _Optional[int] = ..., places: _Optional[_Union[PlacesHeader, _Mapping]] = ..., crc32: _Optional[int] = ...) -> None: ...

class PlacesHeader(_message.Message):
    __slots__ = ("rows", "parents", "moves", "first_rows")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    PARENTS_FIELD_NUMBER: _ClassVar[int]
    MOVES_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: int
    parents: int
    moves: int
    first_rows: bytes
    def __init__(self, rows: _Optional[int] = ..., parents: _Optional[int] = ..., moves: _Optional[int] = ..., first_rows: _Optional[bytes] = ...) -> None: ...

class SegmentKeys(_message.Message):
    __slots__ = ("header", "pages")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PAGES_FIELD_NUMBER: _ClassVar[int]
    header: KeysHeader
    pages: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, header: _Optional[_Union[KeysHeader, _Mapping]] = ..., pages: _Optional[_Iterable[bytes]] = ...) -> None: ...

class RecentAnswer(_message.Message):
    __slots__ = ("seal_hash", "commit_header")
    SEAL_HASH_FIELD_NUMBER: _ClassVar[int]
    COMMIT_HEADER_FIELD_NUMBER: _ClassVar[int]
    seal_hash: bytes
    commit_header: bytes
    def __init__(self, seal_hash: _Optional[bytes] = ..., commit_header: _Optional[bytes] = ...) -> None: ...

class WriterSnapshot(_message.Message):
    __slots__ = ("writer_id", "next_counter", "last_commit", "end_sequence", "as_of_size", "recent")
    WRITER_ID_FIELD_NUMBER: _ClassVar[int]
    NEXT_COUNTER_FIELD_NUMBER: _ClassVar[int]
    LAST_COMMIT_FIELD_NUMBER: _ClassVar[int]
    END_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_SIZE_FIELD_NUMBER: _ClassVar[int]
    RECENT_FIELD_NUMBER: _ClassVar[int]
    writer_id: bytes
    next_counter: int
    last_commit: int
    end_sequence: int
    as_of_size: int
    recent: _containers.RepeatedCompositeFieldContainer[RecentAnswer]
    def __init__(self, writer_id: _Optional[bytes] = ..., next_counter: _Optional[int] = ..., last_commit: _Optional[int] = ..., end_sequence: _Optional[int] = ..., as_of_size: _Optional[int] = ..., recent: _Optional[_Iterable[_Union[RecentAnswer, _Mapping]]] = ...) -> None: ...

class ChangedKey(_message.Message):
    __slots__ = ("fingerprint", "current")
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    fingerprint: bytes
    current: bytes
    def __init__(self, fingerprint: _Optional[bytes] = ..., current: _Optional[bytes] = ...) -> None: ...

class ObjectSnapshot(_message.Message):
    __slots__ = ("primary_key", "parent", "rules", "removed", "kept")
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    primary_key: bytes
    parent: bytes
    rules: _event_pb2.Authorisation
    removed: bool
    kept: bool
    def __init__(self, primary_key: _Optional[bytes] = ..., parent: _Optional[bytes] = ..., rules: _Optional[_Union[_event_pb2.Authorisation, _Mapping]] = ..., removed: _Optional[bool] = ..., kept: _Optional[bool] = ...) -> None: ...

class OwnerSnapshot(_message.Message):
    __slots__ = ("owner", "identity", "version", "issued_unix_ms", "expires_unix_ms", "writers", "admitted", "unverified", "removed")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ISSUED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    WRITERS_FIELD_NUMBER: _ClassVar[int]
    ADMITTED_FIELD_NUMBER: _ClassVar[int]
    UNVERIFIED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    owner: str
    identity: _event_pb2.PublicKey
    version: int
    issued_unix_ms: int
    expires_unix_ms: int
    writers: _containers.RepeatedScalarFieldContainer[bytes]
    admitted: _containers.RepeatedScalarFieldContainer[bytes]
    unverified: bool
    removed: bool
    def __init__(self, owner: _Optional[str] = ..., identity: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., version: _Optional[int] = ..., issued_unix_ms: _Optional[int] = ..., expires_unix_ms: _Optional[int] = ..., writers: _Optional[_Iterable[bytes]] = ..., admitted: _Optional[_Iterable[bytes]] = ..., unverified: _Optional[bool] = ..., removed: _Optional[bool] = ...) -> None: ...

class KnownDelegation(_message.Message):
    __slots__ = ("subject", "issuer", "serial", "may_write", "not_before_unix_ms", "expires_unix_ms")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    MAY_WRITE_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    subject: bytes
    issuer: bytes
    serial: bytes
    may_write: bool
    not_before_unix_ms: int
    expires_unix_ms: int
    def __init__(self, subject: _Optional[bytes] = ..., issuer: _Optional[bytes] = ..., serial: _Optional[bytes] = ..., may_write: _Optional[bool] = ..., not_before_unix_ms: _Optional[int] = ..., expires_unix_ms: _Optional[int] = ...) -> None: ...

class AuthoritySnapshot(_message.Message):
    __slots__ = ("roots", "keys", "changed", "root_rules", "objects", "confidential", "private", "server_identity", "owner", "horizon", "snapshot", "delegations")
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    ROOT_RULES_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENTIAL_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_FIELD_NUMBER: _ClassVar[int]
    SERVER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    HORIZON_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    DELEGATIONS_FIELD_NUMBER: _ClassVar[int]
    roots: _containers.RepeatedCompositeFieldContainer[_event_pb2.PublicKey]
    keys: _containers.RepeatedCompositeFieldContainer[_event_pb2.PublicKey]
    changed: _containers.RepeatedCompositeFieldContainer[ChangedKey]
    root_rules: _event_pb2.Authorisation
    objects: _containers.RepeatedCompositeFieldContainer[ObjectSnapshot]
    confidential: bool
    private: bool
    server_identity: _event_pb2.PublicKey
    owner: OwnerSnapshot
    horizon: int
    snapshot: int
    delegations: _containers.RepeatedCompositeFieldContainer[KnownDelegation]
    def __init__(self, roots: _Optional[_Iterable[_Union[_event_pb2.PublicKey, _Mapping]]] = ..., keys: _Optional[_Iterable[_Union[_event_pb2.PublicKey, _Mapping]]] = ..., changed: _Optional[_Iterable[_Union[ChangedKey, _Mapping]]] = ..., root_rules: _Optional[_Union[_event_pb2.Authorisation, _Mapping]] = ..., objects: _Optional[_Iterable[_Union[ObjectSnapshot, _Mapping]]] = ..., confidential: _Optional[bool] = ..., private: _Optional[bool] = ..., server_identity: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., owner: _Optional[_Union[OwnerSnapshot, _Mapping]] = ..., horizon: _Optional[int] = ..., snapshot: _Optional[int] = ..., delegations: _Optional[_Iterable[_Union[KnownDelegation, _Mapping]]] = ...) -> None: ...

class StateSnapshot(_message.Message):
    __slots__ = ("magic", "chain_id", "next_commit", "next_sequence", "time_unix_ms", "genesis", "writers", "authority", "crc32")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    NEXT_COMMIT_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    GENESIS_FIELD_NUMBER: _ClassVar[int]
    WRITERS_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    magic: int
    chain_id: bytes
    next_commit: int
    next_sequence: int
    time_unix_ms: int
    genesis: LogSegment
    writers: _containers.RepeatedCompositeFieldContainer[WriterSnapshot]
    authority: AuthoritySnapshot
    crc32: int
    def __init__(self, magic: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., next_commit: _Optional[int] = ..., next_sequence: _Optional[int] = ..., time_unix_ms: _Optional[int] = ..., genesis: _Optional[_Union[LogSegment, _Mapping]] = ..., writers: _Optional[_Iterable[_Union[WriterSnapshot, _Mapping]]] = ..., authority: _Optional[_Union[AuthoritySnapshot, _Mapping]] = ..., crc32: _Optional[int] = ...) -> None: ...

class LockTokens(_message.Message):
    __slots__ = ("magic", "chain_id", "next_token", "crc32")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    NEXT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    magic: int
    chain_id: bytes
    next_token: int
    crc32: int
    def __init__(self, magic: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., next_token: _Optional[int] = ..., crc32: _Optional[int] = ...) -> None: ...

class Erasures(_message.Message):
    __slots__ = ("magic", "chain_id", "done_before", "pending", "crc32")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    DONE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    magic: int
    chain_id: bytes
    done_before: int
    pending: bool
    crc32: int
    def __init__(self, magic: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., done_before: _Optional[int] = ..., pending: _Optional[bool] = ..., crc32: _Optional[int] = ...) -> None: ...
