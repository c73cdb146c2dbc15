from atedb.v1 import account_pb2 as _account_pb2
from atedb.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ChangedKeyRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGED_KEY_ROLE_UNSPECIFIED: _ClassVar[ChangedKeyRole]
    CHANGED_KEY_ROLE_KEY: _ClassVar[ChangedKeyRole]
    CHANGED_KEY_ROLE_DELEGATED: _ClassVar[ChangedKeyRole]
    CHANGED_KEY_ROLE_ACTS: _ClassVar[ChangedKeyRole]
    CHANGED_KEY_ROLE_OF_GROUP: _ClassVar[ChangedKeyRole]
CHANGED_KEY_ROLE_UNSPECIFIED: ChangedKeyRole
CHANGED_KEY_ROLE_KEY: ChangedKeyRole
CHANGED_KEY_ROLE_DELEGATED: ChangedKeyRole
CHANGED_KEY_ROLE_ACTS: ChangedKeyRole
CHANGED_KEY_ROLE_OF_GROUP: ChangedKeyRole

class AuthRecord(_message.Message):
    __slots__ = ("account", "act", "tries", "address", "sign_up", "codes", "groups", "place")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ACT_FIELD_NUMBER: _ClassVar[int]
    TRIES_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SIGN_UP_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    account: AccountRecord
    act: ActRecord
    tries: TriesRecord
    address: AddressRecord
    sign_up: SignUpRecord
    codes: CodesRecord
    groups: GroupsRecord
    place: PlaceRecord
    def __init__(self, account: _Optional[_Union[AccountRecord, _Mapping]] = ..., act: _Optional[_Union[ActRecord, _Mapping]] = ..., tries: _Optional[_Union[TriesRecord, _Mapping]] = ..., address: _Optional[_Union[AddressRecord, _Mapping]] = ..., sign_up: _Optional[_Union[SignUpRecord, _Mapping]] = ..., codes: _Optional[_Union[CodesRecord, _Mapping]] = ..., groups: _Optional[_Union[GroupsRecord, _Mapping]] = ..., place: _Optional[_Union[PlaceRecord, _Mapping]] = ...) -> None: ...

class AccountRecord(_message.Message):
    __slots__ = ("account", "version", "head", "removed", "changed", "user", "group", "acts_bytes", "changes", "unverified", "secrets", "created_unix_ms", "day_unix_ms", "acts")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    ACTS_BYTES_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    UNVERIFIED_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    DAY_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    ACTS_FIELD_NUMBER: _ClassVar[int]
    account: str
    version: int
    head: bytes
    removed: bool
    changed: _containers.RepeatedCompositeFieldContainer[ChangedKeyRecord]
    user: UserRecord
    group: GroupRecord
    acts_bytes: int
    changes: int
    unverified: bool
    secrets: bytes
    created_unix_ms: int
    day_unix_ms: int
    acts: int
    def __init__(self, account: _Optional[str] = ..., version: _Optional[int] = ..., head: _Optional[bytes] = ..., removed: _Optional[bool] = ..., changed: _Optional[_Iterable[_Union[ChangedKeyRecord, _Mapping]]] = ..., user: _Optional[_Union[UserRecord, _Mapping]] = ..., group: _Optional[_Union[GroupRecord, _Mapping]] = ..., acts_bytes: _Optional[int] = ..., changes: _Optional[int] = ..., unverified: _Optional[bool] = ..., secrets: _Optional[bytes] = ..., created_unix_ms: _Optional[int] = ..., day_unix_ms: _Optional[int] = ..., acts: _Optional[int] = ...) -> None: ...

class UserRecord(_message.Message):
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

class GroupRecord(_message.Message):
    __slots__ = ("roles",)
    ROLES_FIELD_NUMBER: _ClassVar[int]
    roles: _containers.RepeatedCompositeFieldContainer[RoleRecord]
    def __init__(self, roles: _Optional[_Iterable[_Union[RoleRecord, _Mapping]]] = ...) -> None: ...

class RoleRecord(_message.Message):
    __slots__ = ("name", "key", "members", "wraps")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    WRAPS_FIELD_NUMBER: _ClassVar[int]
    name: str
    key: _event_pb2.PublicKey
    members: _containers.RepeatedCompositeFieldContainer[_account_pb2.GroupMember]
    wraps: _containers.RepeatedCompositeFieldContainer[_account_pb2.RoleWrap]
    def __init__(self, name: _Optional[str] = ..., key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., members: _Optional[_Iterable[_Union[_account_pb2.GroupMember, _Mapping]]] = ..., wraps: _Optional[_Iterable[_Union[_account_pb2.RoleWrap, _Mapping]]] = ...) -> None: ...

class GroupsRecord(_message.Message):
    __slots__ = ("groups",)
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    groups: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, groups: _Optional[_Iterable[str]] = ...) -> None: ...

class ChangedKeyRecord(_message.Message):
    __slots__ = ("fingerprint", "version", "role", "role_name")
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    ROLE_NAME_FIELD_NUMBER: _ClassVar[int]
    fingerprint: bytes
    version: int
    role: ChangedKeyRole
    role_name: str
    def __init__(self, fingerprint: _Optional[bytes] = ..., version: _Optional[int] = ..., role: _Optional[_Union[ChangedKeyRole, str]] = ..., role_name: _Optional[str] = ...) -> None: ...

class ActRecord(_message.Message):
    __slots__ = ("act",)
    ACT_FIELD_NUMBER: _ClassVar[int]
    act: bytes
    def __init__(self, act: _Optional[bytes] = ...) -> None: ...

class FailureCount(_message.Message):
    __slots__ = ("failures", "last_unix_ms", "locked_until_unix_ms")
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    LAST_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    LOCKED_UNTIL_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    failures: int
    last_unix_ms: int
    locked_until_unix_ms: int
    def __init__(self, failures: _Optional[int] = ..., last_unix_ms: _Optional[int] = ..., locked_until_unix_ms: _Optional[int] = ...) -> None: ...

class TriesRecord(_message.Message):
    __slots__ = ("login", "totp_step")
    LOGIN_FIELD_NUMBER: _ClassVar[int]
    TOTP_STEP_FIELD_NUMBER: _ClassVar[int]
    login: FailureCount
    totp_step: int
    def __init__(self, login: _Optional[_Union[FailureCount, _Mapping]] = ..., totp_step: _Optional[int] = ...) -> None: ...

class AddressRecord(_message.Message):
    __slots__ = ("failures", "day_unix_ms", "sign_ups", "success_unix_ms")
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    DAY_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    SIGN_UPS_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    failures: FailureCount
    day_unix_ms: int
    sign_ups: int
    success_unix_ms: int
    def __init__(self, failures: _Optional[_Union[FailureCount, _Mapping]] = ..., day_unix_ms: _Optional[int] = ..., sign_ups: _Optional[int] = ..., success_unix_ms: _Optional[int] = ...) -> None: ...

class PlaceRecord(_message.Message):
    __slots__ = ("login", "success_unix_ms")
    LOGIN_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    login: FailureCount
    success_unix_ms: int
    def __init__(self, login: _Optional[_Union[FailureCount, _Mapping]] = ..., success_unix_ms: _Optional[int] = ...) -> None: ...

class SignUpRecord(_message.Message):
    __slots__ = ("act", "secrets", "created_unix_ms")
    ACT_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    act: bytes
    secrets: bytes
    created_unix_ms: int
    def __init__(self, act: _Optional[bytes] = ..., secrets: _Optional[bytes] = ..., created_unix_ms: _Optional[int] = ...) -> None: ...

class CodesRecord(_message.Message):
    __slots__ = ("sent",)
    SENT_FIELD_NUMBER: _ClassVar[int]
    sent: _containers.RepeatedCompositeFieldContainer[SentCode]
    def __init__(self, sent: _Optional[_Iterable[_Union[SentCode, _Mapping]]] = ...) -> None: ...

class SentCode(_message.Message):
    __slots__ = ("mac", "expires_unix_ms", "network")
    MAC_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    mac: bytes
    expires_unix_ms: int
    network: str
    def __init__(self, mac: _Optional[bytes] = ..., expires_unix_ms: _Optional[int] = ..., network: _Optional[str] = ...) -> None: ...
