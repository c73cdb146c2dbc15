from atedb.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Act(_message.Message):
    __slots__ = ("header", "signatures")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    header: bytes
    signatures: _containers.RepeatedCompositeFieldContainer[_event_pb2.Signature]
    def __init__(self, header: _Optional[bytes] = ..., signatures: _Optional[_Iterable[_Union[_event_pb2.Signature, _Mapping]]] = ...) -> None: ...

class ActHeader(_message.Message):
    __slots__ = ("magic", "account", "version", "previous", "time_unix_ms", "user_creation", "secrets_change", "user_rotation", "delegation_revocation", "user_removal", "group_creation", "group_change", "group_removal")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    USER_CREATION_FIELD_NUMBER: _ClassVar[int]
    SECRETS_CHANGE_FIELD_NUMBER: _ClassVar[int]
    USER_ROTATION_FIELD_NUMBER: _ClassVar[int]
    DELEGATION_REVOCATION_FIELD_NUMBER: _ClassVar[int]
    USER_REMOVAL_FIELD_NUMBER: _ClassVar[int]
    GROUP_CREATION_FIELD_NUMBER: _ClassVar[int]
    GROUP_CHANGE_FIELD_NUMBER: _ClassVar[int]
    GROUP_REMOVAL_FIELD_NUMBER: _ClassVar[int]
    magic: int
    account: str
    version: int
    previous: bytes
    time_unix_ms: int
    user_creation: UserCreation
    secrets_change: SecretsChange
    user_rotation: UserRotation
    delegation_revocation: DelegationRevocation
    user_removal: UserRemoval
    group_creation: GroupCreation
    group_change: GroupChange
    group_removal: GroupRemoval
    def __init__(self, magic: _Optional[int] = ..., account: _Optional[str] = ..., version: _Optional[int] = ..., previous: _Optional[bytes] = ..., time_unix_ms: _Optional[int] = ..., user_creation: _Optional[_Union[UserCreation, _Mapping]] = ..., secrets_change: _Optional[_Union[SecretsChange, _Mapping]] = ..., user_rotation: _Optional[_Union[UserRotation, _Mapping]] = ..., delegation_revocation: _Optional[_Union[DelegationRevocation, _Mapping]] = ..., user_removal: _Optional[_Union[UserRemoval, _Mapping]] = ..., group_creation: _Optional[_Union[GroupCreation, _Mapping]] = ..., group_change: _Optional[_Union[GroupChange, _Mapping]] = ..., group_removal: _Optional[_Union[GroupRemoval, _Mapping]] = ...) -> None: ...

class UserCreation(_message.Message):
    __slots__ = ("key", "sudo_key", "recovery_key", "secrets_hash")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SUDO_KEY_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_KEY_FIELD_NUMBER: _ClassVar[int]
    SECRETS_HASH_FIELD_NUMBER: _ClassVar[int]
    key: _event_pb2.PublicKey
    sudo_key: _event_pb2.PublicKey
    recovery_key: _event_pb2.PublicKey
    secrets_hash: bytes
    def __init__(self, key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., sudo_key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., recovery_key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., secrets_hash: _Optional[bytes] = ...) -> None: ...

class SecretsChange(_message.Message):
    __slots__ = ("secrets_hash",)
    SECRETS_HASH_FIELD_NUMBER: _ClassVar[int]
    secrets_hash: bytes
    def __init__(self, secrets_hash: _Optional[bytes] = ...) -> None: ...

class UserRotation(_message.Message):
    __slots__ = ("key", "sudo_key", "recovery_key", "secrets_hash")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SUDO_KEY_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_KEY_FIELD_NUMBER: _ClassVar[int]
    SECRETS_HASH_FIELD_NUMBER: _ClassVar[int]
    key: _event_pb2.PublicKey
    sudo_key: _event_pb2.PublicKey
    recovery_key: _event_pb2.PublicKey
    secrets_hash: bytes
    def __init__(self, key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., sudo_key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., recovery_key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., secrets_hash: _Optional[bytes] = ...) -> None: ...

class DelegationRevocation(_message.Message):
    __slots__ = ("fingerprint",)
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    fingerprint: bytes
    def __init__(self, fingerprint: _Optional[bytes] = ...) -> None: ...

class UserRemoval(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AccountSecrets(_message.Message):
    __slots__ = ("magic", "password", "login_key", "key_vault", "sudo_vault", "recovery_vault", "totp_secret")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    LOGIN_KEY_FIELD_NUMBER: _ClassVar[int]
    KEY_VAULT_FIELD_NUMBER: _ClassVar[int]
    SUDO_VAULT_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_VAULT_FIELD_NUMBER: _ClassVar[int]
    TOTP_SECRET_FIELD_NUMBER: _ClassVar[int]
    magic: int
    password: PasswordCosts
    login_key: _event_pb2.PublicKey
    key_vault: bytes
    sudo_vault: bytes
    recovery_vault: bytes
    totp_secret: bytes
    def __init__(self, magic: _Optional[int] = ..., password: _Optional[_Union[PasswordCosts, _Mapping]] = ..., login_key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., key_vault: _Optional[bytes] = ..., sudo_vault: _Optional[bytes] = ..., recovery_vault: _Optional[bytes] = ..., totp_secret: _Optional[bytes] = ...) -> None: ...

class PasswordCosts(_message.Message):
    __slots__ = ("salt", "memory_kib", "passes", "lanes")
    SALT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_KIB_FIELD_NUMBER: _ClassVar[int]
    PASSES_FIELD_NUMBER: _ClassVar[int]
    LANES_FIELD_NUMBER: _ClassVar[int]
    salt: bytes
    memory_kib: int
    passes: int
    lanes: int
    def __init__(self, salt: _Optional[bytes] = ..., memory_kib: _Optional[int] = ..., passes: _Optional[int] = ..., lanes: _Optional[int] = ...) -> None: ...

class VaultKeys(_message.Message):
    __slots__ = ("magic", "keys")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    magic: int
    keys: _containers.RepeatedCompositeFieldContainer[KeySeeds]
    def __init__(self, magic: _Optional[int] = ..., keys: _Optional[_Iterable[_Union[KeySeeds, _Mapping]]] = ...) -> None: ...

class KeySeeds(_message.Message):
    __slots__ = ("suite", "seed", "kem_suite", "kem_seed")
    SUITE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    KEM_SUITE_FIELD_NUMBER: _ClassVar[int]
    KEM_SEED_FIELD_NUMBER: _ClassVar[int]
    suite: _event_pb2.SignatureSuite
    seed: bytes
    kem_suite: _event_pb2.KemSuite
    kem_seed: bytes
    def __init__(self, suite: _Optional[_Union[_event_pb2.SignatureSuite, str]] = ..., seed: _Optional[bytes] = ..., kem_suite: _Optional[_Union[_event_pb2.KemSuite, str]] = ..., kem_seed: _Optional[bytes] = ...) -> None: ...

class GroupMember(_message.Message):
    __slots__ = ("account", "key", "sudo_key")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    SUDO_KEY_FIELD_NUMBER: _ClassVar[int]
    account: str
    key: _event_pb2.PublicKey
    sudo_key: _event_pb2.PublicKey
    def __init__(self, account: _Optional[str] = ..., key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., sudo_key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ...) -> None: ...

class RoleWrap(_message.Message):
    __slots__ = ("recipient", "wrapped")
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    WRAPPED_FIELD_NUMBER: _ClassVar[int]
    recipient: bytes
    wrapped: bytes
    def __init__(self, recipient: _Optional[bytes] = ..., wrapped: _Optional[bytes] = ...) -> None: ...

class RoleChange(_message.Message):
    __slots__ = ("name", "key", "added", "removed", "wraps")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    WRAPS_FIELD_NUMBER: _ClassVar[int]
    name: str
    key: _event_pb2.PublicKey
    added: _containers.RepeatedCompositeFieldContainer[GroupMember]
    removed: _containers.RepeatedScalarFieldContainer[bytes]
    wraps: _containers.RepeatedCompositeFieldContainer[RoleWrap]
    def __init__(self, name: _Optional[str] = ..., key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., added: _Optional[_Iterable[_Union[GroupMember, _Mapping]]] = ..., removed: _Optional[_Iterable[bytes]] = ..., wraps: _Optional[_Iterable[_Union[RoleWrap, _Mapping]]] = ...) -> None: ...

class GroupCreation(_message.Message):
    __slots__ = ("roles",)
    ROLES_FIELD_NUMBER: _ClassVar[int]
    roles: _containers.RepeatedCompositeFieldContainer[RoleChange]
    def __init__(self, roles: _Optional[_Iterable[_Union[RoleChange, _Mapping]]] = ...) -> None: ...

class GroupChange(_message.Message):
    __slots__ = ("roles",)
    ROLES_FIELD_NUMBER: _ClassVar[int]
    roles: _containers.RepeatedCompositeFieldContainer[RoleChange]
    def __init__(self, roles: _Optional[_Iterable[_Union[RoleChange, _Mapping]]] = ...) -> None: ...

class GroupRemoval(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
