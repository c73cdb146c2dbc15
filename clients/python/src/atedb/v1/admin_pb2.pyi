from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CompactionDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMPACTION_DECISION_UNSPECIFIED: _ClassVar[CompactionDecision]
    COMPACTION_DECISION_DROPPED: _ClassVar[CompactionDecision]
    COMPACTION_DECISION_NEWEST: _ClassVar[CompactionDecision]
    COMPACTION_DECISION_YOUNG: _ClassVar[CompactionDecision]
    COMPACTION_DECISION_LAST_BATCH: _ClassVar[CompactionDecision]
    COMPACTION_DECISION_AUTHORITY: _ClassVar[CompactionDecision]
    COMPACTION_DECISION_NOT_DATA: _ClassVar[CompactionDecision]
    COMPACTION_DECISION_GONE: _ClassVar[CompactionDecision]
    COMPACTION_DECISION_EXPIRED: _ClassVar[CompactionDecision]
COMPACTION_DECISION_UNSPECIFIED: CompactionDecision
COMPACTION_DECISION_DROPPED: CompactionDecision
COMPACTION_DECISION_NEWEST: CompactionDecision
COMPACTION_DECISION_YOUNG: CompactionDecision
COMPACTION_DECISION_LAST_BATCH: CompactionDecision
COMPACTION_DECISION_AUTHORITY: CompactionDecision
COMPACTION_DECISION_NOT_DATA: CompactionDecision
COMPACTION_DECISION_GONE: CompactionDecision
COMPACTION_DECISION_EXPIRED: CompactionDecision

class CompactChainRequest(_message.Message):
    __slots__ = ("chain_key", "dry_run")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    dry_run: bool
    def __init__(self, chain_key: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class CompactChainResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: CompactionProgress
    result: CompactionResult
    def __init__(self, progress: _Optional[_Union[CompactionProgress, _Mapping]] = ..., result: _Optional[_Union[CompactionResult, _Mapping]] = ...) -> None: ...

class CompactionProgress(_message.Message):
    __slots__ = ("done_bytes", "all_bytes")
    DONE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ALL_BYTES_FIELD_NUMBER: _ClassVar[int]
    done_bytes: int
    all_bytes: int
    def __init__(self, done_bytes: _Optional[int] = ..., all_bytes: _Optional[int] = ...) -> None: ...

class DecidedEvents(_message.Message):
    __slots__ = ("decision", "events", "bytes")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    decision: CompactionDecision
    events: int
    bytes: int
    def __init__(self, decision: _Optional[_Union[CompactionDecision, str]] = ..., events: _Optional[int] = ..., bytes: _Optional[int] = ...) -> None: ...

class CompactedSegment(_message.Message):
    __slots__ = ("segment", "bytes_before", "bytes_after")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    BYTES_BEFORE_FIELD_NUMBER: _ClassVar[int]
    BYTES_AFTER_FIELD_NUMBER: _ClassVar[int]
    segment: int
    bytes_before: int
    bytes_after: int
    def __init__(self, segment: _Optional[int] = ..., bytes_before: _Optional[int] = ..., bytes_after: _Optional[int] = ...) -> None: ...

class CompactionResult(_message.Message):
    __slots__ = ("dry_run", "bytes_before", "bytes_after", "decided", "segments", "active_dead_bytes", "use", "duration_ms", "snapshot")
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    BYTES_BEFORE_FIELD_NUMBER: _ClassVar[int]
    BYTES_AFTER_FIELD_NUMBER: _ClassVar[int]
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_DEAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    dry_run: bool
    bytes_before: int
    bytes_after: int
    decided: _containers.RepeatedCompositeFieldContainer[DecidedEvents]
    segments: _containers.RepeatedCompositeFieldContainer[CompactedSegment]
    active_dead_bytes: int
    use: ChainUse
    duration_ms: int
    snapshot: SnapshotResult
    def __init__(self, dry_run: _Optional[bool] = ..., bytes_before: _Optional[int] = ..., bytes_after: _Optional[int] = ..., decided: _Optional[_Iterable[_Union[DecidedEvents, _Mapping]]] = ..., segments: _Optional[_Iterable[_Union[CompactedSegment, _Mapping]]] = ..., active_dead_bytes: _Optional[int] = ..., use: _Optional[_Union[ChainUse, _Mapping]] = ..., duration_ms: _Optional[int] = ..., snapshot: _Optional[_Union[SnapshotResult, _Mapping]] = ...) -> None: ...

class SnapshotResult(_message.Message):
    __slots__ = ("sequence", "events", "refused")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    events: int
    refused: str
    def __init__(self, sequence: _Optional[int] = ..., events: _Optional[int] = ..., refused: _Optional[str] = ...) -> None: ...

class ChainUse(_message.Message):
    __slots__ = ("log_bytes", "data_bytes", "live_bytes", "dead_bytes", "kept_bytes", "counted_unix_ms")
    LOG_BYTES_FIELD_NUMBER: _ClassVar[int]
    DATA_BYTES_FIELD_NUMBER: _ClassVar[int]
    LIVE_BYTES_FIELD_NUMBER: _ClassVar[int]
    DEAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    KEPT_BYTES_FIELD_NUMBER: _ClassVar[int]
    COUNTED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    log_bytes: int
    data_bytes: int
    live_bytes: int
    dead_bytes: int
    kept_bytes: int
    counted_unix_ms: int
    def __init__(self, log_bytes: _Optional[int] = ..., data_bytes: _Optional[int] = ..., live_bytes: _Optional[int] = ..., dead_bytes: _Optional[int] = ..., kept_bytes: _Optional[int] = ..., counted_unix_ms: _Optional[int] = ...) -> None: ...

class GetChainStatisticsRequest(_message.Message):
    __slots__ = ("chain_key",)
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    def __init__(self, chain_key: _Optional[str] = ...) -> None: ...

class GetChainStatisticsResponse(_message.Message):
    __slots__ = ("chain_key", "chain_id", "use", "segments", "rewritten_segments", "compacted_unix_ms", "compacted_bytes")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    REWRITTEN_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    COMPACTED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    COMPACTED_BYTES_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    use: ChainUse
    segments: int
    rewritten_segments: int
    compacted_unix_ms: int
    compacted_bytes: int
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., use: _Optional[_Union[ChainUse, _Mapping]] = ..., segments: _Optional[int] = ..., rewritten_segments: _Optional[int] = ..., compacted_unix_ms: _Optional[int] = ..., compacted_bytes: _Optional[int] = ...) -> None: ...
