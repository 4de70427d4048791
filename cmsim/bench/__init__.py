"""What a model costs on the board: a prebuilt interpreter runs it in simulated flash (docs/bench.md).

    record = bench(["model.tflite"], Options(kernels="dsp"))
    record["models"][0]["cycles"]
"""

from .bench import Options, bench

__all__ = ["Options", "bench"]
