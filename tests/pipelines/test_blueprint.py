"""Blueprints: what stands in place of an input, what is left out, what the user's keys change."""

from pathlib import Path

import msgspec
import pytest

from pipelines.blueprint import Blueprints
from pipelines.check import check
from pipelines.fingerprint import version
from pipelines.manual_blueprints import blueprints_page
from pipelines.source import Reader
from pipelines.tree import Map
from tests.pipelines.conftest import MakeHome
from tests.pipelines.pages import ROOT

CASES = Reader().load(Path(__file__).parents[1] / "cases" / "blueprints.yaml", asks=True)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_blueprint_becomes_the_pipeline_its_case_says(
    case: dict[str, str], make_home: MakeHome
) -> None:
    home = make_home({"blueprints/b.yaml": case["blueprint"]})
    reader = Reader(home)
    document = reader.parse(case["uses"], "pipelines/a.yaml")
    use = Blueprints(reader).pipeline(document)
    assert not use.problems and use.tree is not None
    wanted = Reader().parse(case["becomes"], "wanted.yaml")
    assert _plain(use.tree) == _plain(wanted)


def _plain(tree: Map) -> object:
    return msgspec.json.decode(msgspec.json.encode(tree, enc_hook=str))


def test_the_version_follows_the_blueprint_and_its_inputs(make_home: MakeHome) -> None:
    home = make_home({"blueprints/b.yaml": ""})

    def version_of(blueprint: str, uses: str) -> str:
        (home / "blueprints" / "b.yaml").write_text(blueprint)
        reader = Reader(home)
        use = Blueprints(reader).pipeline(reader.parse(uses, "a.yaml"))
        assert use.tree is not None
        return version(use.tree)

    steps = "inputs: {w: {}}\nsteps: [log: !input w]"
    uses = "{id: a, use_blueprint: {path: b.yaml, inputs: {w: %s}}}"
    first = version_of(steps, uses % "hi")
    assert version_of(steps, uses % "hi") == first
    assert version_of(steps, uses % "ho") != first
    assert version_of(steps + "\nmode: queued", uses % "hi") != first


def test_a_blueprint_does_not_follow_a_link_out_of_its_folder(make_home: MakeHome) -> None:
    home = make_home({"secrets.yaml": "a: b", "blueprints/x.yaml": "steps: []"})
    (home / "blueprints" / "link.yaml").symlink_to(home / "secrets.yaml")
    reader = Reader(home)
    use = Blueprints(reader).pipeline(
        reader.parse("{id: a, use_blueprint: {path: link.yaml}}", "a.yaml")
    )
    assert [problem.text for problem in use.problems] == [
        "`link.yaml` lies outside of `blueprints/`"
    ]


def test_the_blueprints_of_the_manual_are_right(make_home: MakeHome) -> None:
    use, blueprint = (part.split("```")[0] for part in blueprints_page().split("```yaml\n")[1:3])
    files = {"pipelines/a.yaml": use, "blueprints/greeting.yaml": blueprint}
    home = make_home({**files, "hearth.yaml": "notify: {me: {log: info}}"})
    assert check(home) == []


def test_there_is_a_blueprint_for_each_common_need() -> None:
    assert len(list((ROOT / "pipelines" / "blueprints").glob("*.yaml"))) >= 8
