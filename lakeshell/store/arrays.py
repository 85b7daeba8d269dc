"""Arrow arrays as they cross the ports, turned into arrays as data files hold them.

In: arrays in the ports' form (a uuid is text, an instant with a zone is a struct, the fields of a
row are named by position) and the data file's Arrow type. Out: the same values in that type. A
value that does not fit raises `ValueRefused`.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakeshell.errors import ValueRefused

_UUID = pa.uuid()


def stored(array: Any, target: Any) -> Any:
    """`array` as `target`; columns that are already so pass through without a copy."""
    if array.type == target:
        return array
    if isinstance(array, pa.ChunkedArray):
        return pa.chunked_array([stored(chunk, target) for chunk in array.chunks], type=target)
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), target)
    if target == _UUID:
        return _uuids(array)
    if pa.types.is_timestamp(target) and pa.types.is_struct(array.type):
        return stored(pc.struct_field(array, [0]), target)
    if pa.types.is_struct(target):
        return _struct(array, target)
    if pa.types.is_list(target):
        return _list(array, target)
    if pa.types.is_map(target):
        return _map(array, target)
    try:
        return array.cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueRefused(
            f"a value of type {array.type} does not fit a column of type {target}: {error}",
            hint="give the column a wider type",
        ) from error


def _struct(array: Any, target: Any) -> Any:
    if array.type.num_fields != target.num_fields:
        raise ValueRefused(f"a row of type {array.type} does not fit a column of type {target}")
    fields = [target.field(i) for i in range(target.num_fields)]
    children = [stored(array.field(i), field.type) for i, field in enumerate(fields)]
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(children, fields=fields, mask=mask)


def _list(array: Any, target: Any) -> Any:
    if pa.types.is_large_list(array.type) or pa.types.is_fixed_size_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))
    values = stored(array.values, target.value_type)
    return pa.Array.from_buffers(
        target, len(array), array.buffers()[:2], array.null_count, array.offset, [values]
    )


def _map(array: Any, target: Any) -> Any:
    entries = array.values
    fields = [target.key_field, target.item_field]
    children = [
        stored(entries.field(0), target.key_type),
        stored(entries.field(1), target.item_type),
    ]
    return pa.Array.from_buffers(
        target,
        len(array),
        array.buffers()[:2],
        array.null_count,
        array.offset,
        [pa.StructArray.from_arrays(children, fields=fields)],
    )


def _uuids(array: Any) -> Any:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_fixed_size_binary(array.type):
        return pa.ExtensionArray.from_storage(_UUID, array)
    digits = pc.replace_substring(array, "-", "")
    whole = "".join(text or "0" * 32 for text in digits.to_pylist())
    values = pa.Array.from_buffers(
        pa.binary(16), len(array), [None, pa.py_buffer(bytes.fromhex(whole))]
    )
    if array.null_count:
        values = pc.if_else(array.is_valid(), values, pa.scalar(None, pa.binary(16)))
    return pa.ExtensionArray.from_storage(_UUID, values)
