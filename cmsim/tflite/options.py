"""Operators' options: for each table of the schema's union `BuiltinOptions` its fields in the order of their slots.

A field is `name:type`, or `name:type=default` where the default is not zero; `-` is a slot that is no longer used. A
type is one of `int`, `float`, `bool`, `ints`, `str`, `long`, or the name of an enumeration.
"""

from __future__ import annotations

from .flatbuffer import Table
from .names import ENUMERATIONS, enumerator

Value = int | float | bool | str | tuple[int, ...]

_ACTIVATION = "activation:Activation"
_LSTM = f"{_ACTIVATION} cell_clip:float proj_clip:float"
_ASYMMETRIC = "asymmetric_quantize_inputs:bool"

TABLES = {
    1: "padding:Padding stride_w:int stride_h:int activation:Activation dilation_w:int=1 dilation_h:int=1 "
       "bias_type:TensorType",
    2: "padding:Padding stride_w:int stride_h:int depth_multiplier:int activation:Activation dilation_w:int=1 "
       "dilation_h:int=1",
    5: "padding:Padding stride_w:int stride_h:int filter_w:int filter_h:int activation:Activation",
    6: f"rank:int {_ACTIVATION} {_ASYMMETRIC}",
    7: f"{_ACTIVATION} {_ASYMMETRIC}",
    8: f"{_ACTIVATION} weights_format:WeightsFormat keep_num_dims:bool {_ASYMMETRIC} bias_type:TensorType",
    9: "beta:float",
    10: f"axis:int {_ACTIVATION}",
    11: f"{_ACTIVATION} pot_scale_int16:bool=1",
    12: _ACTIVATION,
    13: "radius:int bias:float alpha:float beta:float",
    14: f"{_LSTM} kernel_type:LstmKernel {_ASYMMETRIC}",
    15: "- - align_corners:bool half_pixel_centers:bool",
    16: "subgraph:int",
    17: "new_shape:ints",
    19: "block_size:int",
    21: _ACTIVATION,
    23: "axis:int batch_dims:int",
    27: "keep_dims:bool",
    28: f"{_ACTIVATION} pot_scale_int16:bool=1",
    29: _ACTIVATION,
    30: "squeeze_dims:ints",
    31: f"time_major:bool {_ACTIVATION} {_ASYMMETRIC}",
    32: "begin_mask:int end_mask:int ellipsis_mask:int new_axis_mask:int shrink_axis_mask:int offset:bool",
    35: "num_splits:int",
    37: "in_data_type:TensorType out_data_type:TensorType",
    40: "output_type:TensorType",
    49: f"padding:Padding stride_w:int stride_h:int {_ACTIVATION} bias_type:TensorType",
    50: "validate_indices:bool",
    55: "out_type:TensorType",
    57: "output_type:TensorType",
    58: "min:float max:float num_bits:int narrow_range:bool",
    59: "values_count:int axis:int",
    61: "axis:int",
    64: "num:int axis:int",
    69: f"{_LSTM} merge_outputs:bool time_major:bool=1 {_ASYMMETRIC}",
    70: f"time_major:bool {_ACTIVATION} merge_outputs:bool {_ASYMMETRIC}",
    71: f"{_LSTM} time_major:bool {_ASYMMETRIC} diagonal_recurrent_tensors:bool",
    74: "align_corners:bool half_pixel_centers:bool",
    75: "alpha:float",
    77: "mode:MirrorPadMode",
    79: "num_splits:int",
    80: "idx_out_type:TensorType=2",
    87: "seq_dim:int batch_dim:int",
    92: "then_subgraph_index:int else_subgraph_index:int",
    93: "cond_subgraph_index:int body_subgraph_index:int",
    94: "block_size:int",
    101: f"adj_x:bool adj_y:bool {_ASYMMETRIC}",
    102: "exclusive:bool reverse:bool",
    103: "init_subgraph_index:int",
    106: "padding:Padding stride_d:int stride_w:int stride_h:int activation:Activation dilation_d:int=1 "
         "dilation_w:int=1 dilation_h:int=1",
    107: "table_id:int key_dtype:TensorType value_dtype:TensorType",
    111: "container:str shared_name:str",
    114: "seed:long seed2:long",
    116: "approximate:bool",
}
"""By the union's number; what is missing has no fields, or is of an operator that no small interpreter has."""

_FORMATS = {"int": "i", "long": "q", "float": "f", "bool": "B"}


def read_options(kind: int, table: Table | None) -> dict[str, Value]:
    """All fields of an operator's options with their values; empty where there are none or the table is not known."""
    if table is None:
        return {}
    fields: dict[str, Value] = {}
    for slot, text in enumerate(TABLES.get(kind, "").split()):
        name, _, type_ = text.partition(":")
        type_, _, default = type_.partition("=")
        if name != "-":
            fields[name] = _read(table, slot, type_, int(default or 0))
    return fields


def _read(table: Table, slot: int, type_: str, default: int) -> Value:
    if type_ == "ints":
        return tuple(int(value) for value in table.vector(slot, "<i4"))
    if type_ == "str":
        return table.string(slot)
    if type_ in ENUMERATIONS:
        return enumerator(type_, table.scalar(slot, "b", default))
    value: int | float = table.scalar(slot, _FORMATS[type_], default)
    if type_ == "float":
        return float(value)
    return bool(value) if type_ == "bool" else int(value)
