"""Small buffers of a kernel stay on the stack, where LLVM turns them into registers.

tvm takes even four bytes from a pool, by a call for each buffer and each turn of a parallel loop.
The annotation is tvm's own; passes that rewrite storage drop it, so it is put on after them.
"""

# mypy: ignore-errors

from __future__ import annotations

from math import prod
from typing import Any

PIPELINE = "hearthflow"
_MOST_BYTES = 16384


def register_pipeline() -> None:
    """Make tvm's default pipeline with this pass known as `PIPELINE`."""
    import tvm
    from tvm.tirx.compilation_pipeline import get_tir_pipeline, register_tir_pipeline

    def made() -> Any:
        lower, finish_host, finish_device = get_tir_pipeline("default")
        finish = tvm.transform.Sequential([_keep_on_stack(), finish_host()])
        return lower, lambda: finish, finish_device

    register_tir_pipeline(PIPELINE, made)


def _keep_on_stack() -> Any:
    import tvm_ffi
    from tvm.tirx import AllocBuffer
    from tvm.tirx.transform import prim_func_pass

    @prim_func_pass(opt_level=0)
    def keep(function: Any, module: Any, context: Any) -> Any:
        return function.with_body(tvm_ffi.structural_map(function.body, (AllocBuffer, _annotated)))

    return keep


def _annotated(allocation: Any) -> Any:
    from tvm.tirx import AllocBuffer, IntImm

    shape, dtype = allocation.buffer.shape, allocation.buffer.dtype
    if not all(isinstance(size, IntImm) for size in shape):
        return allocation
    if prod(int(size) for size in shape) * dtype.bits * dtype.lanes > 8 * _MOST_BYTES:
        return allocation
    return AllocBuffer(allocation.buffer, {"disable_lower_builtin": IntImm("bool", 1)})
