from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_KIND_UNSPECIFIED: _ClassVar[EventKind]
    EVENT_KIND_GENESIS: _ClassVar[EventKind]
    EVENT_KIND_DATA: _ClassVar[EventKind]
    EVENT_KIND_TOMBSTONE: _ClassVar[EventKind]
    EVENT_KIND_REDACTION: _ClassVar[EventKind]
    EVENT_KIND_SNAPSHOT: _ClassVar[EventKind]
    EVENT_KIND_AUTH_ANSWER: _ClassVar[EventKind]
    EVENT_KIND_ROOTS: _ClassVar[EventKind]
    EVENT_KIND_SERVER_IDENTITY: _ClassVar[EventKind]
    EVENT_KIND_KEY_CHANGE: _ClassVar[EventKind]
    EVENT_KIND_RULES: _ClassVar[EventKind]

class TrustMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRUST_MODE_UNSPECIFIED: _ClassVar[TrustMode]
    TRUST_MODE_CENTRALIZED: _ClassVar[TrustMode]
    TRUST_MODE_DISTRIBUTED: _ClassVar[TrustMode]

class SignatureSuite(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGNATURE_SUITE_UNSPECIFIED: _ClassVar[SignatureSuite]
    SIGNATURE_SUITE_MLDSA65_ED25519: _ClassVar[SignatureSuite]
    SIGNATURE_SUITE_MLDSA44_ED25519: _ClassVar[SignatureSuite]

class KemSuite(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEM_SUITE_UNSPECIFIED: _ClassVar[KemSuite]
    KEM_SUITE_MLKEM768_X25519: _ClassVar[KemSuite]

class DataState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_STATE_UNSPECIFIED: _ClassVar[DataState]
    DATA_STATE_OMITTED: _ClassVar[DataState]
    DATA_STATE_REDACTED: _ClassVar[DataState]
    DATA_STATE_DROPPED: _ClassVar[DataState]
    DATA_STATE_EXPIRED: _ClassVar[DataState]
EVENT_KIND_UNSPECIFIED: EventKind
EVENT_KIND_GENESIS: EventKind
EVENT_KIND_DATA: EventKind
EVENT_KIND_TOMBSTONE: EventKind
EVENT_KIND_REDACTION: EventKind
EVENT_KIND_SNAPSHOT: EventKind
EVENT_KIND_AUTH_ANSWER: EventKind
EVENT_KIND_ROOTS: EventKind
EVENT_KIND_SERVER_IDENTITY: EventKind
EVENT_KIND_KEY_CHANGE: EventKind
EVENT_KIND_RULES: EventKind
TRUST_MODE_UNSPECIFIED: TrustMode
TRUST_MODE_CENTRALIZED: TrustMode
TRUST_MODE_DISTRIBUTED: TrustMode
SIGNATURE_SUITE_UNSPECIFIED: SignatureSuite
SIGNATURE_SUITE_MLDSA65_ED25519: SignatureSuite
SIGNATURE_SUITE_MLDSA44_ED25519: SignatureSuite
KEM_SUITE_UNSPECIFIED: KemSuite
KEM_SUITE_MLKEM768_X25519: KemSuite
DATA_STATE_UNSPECIFIED: DataState
DATA_STATE_OMITTED: DataState
DATA_STATE_REDACTED: DataState
DATA_STATE_DROPPED: DataState
DATA_STATE_EXPIRED: DataState

class PublicKey(_message.Message):
    __slots__ = ("suite", "key", "kem_suite", "kem_key")
    SUITE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    KEM_SUITE_FIELD_NUMBER: _ClassVar[int]
    KEM_KEY_FIELD_NUMBER: _ClassVar[int]
    suite: SignatureSuite
    key: bytes
    kem_suite: KemSuite
    kem_key: bytes
    def __init__(self, suite: _Optional[_Union[SignatureSuite, str]] = ..., key: _Optional[bytes] = ..., kem_suite: _Optional[_Union[KemSuite, str]] = ..., kem_key: _Optional[bytes] = ...) -> None: ...

class Signature(_message.Message):
    __slots__ = ("suite", "fingerprint", "signature")
    SUITE_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    suite: SignatureSuite
    fingerprint: bytes
    signature: bytes
    def __init__(self, suite: _Optional[_Union[SignatureSuite, str]] = ..., fingerprint: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Genesis(_message.Message):
    __slots__ = ("chain_key", "trust_mode", "roots", "created_unix_ms", "salt", "server_identity", "private", "confidential", "auth_identity", "auth_answer")
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    TRUST_MODE_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    SERVER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENTIAL_FIELD_NUMBER: _ClassVar[int]
    AUTH_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    AUTH_ANSWER_FIELD_NUMBER: _ClassVar[int]
    chain_key: str
    trust_mode: TrustMode
    roots: _containers.RepeatedCompositeFieldContainer[PublicKey]
    created_unix_ms: int
    salt: bytes
    server_identity: PublicKey
    private: bool
    confidential: bool
    auth_identity: PublicKey
    auth_answer: bytes
    def __init__(self, chain_key: _Optional[str] = ..., trust_mode: _Optional[_Union[TrustMode, str]] = ..., roots: _Optional[_Iterable[_Union[PublicKey, _Mapping]]] = ..., created_unix_ms: _Optional[int] = ..., salt: _Optional[bytes] = ..., server_identity: _Optional[_Union[PublicKey, _Mapping]] = ..., private: _Optional[bool] = ..., confidential: _Optional[bool] = ..., auth_identity: _Optional[_Union[PublicKey, _Mapping]] = ..., auth_answer: _Optional[bytes] = ...) -> None: ...

class Everyone(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Nobody(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Inherit(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AnyOf(_message.Message):
    __slots__ = ("fingerprints",)
    FINGERPRINTS_FIELD_NUMBER: _ClassVar[int]
    fingerprints: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, fingerprints: _Optional[_Iterable[bytes]] = ...) -> None: ...

class WriteRule(_message.Message):
    __slots__ = ("everyone", "nobody", "any_of", "inherit")
    EVERYONE_FIELD_NUMBER: _ClassVar[int]
    NOBODY_FIELD_NUMBER: _ClassVar[int]
    ANY_OF_FIELD_NUMBER: _ClassVar[int]
    INHERIT_FIELD_NUMBER: _ClassVar[int]
    everyone: Everyone
    nobody: Nobody
    any_of: AnyOf
    inherit: Inherit
    def __init__(self, everyone: _Optional[_Union[Everyone, _Mapping]] = ..., nobody: _Optional[_Union[Nobody, _Mapping]] = ..., any_of: _Optional[_Union[AnyOf, _Mapping]] = ..., inherit: _Optional[_Union[Inherit, _Mapping]] = ...) -> None: ...

class AddRule(_message.Message):
    __slots__ = ("everyone", "nobody", "any_of")
    EVERYONE_FIELD_NUMBER: _ClassVar[int]
    NOBODY_FIELD_NUMBER: _ClassVar[int]
    ANY_OF_FIELD_NUMBER: _ClassVar[int]
    everyone: Everyone
    nobody: Nobody
    any_of: AnyOf
    def __init__(self, everyone: _Optional[_Union[Everyone, _Mapping]] = ..., nobody: _Optional[_Union[Nobody, _Mapping]] = ..., any_of: _Optional[_Union[AnyOf, _Mapping]] = ...) -> None: ...

class ReadRule(_message.Message):
    __slots__ = ("everyone", "read_key_id", "inherit")
    EVERYONE_FIELD_NUMBER: _ClassVar[int]
    READ_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    INHERIT_FIELD_NUMBER: _ClassVar[int]
    everyone: Everyone
    read_key_id: bytes
    inherit: Inherit
    def __init__(self, everyone: _Optional[_Union[Everyone, _Mapping]] = ..., read_key_id: _Optional[bytes] = ..., inherit: _Optional[_Union[Inherit, _Mapping]] = ...) -> None: ...

class AdmitRule(_message.Message):
    __slots__ = ("fingerprints",)
    FINGERPRINTS_FIELD_NUMBER: _ClassVar[int]
    fingerprints: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, fingerprints: _Optional[_Iterable[bytes]] = ...) -> None: ...

class RetentionRule(_message.Message):
    __slots__ = ("age_ms", "count")
    AGE_MS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    age_ms: int
    count: int
    def __init__(self, age_ms: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class Authorisation(_message.Message):
    __slots__ = ("write", "add", "read", "admit", "retain")
    WRITE_FIELD_NUMBER: _ClassVar[int]
    ADD_FIELD_NUMBER: _ClassVar[int]
    READ_FIELD_NUMBER: _ClassVar[int]
    ADMIT_FIELD_NUMBER: _ClassVar[int]
    RETAIN_FIELD_NUMBER: _ClassVar[int]
    write: WriteRule
    add: AddRule
    read: ReadRule
    admit: AdmitRule
    retain: RetentionRule
    def __init__(self, write: _Optional[_Union[WriteRule, _Mapping]] = ..., add: _Optional[_Union[AddRule, _Mapping]] = ..., read: _Optional[_Union[ReadRule, _Mapping]] = ..., admit: _Optional[_Union[AdmitRule, _Mapping]] = ..., retain: _Optional[_Union[RetentionRule, _Mapping]] = ...) -> None: ...

class Confidentiality(_message.Message):
    __slots__ = ("read_key_id", "random", "commitment")
    READ_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    read_key_id: bytes
    random: bytes
    commitment: bytes
    def __init__(self, read_key_id: _Optional[bytes] = ..., random: _Optional[bytes] = ..., commitment: _Optional[bytes] = ...) -> None: ...

class WrappedKey(_message.Message):
    __slots__ = ("read_key_id", "recipient", "wrapped")
    READ_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    WRAPPED_FIELD_NUMBER: _ClassVar[int]
    read_key_id: bytes
    recipient: bytes
    wrapped: bytes
    def __init__(self, read_key_id: _Optional[bytes] = ..., recipient: _Optional[bytes] = ..., wrapped: _Optional[bytes] = ...) -> None: ...

class Roots(_message.Message):
    __slots__ = ("roots",)
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    roots: _containers.RepeatedCompositeFieldContainer[PublicKey]
    def __init__(self, roots: _Optional[_Iterable[_Union[PublicKey, _Mapping]]] = ...) -> None: ...

class KeyChange(_message.Message):
    __slots__ = ("fingerprint", "successor")
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    SUCCESSOR_FIELD_NUMBER: _ClassVar[int]
    fingerprint: bytes
    successor: PublicKey
    def __init__(self, fingerprint: _Optional[bytes] = ..., successor: _Optional[_Union[PublicKey, _Mapping]] = ...) -> None: ...

class Redaction(_message.Message):
    __slots__ = ("sequences", "before_sequence")
    SEQUENCES_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    sequences: _containers.RepeatedScalarFieldContainer[int]
    before_sequence: int
    def __init__(self, sequences: _Optional[_Iterable[int]] = ..., before_sequence: _Optional[int] = ...) -> None: ...

class Snapshot(_message.Message):
    __slots__ = ("size", "tree_root", "events", "gone", "writers", "writers_hash")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    TREE_ROOT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    GONE_FIELD_NUMBER: _ClassVar[int]
    WRITERS_FIELD_NUMBER: _ClassVar[int]
    WRITERS_HASH_FIELD_NUMBER: _ClassVar[int]
    size: int
    tree_root: bytes
    events: int
    gone: bytes
    writers: int
    writers_hash: bytes
    def __init__(self, size: _Optional[int] = ..., tree_root: _Optional[bytes] = ..., events: _Optional[int] = ..., gone: _Optional[bytes] = ..., writers: _Optional[int] = ..., writers_hash: _Optional[bytes] = ...) -> None: ...

class EventHeader(_message.Message):
    __slots__ = ("magic", "kind", "primary_key", "parent", "collection", "authorisation", "confidentiality", "public_keys", "wrapped_keys", "sign_with", "author", "type", "reply_to", "time_unix_ms", "genesis", "moves", "roots", "key_change", "label", "auth_answer", "server_identity", "snapshot", "redaction", "data_hash", "data_bytes")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    AUTHORISATION_FIELD_NUMBER: _ClassVar[int]
    CONFIDENTIALITY_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    WRAPPED_KEYS_FIELD_NUMBER: _ClassVar[int]
    SIGN_WITH_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    GENESIS_FIELD_NUMBER: _ClassVar[int]
    MOVES_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    KEY_CHANGE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    AUTH_ANSWER_FIELD_NUMBER: _ClassVar[int]
    SERVER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    REDACTION_FIELD_NUMBER: _ClassVar[int]
    DATA_HASH_FIELD_NUMBER: _ClassVar[int]
    DATA_BYTES_FIELD_NUMBER: _ClassVar[int]
    magic: int
    kind: EventKind
    primary_key: bytes
    parent: bytes
    collection: bytes
    authorisation: Authorisation
    confidentiality: Confidentiality
    public_keys: _containers.RepeatedCompositeFieldContainer[PublicKey]
    wrapped_keys: _containers.RepeatedCompositeFieldContainer[WrappedKey]
    sign_with: _containers.RepeatedScalarFieldContainer[bytes]
    author: bytes
    type: str
    reply_to: bytes
    time_unix_ms: int
    genesis: Genesis
    moves: bool
    roots: Roots
    key_change: KeyChange
    label: bytes
    auth_answer: bytes
    server_identity: bytes
    snapshot: Snapshot
    redaction: Redaction
    data_hash: bytes
    data_bytes: int
    def __init__(self, magic: _Optional[int] = ..., kind: _Optional[_Union[EventKind, str]] = ..., primary_key: _Optional[bytes] = ..., parent: _Optional[bytes] = ..., collection: _Optional[bytes] = ..., authorisation: _Optional[_Union[Authorisation, _Mapping]] = ..., confidentiality: _Optional[_Union[Confidentiality, _Mapping]] = ..., public_keys: _Optional[_Iterable[_Union[PublicKey, _Mapping]]] = ..., wrapped_keys: _Optional[_Iterable[_Union[WrappedKey, _Mapping]]] = ..., sign_with: _Optional[_Iterable[bytes]] = ..., author: _Optional[bytes] = ..., type: _Optional[str] = ..., reply_to: _Optional[bytes] = ..., time_unix_ms: _Optional[int] = ..., genesis: _Optional[_Union[Genesis, _Mapping]] = ..., moves: _Optional[bool] = ..., roots: _Optional[_Union[Roots, _Mapping]] = ..., key_change: _Optional[_Union[KeyChange, _Mapping]] = ..., label: _Optional[bytes] = ..., auth_answer: _Optional[bytes] = ..., server_identity: _Optional[bytes] = ..., snapshot: _Optional[_Union[Snapshot, _Mapping]] = ..., redaction: _Optional[_Union[Redaction, _Mapping]] = ..., data_hash: _Optional[bytes] = ..., data_bytes: _Optional[int] = ...) -> None: ...

class GoneEvents(_message.Message):
    __slots__ = ("events", "hashes")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    HASHES_FIELD_NUMBER: _ClassVar[int]
    events: int
    hashes: bytes
    def __init__(self, events: _Optional[int] = ..., hashes: _Optional[bytes] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("header", "data", "salt", "data_state", "redaction", "gone")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    DATA_STATE_FIELD_NUMBER: _ClassVar[int]
    REDACTION_FIELD_NUMBER: _ClassVar[int]
    GONE_FIELD_NUMBER: _ClassVar[int]
    header: bytes
    data: bytes
    salt: bytes
    data_state: DataState
    redaction: int
    gone: GoneEvents
    def __init__(self, header: _Optional[bytes] = ..., data: _Optional[bytes] = ..., salt: _Optional[bytes] = ..., data_state: _Optional[_Union[DataState, str]] = ..., redaction: _Optional[int] = ..., gone: _Optional[_Union[GoneEvents, _Mapping]] = ...) -> None: ...

class ChainUnchanged(_message.Message):
    __slots__ = ("since_sequence",)
    SINCE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    since_sequence: int
    def __init__(self, since_sequence: _Optional[int] = ...) -> None: ...

class LandsBefore(_message.Message):
    __slots__ = ("sequence",)
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    def __init__(self, sequence: _Optional[int] = ...) -> None: ...

class KeyUnchanged(_message.Message):
    __slots__ = ("primary_key", "since_sequence")
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    SINCE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    primary_key: bytes
    since_sequence: int
    def __init__(self, primary_key: _Optional[bytes] = ..., since_sequence: _Optional[int] = ...) -> None: ...

class Fence(_message.Message):
    __slots__ = ("primary_key", "token")
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    primary_key: bytes
    token: int
    def __init__(self, primary_key: _Optional[bytes] = ..., token: _Optional[int] = ...) -> None: ...

class Precondition(_message.Message):
    __slots__ = ("chain_unchanged", "lands_before", "key_unchanged", "fence")
    CHAIN_UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    LANDS_BEFORE_FIELD_NUMBER: _ClassVar[int]
    KEY_UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    chain_unchanged: ChainUnchanged
    lands_before: LandsBefore
    key_unchanged: KeyUnchanged
    fence: Fence
    def __init__(self, chain_unchanged: _Optional[_Union[ChainUnchanged, _Mapping]] = ..., lands_before: _Optional[_Union[LandsBefore, _Mapping]] = ..., key_unchanged: _Optional[_Union[KeyUnchanged, _Mapping]] = ..., fence: _Optional[_Union[Fence, _Mapping]] = ...) -> None: ...

class SealHeader(_message.Message):
    __slots__ = ("magic", "chain_id", "writer_id", "fingerprint", "writer_salt", "counter", "previous", "events", "events_root", "as_of_size", "as_of_root", "preconditions")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    WRITER_ID_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    WRITER_SALT_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_ROOT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_SIZE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_ROOT_FIELD_NUMBER: _ClassVar[int]
    PRECONDITIONS_FIELD_NUMBER: _ClassVar[int]
    magic: int
    chain_id: bytes
    writer_id: bytes
    fingerprint: bytes
    writer_salt: bytes
    counter: int
    previous: bytes
    events: int
    events_root: bytes
    as_of_size: int
    as_of_root: bytes
    preconditions: _containers.RepeatedCompositeFieldContainer[Precondition]
    def __init__(self, magic: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., writer_id: _Optional[bytes] = ..., fingerprint: _Optional[bytes] = ..., writer_salt: _Optional[bytes] = ..., counter: _Optional[int] = ..., previous: _Optional[bytes] = ..., events: _Optional[int] = ..., events_root: _Optional[bytes] = ..., as_of_size: _Optional[int] = ..., as_of_root: _Optional[bytes] = ..., preconditions: _Optional[_Iterable[_Union[Precondition, _Mapping]]] = ...) -> None: ...

class Seal(_message.Message):
    __slots__ = ("header", "signatures", "public_keys", "delegations")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    DELEGATIONS_FIELD_NUMBER: _ClassVar[int]
    header: bytes
    signatures: _containers.RepeatedCompositeFieldContainer[Signature]
    public_keys: _containers.RepeatedCompositeFieldContainer[PublicKey]
    delegations: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, header: _Optional[bytes] = ..., signatures: _Optional[_Iterable[_Union[Signature, _Mapping]]] = ..., public_keys: _Optional[_Iterable[_Union[PublicKey, _Mapping]]] = ..., delegations: _Optional[_Iterable[bytes]] = ...) -> None: ...
