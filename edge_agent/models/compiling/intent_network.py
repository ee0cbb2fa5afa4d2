"""The intent network for tvm: the shape of `edge_agent/intents/shape.py` on our own kernels."""

# mypy: ignore-errors
# ruff: noqa: ANN201, D102

from __future__ import annotations

from tvm.relax.frontend import nn
from tvm.relax.frontend.nn import Tensor, op, spec

from edge_agent.intents.shape import BLOCKS, CHANNELS, HEADS, HIDDEN, LABELS, STEP, STEPS, TAGS
from edge_agent.models.compiling import intent_kernels as kernels
from edge_agent.models.quantization import LANES

TAGGED = -(-len(TAGS) // LANES) * LANES


class Product(nn.Module):
    """Weights packed by sixteen outputs, and a bias."""

    def __init__(self, outputs: int, *inputs: int, bias: tuple[int, ...]) -> None:
        self.weight = nn.Parameter((outputs // LANES, *inputs, LANES), "float32")
        self.bias = nn.Parameter(bias, "float32")


class Intent(nn.Module):
    """Ids of a sentence's bytes, 0 to pad them to a multiple of four; its and their labels."""

    def __init__(self) -> None:
        wide = CHANNELS
        self.embedding = nn.Parameter((256, wide), "float32")
        self.places = nn.Parameter((STEPS, wide), "float32")
        self.conv = nn.ModuleList([Product(wide, taps, wide, bias=(wide,)) for taps, _ in BLOCKS])
        self.mix = nn.ModuleList([Product(wide, wide, bias=(wide,)) for _ in BLOCKS])
        self.attention = Product(HEADS, wide, bias=(1, HEADS))
        self.sentence = Product(HIDDEN, 2 * wide, bias=(1, HIDDEN))
        self.labels = Product(LABELS, HIDDEN, bias=(1, LABELS))
        self.byte = Product(wide, wide, bias=(1, wide))
        self.context = nn.Parameter((wide // LANES, HIDDEN, LANES), "float32")
        self.tags = Product(TAGGED, wide, bias=(1, TAGGED))

    def main(self, ids: Tensor):
        x = self._bytes(ids)
        scores = self._linear(self.attention, x, HEADS)
        pooled = op.tensor_ir_op(
            kernels.pooled(CHANNELS, HEADS), "pooled", [x, scores, ids], _row(2 * CHANNELS)
        )
        sentence = self._single(self.sentence, pooled, HIDDEN, relu=True)
        labels = self._single(self.labels, sentence, LABELS)
        context = op.tensor_ir_op(
            kernels.single(CHANNELS, HIDDEN),
            "context",
            [sentence, self.context, self.byte.bias],
            _row(CHANNELS),
        )
        each = op.tensor_ir_op(
            kernels.linear(CHANNELS, CHANNELS, relu=True),
            "byte",
            [x, self.byte.weight, context],
            _like(ids, CHANNELS),
        )
        return labels, self._linear(self.tags, each, TAGGED)

    def _bytes(self, ids: Tensor) -> Tensor:
        like = _like(ids, CHANNELS)
        look = kernels.embedded(CHANNELS, STEP, STEPS)
        x = op.tensor_ir_op(look, "embedded", [ids, self.embedding, self.places], like)
        for (taps, dilation), conv, mix in zip(BLOCKS, self.conv, self.mix, strict=True):
            convolution = kernels.convolution(CHANNELS, CHANNELS, taps, dilation)
            name = f"convolution_{taps}_{dilation}"
            h = op.tensor_ir_op(convolution, name, [x, conv.weight, conv.bias], like)
            mixed = kernels.mixed(CHANNELS, CHANNELS)
            x = op.tensor_ir_op(mixed, "mixed", [h, mix.weight, mix.bias, x, ids], like)
        return x

    def _linear(self, layer: Product, x: Tensor, outputs: int) -> Tensor:
        kernel = kernels.linear(outputs, CHANNELS)
        like = _like(x, outputs)
        return op.tensor_ir_op(kernel, f"linear_{outputs}", [x, layer.weight, layer.bias], like)

    def _single(self, layer: Product, x: Tensor, outputs: int, *, relu: bool = False) -> Tensor:
        kernel = kernels.single(outputs, x.shape[1], relu=relu)
        weights = [layer.weight, layer.bias]
        return op.tensor_ir_op(kernel, f"single_{outputs}", [x, *weights], _row(outputs))

    def spec(self):
        plain = {"param_mode": "plain", "effect_mode": "none"}
        return {"main": {"ids": spec.Tensor(["length"], "int32"), "$": plain}}


def _like(x: Tensor, outputs: int) -> Tensor:
    return Tensor.placeholder((x.shape[0], outputs), "float32")


def _row(outputs: int) -> Tensor:
    return Tensor.placeholder((1, outputs), "float32")
