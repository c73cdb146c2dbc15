"""The limits of the protocol; docs/format.md of atedb lists them, each with its reason."""

from typing import Final

INTEGER_MAX: Final = 2**53 - 1
"""Integers stay exact in every language's number type, JavaScript's too."""

GRPC_MESSAGE_BYTES_MAX: Final = 4 * 1024 * 1024
BATCH_BYTES_MAX: Final = 3_932_160
COMMIT_BYTES_MAX: Final = 512
RUN_BYTES_MAX: Final = BATCH_BYTES_MAX - COMMIT_BYTES_MAX
BATCH_EVENTS_MAX: Final = 16_384
EVENT_HEADER_BYTES_MAX: Final = 65_536
TYPE_NAME_BYTES_MAX: Final = 255
CHAIN_KEY_BYTES_MAX: Final = 255
ROOTS_MAX: Final = 16
SIGNERS_MAX: Final = 16
RULE_KEYS_MAX: Final = 16
ADMITTED_KEYS_MAX: Final = 1_024
PUBLIC_KEYS_MAX: Final = 16
CHAIN_KEYS_MAX: Final = 4_096
IDENTITY_ROTATIONS_MAX: Final = 16
WRAPPED_KEYS_MAX: Final = 32
WRAPPED_KEY_BYTES_MAX: Final = 2_048
TREE_DEPTH_MAX: Final = 64
PRECONDITIONS_MAX: Final = 16
WRITER_BATCHES_IN_FLIGHT_MAX: Final = 128
UNSYNCED_BYTES_MAX: Final = 8 * 1024 * 1024 + BATCH_BYTES_MAX
