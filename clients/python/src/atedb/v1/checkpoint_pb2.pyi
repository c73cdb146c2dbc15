from atedb.v1 import event_pb2 as _event_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CheckpointKeys(_message.Message):
    __slots__ = ("ed25519", "mldsa44", "signature")
    ED25519_FIELD_NUMBER: _ClassVar[int]
    MLDSA44_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    ed25519: bytes
    mldsa44: bytes
    signature: _event_pb2.Signature
    def __init__(self, ed25519: _Optional[bytes] = ..., mldsa44: _Optional[bytes] = ..., signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ...) -> None: ...
