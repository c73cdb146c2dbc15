"""A client of atedb, a datachain server: append signed and encrypted events to a chain, verify it, and stream it back.

Start with `connect`.
"""

from atedb.account.account_secrets import make_totp_secret
from atedb.client.accounts import Accounts, AuthDescription, CreatedUser, Renewed, Sudo
from atedb.client.acts import VerifiedAccount
from atedb.client.chain import Chain
from atedb.client.chain_event import ChainEvent, SealedState
from atedb.client.children import Child, ChildName
from atedb.client.client import Client, connect
from atedb.client.event_stream import EventStream
from atedb.client.gone import UncheckedData
from atedb.client.group_keys import OpenedGroup
from atedb.client.locks import Lease
from atedb.client.login import LoggedIn
from atedb.client.new_event import Conditions, NewEvent
from atedb.client.notices import Notice
from atedb.client.pipeline import Committed
from atedb.client.redact import Redacted
from atedb.client.sharing import SharedObject
from atedb.client.subscription import Signal
from atedb.client.tls import TlsOptions
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.primary_key import child_primary_key, primary_key_from_name
from atedb.events.redaction import Redaction
from atedb.events.rules import Authorisation, KeyChange, ReadRule, RetentionRule, WriteRule
from atedb.events.seal import TreeHead
from atedb.events.token import Token
from atedb.trust.checkpoints import SignedHead

__all__ = [
    "Accounts",
    "AtedbError",
    "AuthDescription",
    "Authorisation",
    "Chain",
    "ChainEvent",
    "Child",
    "ChildName",
    "Client",
    "Committed",
    "Conditions",
    "CreatedUser",
    "EventStream",
    "KeyChange",
    "KeyPair",
    "Lease",
    "LoggedIn",
    "NewEvent",
    "Notice",
    "OpenedGroup",
    "PublicKey",
    "ReadRule",
    "Reason",
    "Redacted",
    "Redaction",
    "Renewed",
    "RetentionRule",
    "SealedState",
    "SharedObject",
    "Signal",
    "SignedHead",
    "Sudo",
    "TlsOptions",
    "Token",
    "TreeHead",
    "UncheckedData",
    "VerifiedAccount",
    "WriteRule",
    "child_primary_key",
    "connect",
    "make_totp_secret",
    "primary_key_from_name",
]
