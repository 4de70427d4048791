"""Reading `.tflite` models, to show what they hold and to count their work.

    model = load("model.tflite")
    model.inputs[0].shape                     # (1, 96, 96, 1)
    [(o.name, o.version, o.options) for o in model.operators]

Follows the TensorFlow Lite schema, version 3, and the FlatBuffers binary format; every offset and length is checked
before use. Only the firmware's interpreter runs models.

Not modelled: sparsity, signatures, StableHLO options (their names are known), FlexBuffer contents of custom options.
"""

from .macs import macs
from .model import Model, ModelError, Operator, Quantization, Subgraph, Tensor, load, parse

__all__ = ["Model", "ModelError", "Operator", "Quantization", "Subgraph", "Tensor", "load", "macs", "parse"]
