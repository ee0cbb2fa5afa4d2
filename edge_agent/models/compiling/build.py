"""A geometry compiled to one shared library for one target."""

# mypy: ignore-errors

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from edge_agent.models.compiling.targets import Target
from edge_agent.models.geometry import Geometry
from edge_agent.models.quantization import PACKING


def build_library(shape: Geometry, quantization: str, target: Target, out: Path) -> None:
    """Compile and link.

    Raises:
        OSError: the target's C++ compiler is missing or fails; the text names the package.
    """
    import tvm
    from tvm import relax
    from tvm.relax.backend.cpu_generic import pipeline as passes
    from tvm.s_tir import dlight

    from edge_agent.models.compiling.attention import cache_kernels
    from edge_agent.models.compiling.network import Decoder, Kind
    from edge_agent.models.compiling.stack import PIPELINE, register_pipeline

    register_pipeline()
    goal = tvm.target.Target(target.llvm())
    kind = Kind(quantization.startswith("q4"), target.rows, target.wide)
    model = Decoder(shape, goal, kind)
    with goal:
        module, parameters, _ = model.export_tvm(spec=model.spec(), allow_extern=True)
        for name, kernel in cache_kernels(shape).items():
            module[name] = kernel
        module = _with_metadata(module, metadata(shape, quantization, parameters))

        @tvm.transform.module_pass(opt_level=0)
        def lower(module: Any, context: Any) -> Any:
            return tvm.transform.Sequential(
                [
                    *passes.library_dispatch_passes(goal),
                    *passes.legalize_passes(goal),
                    relax.transform.DeadCodeElimination(),
                    dlight.ApplyDefaultSchedule(dlight.cpu.GEMV(), dlight.cpu.Reduction()),
                    *passes.dataflow_lower_passes(goal),
                    *passes.finalize_passes(goal),
                ]
            )(module)

        executable = relax.build(module, goal, relax_pipeline=lower, tir_pipeline=PIPELINE)
    executable.export_library(str(out), cc=target.linker())


def metadata(shape: Geometry, quantization: str, parameters: Any) -> dict[str, Any]:
    """What `_metadata` of the library says: MLC's keys, and the geometry for the packing."""
    return {
        "model_type": shape.family,
        "quantization": quantization,
        "context_window_size": shape.context,
        "prefill_chunk_size": shape.chunk,
        "sliding_window_size": -1,
        "attention_sink_size": -1,
        "kv_state_kind": "kv_cache",
        "kv_cache": {
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.kv_heads,
            "head_dim": shape.head_dim,
        },
        "packing": PACKING,
        "geometry": msgspec.to_builtins(shape),
        "params": [
            {"name": name, "shape": [int(n) for n in each.shape], "dtype": str(each.dtype)}
            for name, each in parameters
        ],
    }


def _with_metadata(module: Any, said: dict[str, Any]) -> Any:
    import tvm
    from tvm import relax

    builder = relax.BlockBuilder(module)
    with builder.function("_metadata", []):
        builder.emit_func_output(tvm.ir.StringImm(msgspec.json.encode(said).decode()))
    return builder.finalize()
