"""Tiny sentence models as transformers exports them, and the numbers they are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save_model
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = ["[PAD]", "[UNK]", "turn", "on", "the", "light", "what", "time", "is", "it"]
LABELS = ["light_on", "time", "none"]
_seeded = np.random.default_rng(7)
TABLE = _seeded.normal(size=(len(WORDS), 8)).astype(np.float32)
HEAD = np.stack([TABLE[[2, 3, 5]].sum(0), TABLE[6:].sum(0), np.zeros(8, np.float32)], 1)


def write(folder: Path, output: str, dimensions: int, *nodes: Any, **inputs: int) -> None:
    """A folder whose graph looks words up (`hidden`) and goes on with `nodes`."""
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["hidden"]), *nodes],
        "tiny",
        [
            helper.make_tensor_value_info(name, type, ["batch", "tokens"])
            for name, type in {"input_ids": TensorProto.INT64, **inputs}.items()
        ],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None] * dimensions)],
        [numpy_helper.from_array(TABLE, "table"), numpy_helper.from_array(HEAD, "head")],
    )
    opset = [helper.make_opsetid("", 17)]
    save_model(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx")
    labels = {str(id): label for id, label in enumerate(LABELS)}
    config = {"model_type": "bert", "pad_token_id": 0, "id2label": labels}
    (folder / "config.json").write_bytes(msgspec.json.encode(config))
    words = models.WordLevel({word: id for id, word in enumerate(WORDS)}, unk_token="[UNK]")
    tokenizer: Any = Tokenizer(words)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))


def classifier(folder: Path) -> None:
    write(
        folder,
        "logits",
        2,
        helper.make_node("ReduceMean", ["hidden"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "head"], ["logits"]),
        attention_mask=TensorProto.INT64,
    )


def embedder(folder: Path, output: str = "last_hidden_state") -> None:
    if output == "sentence_embedding":
        node = helper.make_node("ReduceMax", ["hidden"], [output], axes=[1], keepdims=0)
        write(folder, output, 2, node)
    else:
        node = helper.make_node("Identity", ["hidden"], [output])
        types = {"attention_mask": TensorProto.INT64, "token_type_ids": TensorProto.INT32}
        write(folder, output, 3, node, **types)
