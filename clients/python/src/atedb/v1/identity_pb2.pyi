from atedb.v1 import event_pb2 as _event_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IdentityRotationHeader(_message.Message):
    __slots__ = ("magic", "old_identity", "new_identity", "time_unix_ms")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    OLD_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    NEW_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    magic: int
    old_identity: _event_pb2.PublicKey
    new_identity: _event_pb2.PublicKey
    time_unix_ms: int
    def __init__(self, magic: _Optional[int] = ..., old_identity: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., new_identity: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., time_unix_ms: _Optional[int] = ...) -> None: ...

class IdentityRotation(_message.Message):
    __slots__ = ("header", "old_signature", "new_signature")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OLD_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    NEW_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    header: bytes
    old_signature: _event_pb2.Signature
    new_signature: _event_pb2.Signature
    def __init__(self, header: _Optional[bytes] = ..., old_signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ..., new_signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ...) -> None: ...
