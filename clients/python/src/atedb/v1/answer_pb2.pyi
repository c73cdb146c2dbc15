from atedb.v1 import event_pb2 as _event_pb2
from atedb.v1 import identity_pb2 as _identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AnsweredChange(_message.Message):
    __slots__ = ("fingerprint", "successor")
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    SUCCESSOR_FIELD_NUMBER: _ClassVar[int]
    fingerprint: bytes
    successor: bytes
    def __init__(self, fingerprint: _Optional[bytes] = ..., successor: _Optional[bytes] = ...) -> None: ...

class AuthAnswerHeader(_message.Message):
    __slots__ = ("magic", "owner", "version", "issued_unix_ms", "expires_unix_ms", "roots", "writers", "admitted", "changed", "unverified", "removed", "identity")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ISSUED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    WRITERS_FIELD_NUMBER: _ClassVar[int]
    ADMITTED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    UNVERIFIED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    magic: int
    owner: str
    version: int
    issued_unix_ms: int
    expires_unix_ms: int
    roots: _containers.RepeatedCompositeFieldContainer[_event_pb2.PublicKey]
    writers: _containers.RepeatedCompositeFieldContainer[_event_pb2.PublicKey]
    admitted: _containers.RepeatedScalarFieldContainer[bytes]
    changed: _containers.RepeatedCompositeFieldContainer[AnsweredChange]
    unverified: bool
    removed: bool
    identity: _event_pb2.PublicKey
    def __init__(self, magic: _Optional[int] = ..., owner: _Optional[str] = ..., version: _Optional[int] = ..., issued_unix_ms: _Optional[int] = ..., expires_unix_ms: _Optional[int] = ..., roots: _Optional[_Iterable[_Union[_event_pb2.PublicKey, _Mapping]]] = ..., writers: _Optional[_Iterable[_Union[_event_pb2.PublicKey, _Mapping]]] = ..., admitted: _Optional[_Iterable[bytes]] = ..., changed: _Optional[_Iterable[_Union[AnsweredChange, _Mapping]]] = ..., unverified: _Optional[bool] = ..., removed: _Optional[bool] = ..., identity: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ...) -> None: ...

class AuthAnswer(_message.Message):
    __slots__ = ("header", "signature", "rotations")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    ROTATIONS_FIELD_NUMBER: _ClassVar[int]
    header: bytes
    signature: _event_pb2.Signature
    rotations: _containers.RepeatedCompositeFieldContainer[_identity_pb2.IdentityRotation]
    def __init__(self, header: _Optional[bytes] = ..., signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ..., rotations: _Optional[_Iterable[_Union[_identity_pb2.IdentityRotation, _Mapping]]] = ...) -> None: ...

class GetOwnerRequest(_message.Message):
    __slots__ = ("owner", "known_version", "known_expires_unix_ms")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    KNOWN_VERSION_FIELD_NUMBER: _ClassVar[int]
    KNOWN_EXPIRES_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    owner: str
    known_version: int
    known_expires_unix_ms: int
    def __init__(self, owner: _Optional[str] = ..., known_version: _Optional[int] = ..., known_expires_unix_ms: _Optional[int] = ...) -> None: ...

class GetOwnerResponse(_message.Message):
    __slots__ = ("answer", "unchanged")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    answer: bytes
    unchanged: bool
    def __init__(self, answer: _Optional[bytes] = ..., unchanged: _Optional[bool] = ...) -> None: ...

class ClaimOwnerRequest(_message.Message):
    __slots__ = ("act",)
    ACT_FIELD_NUMBER: _ClassVar[int]
    act: bytes
    def __init__(self, act: _Optional[bytes] = ...) -> None: ...

class ClaimOwnerResponse(_message.Message):
    __slots__ = ("owner",)
    OWNER_FIELD_NUMBER: _ClassVar[int]
    owner: str
    def __init__(self, owner: _Optional[str] = ...) -> None: ...
