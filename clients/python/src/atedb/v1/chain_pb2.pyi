from atedb.v1 import checkpoint_pb2 as _checkpoint_pb2
from atedb.v1 import errors_pb2 as _errors_pb2
from atedb.v1 import event_pb2 as _event_pb2
from atedb.v1 import identity_pb2 as _identity_pb2
from atedb.v1 import log_pb2 as _log_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ChainHealth(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHAIN_HEALTH_UNSPECIFIED: _ClassVar[ChainHealth]
    CHAIN_HEALTH_GOOD: _ClassVar[ChainHealth]
    CHAIN_HEALTH_READ_ONLY: _ClassVar[ChainHealth]
CHAIN_HEALTH_UNSPECIFIED: ChainHealth
CHAIN_HEALTH_GOOD: ChainHealth
CHAIN_HEALTH_READ_ONLY: ChainHealth

class OpenChainRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "known_size", "for_append", "writer_id", "known_identity", "wishes")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    KNOWN_SIZE_FIELD_NUMBER: _ClassVar[int]
    FOR_APPEND_FIELD_NUMBER: _ClassVar[int]
    WRITER_ID_FIELD_NUMBER: _ClassVar[int]
    KNOWN_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    WISHES_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    known_size: int
    for_append: bool
    writer_id: bytes
    known_identity: bytes
    wishes: GenesisWishes
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., known_size: _Optional[int] = ..., for_append: _Optional[bool] = ..., writer_id: _Optional[bytes] = ..., known_identity: _Optional[bytes] = ..., wishes: _Optional[_Union[GenesisWishes, _Mapping]] = ...) -> None: ...

class GenesisWishes(_message.Message):
    __slots__ = ("private", "confidential")
    PRIVATE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENTIAL_FIELD_NUMBER: _ClassVar[int]
    private: bool
    confidential: bool
    def __init__(self, private: _Optional[bool] = ..., confidential: _Optional[bool] = ...) -> None: ...

class WriterState(_message.Message):
    __slots__ = ("next_counter", "last_seal")
    NEXT_COUNTER_FIELD_NUMBER: _ClassVar[int]
    LAST_SEAL_FIELD_NUMBER: _ClassVar[int]
    next_counter: int
    last_seal: _event_pb2.Seal
    def __init__(self, next_counter: _Optional[int] = ..., last_seal: _Optional[_Union[_event_pb2.Seal, _Mapping]] = ...) -> None: ...

class ChainDamage(_message.Message):
    __slots__ = ("file", "offset", "what", "first_sequence", "last_sequence")
    FILE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    file: str
    offset: int
    what: str
    first_sequence: int
    last_sequence: int
    def __init__(self, file: _Optional[str] = ..., offset: _Optional[int] = ..., what: _Optional[str] = ..., first_sequence: _Optional[int] = ..., last_sequence: _Optional[int] = ...) -> None: ...

class OpenChainResponse(_message.Message):
    __slots__ = ("server_identity", "trust_mode", "genesis", "head", "next_sequence", "consistency", "writer", "trouble", "damages", "checkpoint_keys", "checkpoint", "checkpoint_consistency", "identity_rotations", "offer")
    SERVER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    TRUST_MODE_FIELD_NUMBER: _ClassVar[int]
    GENESIS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    WRITER_FIELD_NUMBER: _ClassVar[int]
    TROUBLE_FIELD_NUMBER: _ClassVar[int]
    DAMAGES_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_KEYS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_ROTATIONS_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    server_identity: _event_pb2.PublicKey
    trust_mode: _event_pb2.TrustMode
    genesis: _log_pb2.LogSegment
    head: _log_pb2.TreeHead
    next_sequence: int
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    writer: WriterState
    trouble: str
    damages: _containers.RepeatedCompositeFieldContainer[ChainDamage]
    checkpoint_keys: _checkpoint_pb2.CheckpointKeys
    checkpoint: str
    checkpoint_consistency: _containers.RepeatedScalarFieldContainer[bytes]
    identity_rotations: _containers.RepeatedCompositeFieldContainer[_identity_pb2.IdentityRotation]
    offer: _log_pb2.LogSegment
    def __init__(self, server_identity: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., trust_mode: _Optional[_Union[_event_pb2.TrustMode, str]] = ..., genesis: _Optional[_Union[_log_pb2.LogSegment, _Mapping]] = ..., head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., next_sequence: _Optional[int] = ..., consistency: _Optional[_Iterable[bytes]] = ..., writer: _Optional[_Union[WriterState, _Mapping]] = ..., trouble: _Optional[str] = ..., damages: _Optional[_Iterable[_Union[ChainDamage, _Mapping]]] = ..., checkpoint_keys: _Optional[_Union[_checkpoint_pb2.CheckpointKeys, _Mapping]] = ..., checkpoint: _Optional[str] = ..., checkpoint_consistency: _Optional[_Iterable[bytes]] = ..., identity_rotations: _Optional[_Iterable[_Union[_identity_pb2.IdentityRotation, _Mapping]]] = ..., offer: _Optional[_Union[_log_pb2.LogSegment, _Mapping]] = ...) -> None: ...

class TicketProof(_message.Message):
    __slots__ = ("signature",)
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    signature: _event_pb2.Signature
    def __init__(self, signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ...) -> None: ...

class GetTicketRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "key", "proof", "delegations", "issuer")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    DELEGATIONS_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    key: _event_pb2.PublicKey
    proof: TicketProof
    delegations: _containers.RepeatedScalarFieldContainer[bytes]
    issuer: _event_pb2.PublicKey
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., proof: _Optional[_Union[TicketProof, _Mapping]] = ..., delegations: _Optional[_Iterable[bytes]] = ..., issuer: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ...) -> None: ...

class TicketChallenge(_message.Message):
    __slots__ = ("conversation_id", "chain_id", "server_identity", "identity_rotations")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_ROTATIONS_FIELD_NUMBER: _ClassVar[int]
    conversation_id: bytes
    chain_id: bytes
    server_identity: _event_pb2.PublicKey
    identity_rotations: _containers.RepeatedCompositeFieldContainer[_identity_pb2.IdentityRotation]
    def __init__(self, conversation_id: _Optional[bytes] = ..., chain_id: _Optional[bytes] = ..., server_identity: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., identity_rotations: _Optional[_Iterable[_Union[_identity_pb2.IdentityRotation, _Mapping]]] = ...) -> None: ...

class Ticket(_message.Message):
    __slots__ = ("ticket", "valid_ms")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    VALID_MS_FIELD_NUMBER: _ClassVar[int]
    ticket: bytes
    valid_ms: int
    def __init__(self, ticket: _Optional[bytes] = ..., valid_ms: _Optional[int] = ...) -> None: ...

class GetTicketResponse(_message.Message):
    __slots__ = ("challenge", "ticket")
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    TICKET_FIELD_NUMBER: _ClassVar[int]
    challenge: TicketChallenge
    ticket: Ticket
    def __init__(self, challenge: _Optional[_Union[TicketChallenge, _Mapping]] = ..., ticket: _Optional[_Union[Ticket, _Mapping]] = ...) -> None: ...

class DescribeChainRequest(_message.Message):
    __slots__ = ("chain_key",)
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    def __init__(self, chain_key: _Optional[str] = ...) -> None: ...

class DescribeChainResponse(_message.Message):
    __slots__ = ("chain_key", "chain_id", "trust_mode", "roots", "created_unix_ms", "head", "next_sequence", "last_commit_unix_ms", "log_bytes", "segments", "writers", "health", "trouble", "damages", "private", "owner", "live_bytes", "dead_bytes", "counted_unix_ms", "erasing", "chain_quota", "owner_quota", "retention", "set_aside")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    TRUST_MODE_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_COMMIT_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    LOG_BYTES_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    WRITERS_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    TROUBLE_FIELD_NUMBER: _ClassVar[int]
    DAMAGES_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    LIVE_BYTES_FIELD_NUMBER: _ClassVar[int]
    DEAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    COUNTED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    ERASING_FIELD_NUMBER: _ClassVar[int]
    CHAIN_QUOTA_FIELD_NUMBER: _ClassVar[int]
    OWNER_QUOTA_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    SET_ASIDE_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    trust_mode: _event_pb2.TrustMode
    roots: _containers.RepeatedCompositeFieldContainer[_event_pb2.PublicKey]
    created_unix_ms: int
    head: _log_pb2.TreeHead
    next_sequence: int
    last_commit_unix_ms: int
    log_bytes: int
    segments: int
    writers: int
    health: ChainHealth
    trouble: str
    damages: _containers.RepeatedCompositeFieldContainer[ChainDamage]
    private: bool
    owner: ChainOwner
    live_bytes: int
    dead_bytes: int
    counted_unix_ms: int
    erasing: bool
    chain_quota: SpaceQuota
    owner_quota: SpaceQuota
    retention: _event_pb2.RetentionRule
    set_aside: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., trust_mode: _Optional[_Union[_event_pb2.TrustMode, str]] = ..., roots: _Optional[_Iterable[_Union[_event_pb2.PublicKey, _Mapping]]] = ..., created_unix_ms: _Optional[int] = ..., head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., next_sequence: _Optional[int] = ..., last_commit_unix_ms: _Optional[int] = ..., log_bytes: _Optional[int] = ..., segments: _Optional[int] = ..., writers: _Optional[int] = ..., health: _Optional[_Union[ChainHealth, str]] = ..., trouble: _Optional[str] = ..., damages: _Optional[_Iterable[_Union[ChainDamage, _Mapping]]] = ..., private: _Optional[bool] = ..., owner: _Optional[_Union[ChainOwner, _Mapping]] = ..., live_bytes: _Optional[int] = ..., dead_bytes: _Optional[int] = ..., counted_unix_ms: _Optional[int] = ..., erasing: _Optional[bool] = ..., chain_quota: _Optional[_Union[SpaceQuota, _Mapping]] = ..., owner_quota: _Optional[_Union[SpaceQuota, _Mapping]] = ..., retention: _Optional[_Union[_event_pb2.RetentionRule, _Mapping]] = ..., set_aside: _Optional[_Iterable[str]] = ...) -> None: ...

class SpaceQuota(_message.Message):
    __slots__ = ("used_bytes", "limit_bytes")
    USED_BYTES_FIELD_NUMBER: _ClassVar[int]
    LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    used_bytes: int
    limit_bytes: int
    def __init__(self, used_bytes: _Optional[int] = ..., limit_bytes: _Optional[int] = ...) -> None: ...

class ChainOwner(_message.Message):
    __slots__ = ("owner", "auth_identity", "version", "issued_unix_ms", "expires_unix_ms", "unverified", "removed")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    AUTH_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ISSUED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    UNVERIFIED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    owner: str
    auth_identity: bytes
    version: int
    issued_unix_ms: int
    expires_unix_ms: int
    unverified: bool
    removed: bool
    def __init__(self, owner: _Optional[str] = ..., auth_identity: _Optional[bytes] = ..., version: _Optional[int] = ..., issued_unix_ms: _Optional[int] = ..., expires_unix_ms: _Optional[int] = ..., unverified: _Optional[bool] = ..., removed: _Optional[bool] = ...) -> None: ...

class ListChainsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "prefix")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    prefix: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ...) -> None: ...

class ListedChain(_message.Message):
    __slots__ = ("chain_key", "log_bytes", "open")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    LOG_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    log_bytes: int
    open: bool
    def __init__(self, chain_key: _Optional[str] = ..., log_bytes: _Optional[int] = ..., open: _Optional[bool] = ...) -> None: ...

class ListChainsResponse(_message.Message):
    __slots__ = ("chains", "next_page_token")
    CHAINS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    chains: _containers.RepeatedCompositeFieldContainer[ListedChain]
    next_page_token: str
    def __init__(self, chains: _Optional[_Iterable[_Union[ListedChain, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class KeyProof(_message.Message):
    __slots__ = ("signature",)
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    signature: _event_pb2.Signature
    def __init__(self, signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ...) -> None: ...

class AppendRequest(_message.Message):
    __slots__ = ("events", "seal", "chain_key", "proof", "attest")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SEAL_FIELD_NUMBER: _ClassVar[int]
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    ATTEST_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.Event]
    seal: _event_pb2.Seal
    chain_key: str
    proof: KeyProof
    attest: bool
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.Event, _Mapping]]] = ..., seal: _Optional[_Union[_event_pb2.Seal, _Mapping]] = ..., chain_key: _Optional[str] = ..., proof: _Optional[_Union[KeyProof, _Mapping]] = ..., attest: _Optional[bool] = ...) -> None: ...

class Committed(_message.Message):
    __slots__ = ("commit_header", "head")
    COMMIT_HEADER_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    commit_header: bytes
    head: _log_pb2.TreeHead
    def __init__(self, commit_header: _Optional[bytes] = ..., head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ...) -> None: ...

class Rejected(_message.Message):
    __slots__ = ("reason", "message", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    reason: _errors_pb2.ErrorReason
    message: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, reason: _Optional[_Union[_errors_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Conversation(_message.Message):
    __slots__ = ("conversation_id",)
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: bytes
    def __init__(self, conversation_id: _Optional[bytes] = ...) -> None: ...

class Proven(_message.Message):
    __slots__ = ("fingerprint",)
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    fingerprint: bytes
    def __init__(self, fingerprint: _Optional[bytes] = ...) -> None: ...

class Attested(_message.Message):
    __slots__ = ("checkpoint", "consistency", "inclusion")
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_FIELD_NUMBER: _ClassVar[int]
    checkpoint: str
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    inclusion: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, checkpoint: _Optional[str] = ..., consistency: _Optional[_Iterable[bytes]] = ..., inclusion: _Optional[_Iterable[bytes]] = ...) -> None: ...

class AppendResponse(_message.Message):
    __slots__ = ("seal_hash", "committed", "rejected", "conversation", "proven", "attested")
    SEAL_HASH_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    ATTESTED_FIELD_NUMBER: _ClassVar[int]
    seal_hash: bytes
    committed: Committed
    rejected: Rejected
    conversation: Conversation
    proven: Proven
    attested: Attested
    def __init__(self, seal_hash: _Optional[bytes] = ..., committed: _Optional[_Union[Committed, _Mapping]] = ..., rejected: _Optional[_Union[Rejected, _Mapping]] = ..., conversation: _Optional[_Union[Conversation, _Mapping]] = ..., proven: _Optional[_Union[Proven, _Mapping]] = ..., attested: _Optional[_Union[Attested, _Mapping]] = ...) -> None: ...

class AppendBatchRequest(_message.Message):
    __slots__ = ("events", "seal", "chain_key", "attest")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SEAL_FIELD_NUMBER: _ClassVar[int]
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    ATTEST_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.Event]
    seal: _event_pb2.Seal
    chain_key: str
    attest: bool
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.Event, _Mapping]]] = ..., seal: _Optional[_Union[_event_pb2.Seal, _Mapping]] = ..., chain_key: _Optional[str] = ..., attest: _Optional[bool] = ...) -> None: ...

class AppendBatchResponse(_message.Message):
    __slots__ = ("committed", "attested")
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    ATTESTED_FIELD_NUMBER: _ClassVar[int]
    committed: Committed
    attested: Attested
    def __init__(self, committed: _Optional[_Union[Committed, _Mapping]] = ..., attested: _Optional[_Union[Attested, _Mapping]] = ...) -> None: ...

class FromNow(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SubscribeRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "sequence", "time_unix_ms", "now", "heartbeat_ms", "data_up_to_bytes", "from_commit")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    DATA_UP_TO_BYTES_FIELD_NUMBER: _ClassVar[int]
    FROM_COMMIT_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    sequence: int
    time_unix_ms: int
    now: FromNow
    heartbeat_ms: int
    data_up_to_bytes: int
    from_commit: int
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., sequence: _Optional[int] = ..., time_unix_ms: _Optional[int] = ..., now: _Optional[_Union[FromNow, _Mapping]] = ..., heartbeat_ms: _Optional[int] = ..., data_up_to_bytes: _Optional[int] = ..., from_commit: _Optional[int] = ...) -> None: ...

class StartOfHistory(_message.Message):
    __slots__ = ("chain_id", "genesis", "head", "start_commit", "start_sequence", "frontier", "consistency")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    GENESIS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    START_COMMIT_FIELD_NUMBER: _ClassVar[int]
    START_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FRONTIER_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    chain_id: bytes
    genesis: _log_pb2.LogSegment
    head: _log_pb2.TreeHead
    start_commit: int
    start_sequence: int
    frontier: _containers.RepeatedScalarFieldContainer[bytes]
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, chain_id: _Optional[bytes] = ..., genesis: _Optional[_Union[_log_pb2.LogSegment, _Mapping]] = ..., head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., start_commit: _Optional[int] = ..., start_sequence: _Optional[int] = ..., frontier: _Optional[_Iterable[bytes]] = ..., consistency: _Optional[_Iterable[bytes]] = ...) -> None: ...

class CaughtUp(_message.Message):
    __slots__ = ("head", "next_sequence")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    head: _log_pb2.TreeHead
    next_sequence: int
    def __init__(self, head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., next_sequence: _Optional[int] = ...) -> None: ...

class FellBehind(_message.Message):
    __slots__ = ("head", "next_sequence")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    head: _log_pb2.TreeHead
    next_sequence: int
    def __init__(self, head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., next_sequence: _Optional[int] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("head", "next_sequence", "time_unix_ms")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    head: _log_pb2.TreeHead
    next_sequence: int
    time_unix_ms: int
    def __init__(self, head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., next_sequence: _Optional[int] = ..., time_unix_ms: _Optional[int] = ...) -> None: ...

class SubscribeResponse(_message.Message):
    __slots__ = ("start", "log", "caught_up", "fell_behind", "heartbeat", "checkpoint")
    START_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    CAUGHT_UP_FIELD_NUMBER: _ClassVar[int]
    FELL_BEHIND_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    start: StartOfHistory
    log: _log_pb2.LogSegment
    caught_up: CaughtUp
    fell_behind: FellBehind
    heartbeat: Heartbeat
    checkpoint: str
    def __init__(self, start: _Optional[_Union[StartOfHistory, _Mapping]] = ..., log: _Optional[_Union[_log_pb2.LogSegment, _Mapping]] = ..., caught_up: _Optional[_Union[CaughtUp, _Mapping]] = ..., fell_behind: _Optional[_Union[FellBehind, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., checkpoint: _Optional[str] = ...) -> None: ...

class ReadEventsRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "from_sequence", "end_sequence", "limit", "reverse", "data_up_to_bytes", "from_commit")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    END_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    REVERSE_FIELD_NUMBER: _ClassVar[int]
    DATA_UP_TO_BYTES_FIELD_NUMBER: _ClassVar[int]
    FROM_COMMIT_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    from_sequence: int
    end_sequence: int
    limit: int
    reverse: bool
    data_up_to_bytes: int
    from_commit: int
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., from_sequence: _Optional[int] = ..., end_sequence: _Optional[int] = ..., limit: _Optional[int] = ..., reverse: _Optional[bool] = ..., data_up_to_bytes: _Optional[int] = ..., from_commit: _Optional[int] = ...) -> None: ...

class ReadEventsResponse(_message.Message):
    __slots__ = ("start", "log", "end", "frontier")
    START_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    FRONTIER_FIELD_NUMBER: _ClassVar[int]
    start: StartOfHistory
    log: _log_pb2.LogSegment
    end: EndOfRange
    frontier: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, start: _Optional[_Union[StartOfHistory, _Mapping]] = ..., log: _Optional[_Union[_log_pb2.LogSegment, _Mapping]] = ..., end: _Optional[_Union[EndOfRange, _Mapping]] = ..., frontier: _Optional[_Iterable[bytes]] = ...) -> None: ...

class EndOfRange(_message.Message):
    __slots__ = ("end_commit", "consistency")
    END_COMMIT_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    end_commit: int
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, end_commit: _Optional[int] = ..., consistency: _Optional[_Iterable[bytes]] = ...) -> None: ...

class GetEventRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "primary_key", "sequence")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    primary_key: bytes
    sequence: int
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., primary_key: _Optional[bytes] = ..., sequence: _Optional[int] = ...) -> None: ...

class GetEventResponse(_message.Message):
    __slots__ = ("log", "sequence", "head", "inclusion")
    LOG_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_FIELD_NUMBER: _ClassVar[int]
    log: _log_pb2.LogSegment
    sequence: int
    head: _log_pb2.TreeHead
    inclusion: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, log: _Optional[_Union[_log_pb2.LogSegment, _Mapping]] = ..., sequence: _Optional[int] = ..., head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., inclusion: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ChildPosition(_message.Message):
    __slots__ = ("collection", "primary_key")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    collection: bytes
    primary_key: bytes
    def __init__(self, collection: _Optional[bytes] = ..., primary_key: _Optional[bytes] = ...) -> None: ...

class ListChildrenRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "parent", "collection", "after", "limit")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    parent: bytes
    collection: bytes
    after: ChildPosition
    limit: int
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., parent: _Optional[bytes] = ..., collection: _Optional[bytes] = ..., after: _Optional[_Union[ChildPosition, _Mapping]] = ..., limit: _Optional[int] = ...) -> None: ...

class Child(_message.Message):
    __slots__ = ("sequence", "moved_by")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MOVED_BY_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    moved_by: int
    def __init__(self, sequence: _Optional[int] = ..., moved_by: _Optional[int] = ...) -> None: ...

class Inclusion(_message.Message):
    __slots__ = ("hashes",)
    HASHES_FIELD_NUMBER: _ClassVar[int]
    hashes: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, hashes: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ListChildrenResponse(_message.Message):
    __slots__ = ("head", "consistency", "log", "inclusions", "children", "is_last")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    INCLUSIONS_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_FIELD_NUMBER: _ClassVar[int]
    IS_LAST_FIELD_NUMBER: _ClassVar[int]
    head: _log_pb2.TreeHead
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    log: _log_pb2.LogSegment
    inclusions: _containers.RepeatedCompositeFieldContainer[Inclusion]
    children: _containers.RepeatedCompositeFieldContainer[Child]
    is_last: bool
    def __init__(self, head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., consistency: _Optional[_Iterable[bytes]] = ..., log: _Optional[_Union[_log_pb2.LogSegment, _Mapping]] = ..., inclusions: _Optional[_Iterable[_Union[Inclusion, _Mapping]]] = ..., children: _Optional[_Iterable[_Union[Child, _Mapping]]] = ..., is_last: _Optional[bool] = ...) -> None: ...

class WantedData(_message.Message):
    __slots__ = ("sequence", "event_hash")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_HASH_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    event_hash: bytes
    def __init__(self, sequence: _Optional[int] = ..., event_hash: _Optional[bytes] = ...) -> None: ...

class LoadDataRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "events")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    events: _containers.RepeatedCompositeFieldContainer[WantedData]
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., events: _Optional[_Iterable[_Union[WantedData, _Mapping]]] = ...) -> None: ...

class LoadDataResponse(_message.Message):
    __slots__ = ("event_hash", "data", "salt", "data_state", "redaction")
    EVENT_HASH_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    DATA_STATE_FIELD_NUMBER: _ClassVar[int]
    REDACTION_FIELD_NUMBER: _ClassVar[int]
    event_hash: bytes
    data: bytes
    salt: bytes
    data_state: _event_pb2.DataState
    redaction: int
    def __init__(self, event_hash: _Optional[bytes] = ..., data: _Optional[bytes] = ..., salt: _Optional[bytes] = ..., data_state: _Optional[_Union[_event_pb2.DataState, str]] = ..., redaction: _Optional[int] = ...) -> None: ...

class GetKeysRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "fingerprints")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINTS_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    fingerprints: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., fingerprints: _Optional[_Iterable[bytes]] = ...) -> None: ...

class GetKeysResponse(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[_event_pb2.PublicKey]
    def __init__(self, keys: _Optional[_Iterable[_Union[_event_pb2.PublicKey, _Mapping]]] = ...) -> None: ...

class LockObject(_message.Message):
    __slots__ = ("primary_key", "parent", "label", "key", "ttl_ms", "no_wait", "delegations", "issuer")
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TTL_MS_FIELD_NUMBER: _ClassVar[int]
    NO_WAIT_FIELD_NUMBER: _ClassVar[int]
    DELEGATIONS_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    primary_key: bytes
    parent: bytes
    label: bytes
    key: _event_pb2.PublicKey
    ttl_ms: int
    no_wait: bool
    delegations: _containers.RepeatedScalarFieldContainer[bytes]
    issuer: _event_pb2.PublicKey
    def __init__(self, primary_key: _Optional[bytes] = ..., parent: _Optional[bytes] = ..., label: _Optional[bytes] = ..., key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., ttl_ms: _Optional[int] = ..., no_wait: _Optional[bool] = ..., delegations: _Optional[_Iterable[bytes]] = ..., issuer: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ...) -> None: ...

class LockProof(_message.Message):
    __slots__ = ("signature",)
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    signature: _event_pb2.Signature
    def __init__(self, signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ...) -> None: ...

class Alive(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class LockRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "lock", "proof", "alive")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    LOCK_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    ALIVE_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    lock: LockObject
    proof: LockProof
    alive: Alive
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., lock: _Optional[_Union[LockObject, _Mapping]] = ..., proof: _Optional[_Union[LockProof, _Mapping]] = ..., alive: _Optional[_Union[Alive, _Mapping]] = ...) -> None: ...

class Waiting(_message.Message):
    __slots__ = ("ahead",)
    AHEAD_FIELD_NUMBER: _ClassVar[int]
    ahead: int
    def __init__(self, ahead: _Optional[int] = ...) -> None: ...

class Granted(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: int
    def __init__(self, token: _Optional[int] = ...) -> None: ...

class LockResponse(_message.Message):
    __slots__ = ("conversation", "waiting", "granted", "alive")
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    ALIVE_FIELD_NUMBER: _ClassVar[int]
    conversation: Conversation
    waiting: Waiting
    granted: Granted
    alive: Alive
    def __init__(self, conversation: _Optional[_Union[Conversation, _Mapping]] = ..., waiting: _Optional[_Union[Waiting, _Mapping]] = ..., granted: _Optional[_Union[Granted, _Mapping]] = ..., alive: _Optional[_Union[Alive, _Mapping]] = ...) -> None: ...

class Deletion(_message.Message):
    __slots__ = ("head", "signature")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    head: _log_pb2.TreeHead
    signature: _event_pb2.Signature
    def __init__(self, head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ...) -> None: ...

class DeleteChainRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "deletion")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    DELETION_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    deletion: Deletion
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., deletion: _Optional[_Union[Deletion, _Mapping]] = ...) -> None: ...

class Deleted(_message.Message):
    __slots__ = ("head", "next_sequence")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    head: _log_pb2.TreeHead
    next_sequence: int
    def __init__(self, head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., next_sequence: _Optional[int] = ...) -> None: ...

class DeleteChainResponse(_message.Message):
    __slots__ = ("conversation", "deleted")
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    conversation: Conversation
    deleted: Deleted
    def __init__(self, conversation: _Optional[_Union[Conversation, _Mapping]] = ..., deleted: _Optional[_Union[Deleted, _Mapping]] = ...) -> None: ...

class GetProofRequest(_message.Message):
    __slots__ = ("chain_key", "chain_id", "sequence", "from_size", "size", "with_data")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FROM_SIZE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    WITH_DATA_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    chain_id: bytes
    sequence: int
    from_size: int
    size: int
    with_data: bool
    def __init__(self, chain_key: _Optional[str] = ..., chain_id: _Optional[bytes] = ..., sequence: _Optional[int] = ..., from_size: _Optional[int] = ..., size: _Optional[int] = ..., with_data: _Optional[bool] = ...) -> None: ...

class EventProof(_message.Message):
    __slots__ = ("event", "path", "seal", "commit_header", "inclusion", "keys")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SEAL_FIELD_NUMBER: _ClassVar[int]
    COMMIT_HEADER_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    event: _event_pb2.Event
    path: _containers.RepeatedScalarFieldContainer[bytes]
    seal: _event_pb2.Seal
    commit_header: bytes
    inclusion: _containers.RepeatedScalarFieldContainer[bytes]
    keys: _containers.RepeatedCompositeFieldContainer[_event_pb2.PublicKey]
    def __init__(self, event: _Optional[_Union[_event_pb2.Event, _Mapping]] = ..., path: _Optional[_Iterable[bytes]] = ..., seal: _Optional[_Union[_event_pb2.Seal, _Mapping]] = ..., commit_header: _Optional[bytes] = ..., inclusion: _Optional[_Iterable[bytes]] = ..., keys: _Optional[_Iterable[_Union[_event_pb2.PublicKey, _Mapping]]] = ...) -> None: ...

class GetProofResponse(_message.Message):
    __slots__ = ("genesis", "genesis_inclusion", "head", "last_commit_header", "last_inclusion", "event", "consistency", "newer", "newer_consistency")
    GENESIS_FIELD_NUMBER: _ClassVar[int]
    GENESIS_INCLUSION_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    LAST_COMMIT_HEADER_FIELD_NUMBER: _ClassVar[int]
    LAST_INCLUSION_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    NEWER_FIELD_NUMBER: _ClassVar[int]
    NEWER_CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    genesis: _log_pb2.LogSegment
    genesis_inclusion: _containers.RepeatedScalarFieldContainer[bytes]
    head: _log_pb2.TreeHead
    last_commit_header: bytes
    last_inclusion: _containers.RepeatedScalarFieldContainer[bytes]
    event: EventProof
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    newer: _log_pb2.TreeHead
    newer_consistency: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, genesis: _Optional[_Union[_log_pb2.LogSegment, _Mapping]] = ..., genesis_inclusion: _Optional[_Iterable[bytes]] = ..., head: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., last_commit_header: _Optional[bytes] = ..., last_inclusion: _Optional[_Iterable[bytes]] = ..., event: _Optional[_Union[EventProof, _Mapping]] = ..., consistency: _Optional[_Iterable[bytes]] = ..., newer: _Optional[_Union[_log_pb2.TreeHead, _Mapping]] = ..., newer_consistency: _Optional[_Iterable[bytes]] = ..., **kwargs) -> None: ...
