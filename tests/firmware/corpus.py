"""Runs the corpus through decode and encode: `python -m tests.firmware.corpus FOLDER`."""

# ruff: noqa: T201 (a script that prints)
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge_agent.devices.lines import decode_line, encode_line
from edge_agent.devices.profiles import load_profiles
from schemas.profile import Profile

Compare = Callable[[dict[str, Any], dict[str, Any]], list[str]]


def comparator(folder: Path) -> tuple[Compare, Compare]:
    """The corpus's own comparison of messages and of commands."""
    spec = importlib.util.spec_from_file_location("compare", folder / "tools" / "compare.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.compare, module.compare_command


def records(folder: Path, kind: str = ".") -> Iterator[dict[str, Any]]:
    """The records of a folder's `.jsonl` files."""
    for path in sorted((folder / "open" / kind).glob("*.jsonl")):
        yield from map(json.loads, path.read_text("utf-8").splitlines())


def differences(record: dict[str, Any], profiles: list[Profile], compare: Compare) -> list[str]:
    """What `hearth decode` says otherwise than the record expects."""
    line = {key: record.get(key) for key in ("topic", "payload", "retain", "setup")}
    actual = decode_line(line, profiles)
    missing = [key for key in ("firmware", "device", "channel") if not actual.get(key)]
    wrong = [f"no {key}" for key in missing]
    expected = record.get("expect")
    if expected is None:
        return wrong
    wrong += compare(expected, actual)
    for key in ("transaction", "ieee_address"):
        if key in expected and expected[key] != actual.get(key):
            wrong.append(f"{key}: expected {expected[key]!r}, got {actual.get(key)!r}")
    named = [each["device"] for each in actual.get("devices", ())]
    wrong += [
        f"device {name!r} not listed"
        for name in expected.get("devices_at_least", ())
        if name not in named
    ]
    if expected.get("device_count", len(named)) != len(named):
        wrong.append(f"{len(named)} devices listed, not {expected['device_count']}")
    return wrong


def command_differences(
    case: dict[str, Any], profiles: list[Profile], compare: Compare
) -> list[str]:
    """What `hearth encode` does otherwise than the case expects."""
    try:
        return compare(case, encode_line(case, profiles))
    except LookupError as error:
        return [str(error)]


def main(folder: Path, show: str = "") -> int:
    """Print the passes by firmware and the differences of those named."""
    profiles, problems = load_profiles()
    print(*problems, sep="\n", end="")
    compare, compare_command = comparator(folder)
    table: dict[str, list[int]] = {}
    for kind, check, judge in (
        (".", differences, compare),
        ("commands", command_differences, compare_command),
    ):
        for record in records(folder, kind):
            wrong = check(record, profiles, judge)
            row = table.setdefault(f"{record['firmware']} {'' if kind == '.' else kind}", [0, 0])
            row[0] += not wrong
            row[1] += 1
            if wrong and show and record["id"].startswith(show):
                print(record["id"], record.get("topic"), *wrong, sep="\n    ")
    for name, (passed, total) in sorted(table.items()):
        print(f"{name:28} {passed:4} of {total:4}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:3]))
