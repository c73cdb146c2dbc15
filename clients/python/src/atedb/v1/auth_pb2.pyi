from atedb.v1 import account_pb2 as _account_pb2
from atedb.v1 import event_pb2 as _event_pb2
from atedb.v1 import identity_pb2 as _identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CodeDelivery(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODE_DELIVERY_UNSPECIFIED: _ClassVar[CodeDelivery]
    CODE_DELIVERY_NONE: _ClassVar[CodeDelivery]
    CODE_DELIVERY_MAIL: _ClassVar[CodeDelivery]
    CODE_DELIVERY_OPERATOR: _ClassVar[CodeDelivery]
CODE_DELIVERY_UNSPECIFIED: CodeDelivery
CODE_DELIVERY_NONE: CodeDelivery
CODE_DELIVERY_MAIL: CodeDelivery
CODE_DELIVERY_OPERATOR: CodeDelivery

class DescribeAuthRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeAuthResponse(_message.Message):
    __slots__ = ("code_delivery", "terms", "auth_server")
    CODE_DELIVERY_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    AUTH_SERVER_FIELD_NUMBER: _ClassVar[int]
    code_delivery: CodeDelivery
    terms: str
    auth_server: str
    def __init__(self, code_delivery: _Optional[_Union[CodeDelivery, str]] = ..., terms: _Optional[str] = ..., auth_server: _Optional[str] = ...) -> None: ...

class CreateUserRequest(_message.Message):
    __slots__ = ("act", "secrets", "accepted_terms")
    ACT_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_TERMS_FIELD_NUMBER: _ClassVar[int]
    act: bytes
    secrets: bytes
    accepted_terms: bytes
    def __init__(self, act: _Optional[bytes] = ..., secrets: _Optional[bytes] = ..., accepted_terms: _Optional[bytes] = ...) -> None: ...

class CreateUserResponse(_message.Message):
    __slots__ = ("code_sent", "sent_before")
    CODE_SENT_FIELD_NUMBER: _ClassVar[int]
    SENT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    code_sent: bool
    sent_before: bool
    def __init__(self, code_sent: _Optional[bool] = ..., sent_before: _Optional[bool] = ...) -> None: ...

class VerifyUserRequest(_message.Message):
    __slots__ = ("account", "fingerprint", "code")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    account: str
    fingerprint: bytes
    code: str
    def __init__(self, account: _Optional[str] = ..., fingerprint: _Optional[bytes] = ..., code: _Optional[str] = ...) -> None: ...

class VerifyUserResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SendCodeRequest(_message.Message):
    __slots__ = ("account", "fingerprint")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    account: str
    fingerprint: bytes
    def __init__(self, account: _Optional[str] = ..., fingerprint: _Optional[bytes] = ...) -> None: ...

class SendCodeResponse(_message.Message):
    __slots__ = ("sent_before",)
    SENT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    sent_before: bool
    def __init__(self, sent_before: _Optional[bool] = ...) -> None: ...

class LoginChallenge(_message.Message):
    __slots__ = ("conversation_id", "server_identity", "identity_rotations", "password")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_ROTATIONS_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    conversation_id: bytes
    server_identity: _event_pb2.PublicKey
    identity_rotations: _containers.RepeatedCompositeFieldContainer[_identity_pb2.IdentityRotation]
    password: _account_pb2.PasswordCosts
    def __init__(self, conversation_id: _Optional[bytes] = ..., server_identity: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., identity_rotations: _Optional[_Iterable[_Union[_identity_pb2.IdentityRotation, _Mapping]]] = ..., password: _Optional[_Union[_account_pb2.PasswordCosts, _Mapping]] = ...) -> None: ...

class LoginProof(_message.Message):
    __slots__ = ("signature", "totp_code")
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    TOTP_CODE_FIELD_NUMBER: _ClassVar[int]
    signature: _event_pb2.Signature
    totp_code: str
    def __init__(self, signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ..., totp_code: _Optional[str] = ...) -> None: ...

class LoginRequest(_message.Message):
    __slots__ = ("account", "proof")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    account: str
    proof: LoginProof
    def __init__(self, account: _Optional[str] = ..., proof: _Optional[_Union[LoginProof, _Mapping]] = ...) -> None: ...

class LoginResponse(_message.Message):
    __slots__ = ("challenge", "grant")
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    challenge: LoginChallenge
    grant: AccountGrant
    def __init__(self, challenge: _Optional[_Union[LoginChallenge, _Mapping]] = ..., grant: _Optional[_Union[AccountGrant, _Mapping]] = ...) -> None: ...

class AccountGrant(_message.Message):
    __slots__ = ("version", "head", "key_vault", "secrets", "has_second_factor", "unverified")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    KEY_VAULT_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    HAS_SECOND_FACTOR_FIELD_NUMBER: _ClassVar[int]
    UNVERIFIED_FIELD_NUMBER: _ClassVar[int]
    version: int
    head: bytes
    key_vault: bytes
    secrets: bytes
    has_second_factor: bool
    unverified: bool
    def __init__(self, version: _Optional[int] = ..., head: _Optional[bytes] = ..., key_vault: _Optional[bytes] = ..., secrets: _Optional[bytes] = ..., has_second_factor: _Optional[bool] = ..., unverified: _Optional[bool] = ...) -> None: ...

class RecoverRequest(_message.Message):
    __slots__ = ("account", "proof", "code", "change")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    account: str
    proof: LoginProof
    code: str
    change: SubmitActRequest
    def __init__(self, account: _Optional[str] = ..., proof: _Optional[_Union[LoginProof, _Mapping]] = ..., code: _Optional[str] = ..., change: _Optional[_Union[SubmitActRequest, _Mapping]] = ...) -> None: ...

class RecoveryProven(_message.Message):
    __slots__ = ("code_sent", "sent_before")
    CODE_SENT_FIELD_NUMBER: _ClassVar[int]
    SENT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    code_sent: bool
    sent_before: bool
    def __init__(self, code_sent: _Optional[bool] = ..., sent_before: _Optional[bool] = ...) -> None: ...

class RecoverResponse(_message.Message):
    __slots__ = ("challenge", "proven", "grant", "changed")
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    challenge: LoginChallenge
    proven: RecoveryProven
    grant: AccountGrant
    changed: SubmitActResponse
    def __init__(self, challenge: _Optional[_Union[LoginChallenge, _Mapping]] = ..., proven: _Optional[_Union[RecoveryProven, _Mapping]] = ..., grant: _Optional[_Union[AccountGrant, _Mapping]] = ..., changed: _Optional[_Union[SubmitActResponse, _Mapping]] = ...) -> None: ...

class SubmitActRequest(_message.Message):
    __slots__ = ("act", "secrets")
    ACT_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    act: bytes
    secrets: bytes
    def __init__(self, act: _Optional[bytes] = ..., secrets: _Optional[bytes] = ...) -> None: ...

class SubmitActResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class GetActsRequest(_message.Message):
    __slots__ = ("account", "from_version")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    account: str
    from_version: int
    def __init__(self, account: _Optional[str] = ..., from_version: _Optional[int] = ...) -> None: ...

class GetActsResponse(_message.Message):
    __slots__ = ("acts", "acts_in_all", "unverified")
    ACTS_FIELD_NUMBER: _ClassVar[int]
    ACTS_IN_ALL_FIELD_NUMBER: _ClassVar[int]
    UNVERIFIED_FIELD_NUMBER: _ClassVar[int]
    acts: _containers.RepeatedScalarFieldContainer[bytes]
    acts_in_all: int
    unverified: bool
    def __init__(self, acts: _Optional[_Iterable[bytes]] = ..., acts_in_all: _Optional[int] = ..., unverified: _Optional[bool] = ...) -> None: ...

class CreateGroupRequest(_message.Message):
    __slots__ = ("act",)
    ACT_FIELD_NUMBER: _ClassVar[int]
    act: bytes
    def __init__(self, act: _Optional[bytes] = ...) -> None: ...

class CreateGroupResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GroupChallenge(_message.Message):
    __slots__ = ("conversation_id", "server_identity", "identity_rotations")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_ROTATIONS_FIELD_NUMBER: _ClassVar[int]
    conversation_id: bytes
    server_identity: _event_pb2.PublicKey
    identity_rotations: _containers.RepeatedCompositeFieldContainer[_identity_pb2.IdentityRotation]
    def __init__(self, conversation_id: _Optional[bytes] = ..., server_identity: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., identity_rotations: _Optional[_Iterable[_Union[_identity_pb2.IdentityRotation, _Mapping]]] = ...) -> None: ...

class GroupProof(_message.Message):
    __slots__ = ("signature",)
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    signature: _event_pb2.Signature
    def __init__(self, signature: _Optional[_Union[_event_pb2.Signature, _Mapping]] = ...) -> None: ...

class GroupQuestion(_message.Message):
    __slots__ = ("group", "key", "from_version")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    group: str
    key: _event_pb2.PublicKey
    from_version: int
    def __init__(self, group: _Optional[str] = ..., key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., from_version: _Optional[int] = ...) -> None: ...

class GetGroupRequest(_message.Message):
    __slots__ = ("about", "proof")
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    about: GroupQuestion
    proof: GroupProof
    def __init__(self, about: _Optional[_Union[GroupQuestion, _Mapping]] = ..., proof: _Optional[_Union[GroupProof, _Mapping]] = ...) -> None: ...

class GroupActs(_message.Message):
    __slots__ = ("acts", "acts_in_all", "unverified")
    ACTS_FIELD_NUMBER: _ClassVar[int]
    ACTS_IN_ALL_FIELD_NUMBER: _ClassVar[int]
    UNVERIFIED_FIELD_NUMBER: _ClassVar[int]
    acts: _containers.RepeatedScalarFieldContainer[bytes]
    acts_in_all: int
    unverified: bool
    def __init__(self, acts: _Optional[_Iterable[bytes]] = ..., acts_in_all: _Optional[int] = ..., unverified: _Optional[bool] = ...) -> None: ...

class GetGroupResponse(_message.Message):
    __slots__ = ("challenge", "acts")
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    ACTS_FIELD_NUMBER: _ClassVar[int]
    challenge: GroupChallenge
    acts: GroupActs
    def __init__(self, challenge: _Optional[_Union[GroupChallenge, _Mapping]] = ..., acts: _Optional[_Union[GroupActs, _Mapping]] = ...) -> None: ...

class ListGroupsRequest(_message.Message):
    __slots__ = ("key", "proof")
    KEY_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    key: _event_pb2.PublicKey
    proof: GroupProof
    def __init__(self, key: _Optional[_Union[_event_pb2.PublicKey, _Mapping]] = ..., proof: _Optional[_Union[GroupProof, _Mapping]] = ...) -> None: ...

class ListedGroup(_message.Message):
    __slots__ = ("group", "roles")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    group: str
    roles: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, group: _Optional[str] = ..., roles: _Optional[_Iterable[str]] = ...) -> None: ...

class ListedGroups(_message.Message):
    __slots__ = ("groups",)
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    groups: _containers.RepeatedCompositeFieldContainer[ListedGroup]
    def __init__(self, groups: _Optional[_Iterable[_Union[ListedGroup, _Mapping]]] = ...) -> None: ...

class ListGroupsResponse(_message.Message):
    __slots__ = ("challenge", "groups")
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    challenge: GroupChallenge
    groups: ListedGroups
    def __init__(self, challenge: _Optional[_Union[GroupChallenge, _Mapping]] = ..., groups: _Optional[_Union[ListedGroups, _Mapping]] = ...) -> None: ...
