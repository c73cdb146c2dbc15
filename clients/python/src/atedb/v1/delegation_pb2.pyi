from atedb.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DelegationHeader(_message.Message):
    __slots__ = ("magic", "issuer", "subject", "chains", "may_write", "may_read", "not_before_unix_ms", "expires_unix_ms", "serial")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    CHAINS_FIELD_NUMBER: _ClassVar[int]
    MAY_WRITE_FIELD_NUMBER: _ClassVar[int]
    MAY_READ_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    magic: int
    issuer: bytes
    subject: _event_pb2.PublicKey
    chains: _containers.RepeatedScalarFieldContainer[str]
    may_write: bool
    may_read: bool
    not_before_unix_ms: int
    expires_unix_ms: int
    serial: bytes
    def __init__(self, magic: _Optional[int] = ..., issuer: _Optional[bytes] = ..., subject: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., chains: _Optional[_Iterable[str]] = ..., may_write: _Optional[bool] = ..., may_read: _Optional[bool] = ..., not_before_unix_ms: _Optional[int] = ..., expires_unix_ms: _Optional[int] = ..., serial: _Optional[bytes] = ...) -> None: ...

class Delegation(_message.Message):
    __slots__ = ("header", "signature", "possession")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    POSSESSION_FIELD_NUMBER: _ClassVar[int]
    header: bytes
    signature: _event_pb2.Signature
    possession: _event_pb2.Signature
    def __init__(self, header: _Optional[bytes] = ..., signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ..., possession: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ...) -> None: ...

class Token(_message.Message):
    __slots__ = ("suite", "seed", "kem_suite", "kem_seed", "delegations", "issuer")
    SUITE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    KEM_SUITE_FIELD_NUMBER: _ClassVar[int]
    KEM_SEED_FIELD_NUMBER: _ClassVar[int]
    DELEGATIONS_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    suite: _event_pb2.SignatureSuite
    seed: bytes
    kem_suite: _event_pb2.KemSuite
    kem_seed: bytes
    delegations: _containers.RepeatedScalarFieldContainer[bytes]
    issuer: _event_pb2.PublicKey
    def __init__(self, suite: _Optional[_Union[_event_pb2.SignatureSuite, str]] = ..., seed: _Optional[bytes] = ..., kem_suite: _Optional[_Union[_event_pb2.KemSuite, str]] = ..., kem_seed: _Optional[bytes] = ..., delegations: _Optional[_Iterable[bytes]] = ..., issuer: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ...) -> None: ...
