from atedb.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FrameType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRAME_TYPE_UNSPECIFIED: _ClassVar[FrameType]
    FRAME_TYPE_OPEN: _ClassVar[FrameType]
    FRAME_TYPE_MESSAGE: _ClassVar[FrameType]
    FRAME_TYPE_HALF_CLOSE: _ClassVar[FrameType]
    FRAME_TYPE_STATUS: _ClassVar[FrameType]
    FRAME_TYPE_HEADERS: _ClassVar[FrameType]
FRAME_TYPE_UNSPECIFIED: FrameType
FRAME_TYPE_OPEN: FrameType
FRAME_TYPE_MESSAGE: FrameType
FRAME_TYPE_HALF_CLOSE: FrameType
FRAME_TYPE_STATUS: FrameType
FRAME_TYPE_HEADERS: FrameType

class HandshakeRequest(_message.Message):
    __slots__ = ("client_hello", "client_finished", "only_if_required")
    CLIENT_HELLO_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FINISHED_FIELD_NUMBER: _ClassVar[int]
    ONLY_IF_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    client_hello: bytes
    client_finished: bytes
    only_if_required: bool
    def __init__(self, client_hello: _Optional[bytes] = ..., client_finished: _Optional[bytes] = ..., only_if_required: _Optional[bool] = ...) -> None: ...

class HandshakeResponse(_message.Message):
    __slots__ = ("server_hello", "established")
    SERVER_HELLO_FIELD_NUMBER: _ClassVar[int]
    ESTABLISHED_FIELD_NUMBER: _ClassVar[int]
    server_hello: bytes
    established: HandshakeEstablished
    def __init__(self, server_hello: _Optional[bytes] = ..., established: _Optional[_Union[HandshakeEstablished, _Mapping]] = ...) -> None: ...

class HandshakeEstablished(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ClientHello(_message.Message):
    __slots__ = ("magic", "random", "key_bits", "shares")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    KEY_BITS_FIELD_NUMBER: _ClassVar[int]
    SHARES_FIELD_NUMBER: _ClassVar[int]
    magic: int
    random: bytes
    key_bits: int
    shares: _containers.RepeatedCompositeFieldContainer[KeyShare]
    def __init__(self, magic: _Optional[int] = ..., random: _Optional[bytes] = ..., key_bits: _Optional[int] = ..., shares: _Optional[_Iterable[_Union[KeyShare, _Mapping]]] = ...) -> None: ...

class KeyShare(_message.Message):
    __slots__ = ("kem", "public_key")
    KEM_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    kem: int
    public_key: bytes
    def __init__(self, kem: _Optional[int] = ..., public_key: _Optional[bytes] = ...) -> None: ...

class ServerHello(_message.Message):
    __slots__ = ("parameters", "sealed_proof")
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    SEALED_PROOF_FIELD_NUMBER: _ClassVar[int]
    parameters: bytes
    sealed_proof: bytes
    def __init__(self, parameters: _Optional[bytes] = ..., sealed_proof: _Optional[bytes] = ...) -> None: ...

class ServerParameters(_message.Message):
    __slots__ = ("magic", "key_bits", "session_id", "kem", "encapsulated", "sealed_secret")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    KEY_BITS_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    KEM_FIELD_NUMBER: _ClassVar[int]
    ENCAPSULATED_FIELD_NUMBER: _ClassVar[int]
    SEALED_SECRET_FIELD_NUMBER: _ClassVar[int]
    magic: int
    key_bits: int
    session_id: bytes
    kem: int
    encapsulated: bytes
    sealed_secret: bytes
    def __init__(self, magic: _Optional[int] = ..., key_bits: _Optional[int] = ..., session_id: _Optional[bytes] = ..., kem: _Optional[int] = ..., encapsulated: _Optional[bytes] = ..., sealed_secret: _Optional[bytes] = ...) -> None: ...

class ServerProof(_message.Message):
    __slots__ = ("magic", "identity", "signature", "finished")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    magic: int
    identity: bytes
    signature: _event_pb2.Signature
    finished: bytes
    def __init__(self, magic: _Optional[int] = ..., identity: _Optional[bytes] = ..., signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ..., finished: _Optional[bytes] = ...) -> None: ...

class ServerIdentity(_message.Message):
    __slots__ = ("magic", "key", "rotations", "lifetime_ms", "idle_ms", "bytes_max")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    ROTATIONS_FIELD_NUMBER: _ClassVar[int]
    LIFETIME_MS_FIELD_NUMBER: _ClassVar[int]
    IDLE_MS_FIELD_NUMBER: _ClassVar[int]
    BYTES_MAX_FIELD_NUMBER: _ClassVar[int]
    magic: int
    key: _event_pb2.PublicKey
    rotations: _containers.RepeatedScalarFieldContainer[bytes]
    lifetime_ms: int
    idle_ms: int
    bytes_max: int
    def __init__(self, magic: _Optional[int] = ..., key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., rotations: _Optional[_Iterable[bytes]] = ..., lifetime_ms: _Optional[int] = ..., idle_ms: _Optional[int] = ..., bytes_max: _Optional[int] = ...) -> None: ...

class ClientFinished(_message.Message):
    __slots__ = ("magic", "finished")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    magic: int
    finished: bytes
    def __init__(self, magic: _Optional[int] = ..., finished: _Optional[bytes] = ...) -> None: ...

class CallRequest(_message.Message):
    __slots__ = ("session_id", "call", "random", "type", "ciphertext")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    call: int
    random: bytes
    type: FrameType
    ciphertext: bytes
    def __init__(self, session_id: _Optional[bytes] = ..., call: _Optional[int] = ..., random: _Optional[bytes] = ..., type: _Optional[_Union[FrameType, str]] = ..., ciphertext: _Optional[bytes] = ...) -> None: ...

class CallResponse(_message.Message):
    __slots__ = ("random", "type", "ciphertext")
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    random: bytes
    type: FrameType
    ciphertext: bytes
    def __init__(self, random: _Optional[bytes] = ..., type: _Optional[_Union[FrameType, str]] = ..., ciphertext: _Optional[bytes] = ...) -> None: ...

class MetadataEntry(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: bytes
    def __init__(self, name: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class CallOpen(_message.Message):
    __slots__ = ("method", "metadata", "timeout_ms")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    method: str
    metadata: _containers.RepeatedCompositeFieldContainer[MetadataEntry]
    timeout_ms: int
    def __init__(self, method: _Optional[str] = ..., metadata: _Optional[_Iterable[_Union[MetadataEntry, _Mapping]]] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class CallHeaders(_message.Message):
    __slots__ = ("metadata",)
    METADATA_FIELD_NUMBER: _ClassVar[int]
    metadata: _containers.RepeatedCompositeFieldContainer[MetadataEntry]
    def __init__(self, metadata: _Optional[_Iterable[_Union[MetadataEntry, _Mapping]]] = ...) -> None: ...

class CallStatus(_message.Message):
    __slots__ = ("code", "message", "details", "trailers")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    TRAILERS_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    details: bytes
    trailers: _containers.RepeatedCompositeFieldContainer[MetadataEntry]
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., details: _Optional[bytes] = ..., trailers: _Optional[_Iterable[_Union[MetadataEntry, _Mapping]]] = ...) -> None: ...
