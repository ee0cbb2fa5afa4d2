"""An MLC model folder: its config and its weights, unchanged, mapped and not copied."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

# The agent reads configs too; numpy would take 20 MB of it.
if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
else:
    Array = Any
INDEXES = ("tensor-cache.json", "ndarray-cache.json")


class BrokenFolder(Exception):
    """The folder cannot be used; the text says what is wrong and where."""


class Record(msgspec.Struct, frozen=True, rename={"byte_offset": "byteOffset"}):
    """One tensor of a shard; sizes in bytes."""

    name: str
    shape: list[int]
    dtype: str
    nbytes: int
    byte_offset: int
    format: str = "raw"


class Shard(msgspec.Struct, frozen=True, rename={"data_path": "dataPath"}):
    """One file of tensors; `md5sum` is how mlc-llm finds damage."""

    data_path: str
    nbytes: int
    records: list[Record]
    md5sum: str = ""


class _Index(msgspec.Struct, frozen=True):
    records: list[Shard]


def read_json(path: Path) -> Any:
    """A JSON file of the folder.

    Raises:
        BrokenFolder: it is missing or no JSON.
    """
    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise BrokenFolder(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise BrokenFolder(f"{path}: {error}") from None


def read_config(folder: Path) -> dict[str, Any]:
    """`mlc-chat-config.json` as a mapping."""
    config = read_json(folder / "mlc-chat-config.json")
    if not isinstance(config, dict):
        raise BrokenFolder(f"{folder / 'mlc-chat-config.json'}: must be a mapping")
    return config


def vocabulary(config: Mapping[str, Any]) -> tuple[int, int]:
    """How many tokens a model has, and how many of them its tokenizer knows.

    Raises:
        BrokenFolder: the config does not say it.
    """
    size = config.get("vocab_size")
    if not isinstance(size, int) or size < 1:
        raise BrokenFolder("mlc-chat-config.json: says no vocab_size")
    active = config.get("active_vocab_size")
    return size, active if isinstance(active, int) and 0 < active < size else size


def tokenizer_file(folder: Path) -> Path:
    """The tokenizer of a folder.

    Raises:
        BrokenFolder: there is none; the text says how to make one of SentencePiece's.
    """
    path = folder / "tokenizer.json"
    if path.exists():
        return path
    if not (folder / "tokenizer.model").exists():
        raise BrokenFolder(f"{path}: missing; folders without it are not supported")
    raise BrokenFolder(
        f"{path}: missing, and tokenizer.model alone is not read; with transformers, sentencepiece "
        'and protobuf installed, once in the folder: python -c "from transformers import '
        "AutoTokenizer as T; T.from_pretrained('.').backend_tokenizer.save('tokenizer.json')\""
    )


def read_shards(folder: Path) -> tuple[Path, list[Shard]]:
    """The index of a folder's weights, and the files it names.

    Raises:
        BrokenFolder: it is missing or wrong.
    """
    index = next((folder / name for name in INDEXES if (folder / name).exists()), None)
    if index is None:
        raise BrokenFolder(f"{folder}: no {' and no '.join(INDEXES)}")
    try:
        return index, msgspec.convert(read_json(index), _Index).records
    except msgspec.ValidationError as error:
        raise BrokenFolder(f"{index}: {error}") from None


class Weights(Mapping[str, Array]):
    """The tensors of a folder by name, mapped from the shards when they are asked for.

    Raises:
        BrokenFolder: the index is missing or wrong, or a shard is too short.
    """

    def __init__(self, folder: Path) -> None:
        index, shards = read_shards(folder)
        self._places: dict[str, tuple[Array, Record]] = {}
        for shard in shards:
            data = _mapped(folder, shard)
            for record in shard.records:
                if min(record.byte_offset, record.nbytes, data.nbytes - _end(record)) < 0:
                    raise BrokenFolder(f"{index}: `{record.name}` lies outside of its shard")
                self._places[record.name] = data, record

    def __getitem__(self, name: str) -> Array:
        data, record = self._places[name]
        raw = data[record.byte_offset : record.byte_offset + record.nbytes]
        try:
            return _tensor(raw, record)
        except (TypeError, ValueError) as error:
            told = f"{record.nbytes} bytes are no {record.dtype} {record.shape}"
            raise BrokenFolder(f"tensor `{name}`: {told} ({error})") from None

    def __iter__(self) -> Any:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _end(record: Record) -> int:
    return record.byte_offset + record.nbytes


def _mapped(folder: Path, shard: Shard) -> Array:
    import numpy as np

    path = folder / shard.data_path
    if path.parent != folder:
        raise BrokenFolder(f"{folder}: the shard `{shard.data_path}` lies outside of the folder")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise BrokenFolder(f"{path}: {error.strerror}") from None
    if size != shard.nbytes:
        raise BrokenFolder(f"{path}: {size} bytes, should be {shard.nbytes}; download it again")
    return np.memmap(path, np.uint8, "r") if size else np.zeros(0, np.uint8)


def _tensor(raw: Array, record: Record) -> Array:
    import numpy as np

    if record.format == "f32-to-bf16" and record.dtype == "float32":
        return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(record.shape)
    if record.dtype == "bfloat16":
        return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(record.shape)
    return raw.view(record.dtype).reshape(record.shape)
