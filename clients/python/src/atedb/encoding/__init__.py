"""Protobuf as bytes: fields where they lie, and the strict form in which each meaning has one encoding only."""

from atedb.encoding.fields import (
    Field,
    FieldWriter,
    encode_varint,
    fields,
    frame,
    messages_in,
    non_canonical,
)
from atedb.encoding.strict import check_strict

__all__ = [
    "Field",
    "FieldWriter",
    "check_strict",
    "encode_varint",
    "fields",
    "frame",
    "messages_in",
    "non_canonical",
]
