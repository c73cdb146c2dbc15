"""Every domain-separation tag that this client uses, so that no two uses can share one (docs/format.md, docs/wire.md)."""

from typing import Final

HASH_CHAIN: Final = "atedb/v1/chain"
HASH_SEAL: Final = "atedb/v1/seal"
HASH_WRITER: Final = "atedb/v1/writer"
HASH_KEY: Final = "atedb/v1/key"
HASH_ROOTS: Final = "atedb/v1/roots"
HASH_DATA: Final = "atedb/v1/data"
HASH_CHILD: Final = "atedb/v1/child"
HASH_SEALED_DATA: Final = "atedb/v1/sealed-data"
HASH_READ_KEY: Final = "atedb/v1/read-key"
HASH_NAME: Final = "atedb/v1/name"

INFO_DATA_KEY: Final = "atedb/v1/data-key"
INFO_WRAPPED_KEY: Final = "atedb/v1/wrapped-key"
AAD_KEY_FILE: Final = "atedb/v1/key-file"

CONTEXT_SEAL: Final = "atedb/v1/seal"
CONTEXT_PROOF: Final = "atedb/v1/proof"
CONTEXT_LOCK: Final = "atedb/v1/lock"
CONTEXT_TICKET: Final = "atedb/v1/ticket"
CONTEXT_DELETE_CHAIN: Final = "atedb/v1/delete-chain"
CONTEXT_CHECKPOINT_KEYS: Final = "atedb/v1/checkpoint-keys"
CONTEXT_IDENTITY_ROTATION: Final = "atedb/v1/identity-rotation"
CONTEXT_IDENTITY_POSSESSION: Final = "atedb/v1/identity-possession"
CONTEXT_WIRE: Final = "atedb/v1/wire"
