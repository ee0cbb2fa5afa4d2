"""Going back to an earlier version: the file is written, and nothing else in it changes."""

import pytest

from edge_agent.views.files import FilesView
from schemas.problem import UserError
from tests.reloading.conftest import Site, listed, pipeline

FILE = "pipelines/all.yaml"
SECOND = "\n# about b\n- id: b\n  steps: []\n"


async def _two_versions(site: Site, rest: str = SECOND) -> FilesView:
    """A file with two versions of `a`, and something else below it."""
    site.write(FILE, "# mine\n" + listed(pipeline("a")) + rest)
    site.start()
    site.write(FILE, "# mine\n" + listed(pipeline("a", "two")) + rest)
    await site.reload()
    return FilesView(site.files, site.kept)


def _text(site: Site) -> str:
    return (site.home / FILE).read_text(encoding="utf-8")


async def test_only_the_lines_of_the_pipeline_are_written(site: Site) -> None:
    files = await _two_versions(site)
    done = await files.rollback("a", None)
    assert (done.number, done.file, done.saved) == (1, FILE, "")
    assert _text(site) == "# mine\n" + listed(pipeline("a")) + SECOND
    assert site.running()["a"] == "one"
    newest = (await files.versions("a"))[0]
    assert (newest.number, newest.note, newest.change) == (3, "rolled back to 1", "+2 -2 lines")


async def test_what_stands_in_the_file_becomes_a_version_before(site: Site) -> None:
    files = await _two_versions(site)
    site.write(FILE, _text(site).replace("two", "three"))
    await files.rollback("a", 1)
    assert [each.number for each in await files.versions("a")] == [4, 3, 2, 1]
    assert "three" in (await files.version("a", 3)).text


async def test_a_pipeline_with_errors_is_replaced_and_set_aside(site: Site) -> None:
    files = await _two_versions(site)
    site.write(FILE, _text(site).replace("publish", "pubish"))
    done = await files.rollback("a", 2)
    assert "pubish" in (site.home / done.saved).read_text(encoding="utf-8")
    assert site.running()["a"] == "two" and not site.files.problems


async def test_errors_elsewhere_in_the_file_are_a_refusal(site: Site) -> None:
    files = await _two_versions(site)
    site.write(FILE, _text(site).replace("steps: []", "stops: []"))
    before = _text(site)
    with pytest.raises(UserError, match="unknown key `stops`"):
        await files.rollback("a", 1)
    assert _text(site) == before


async def test_a_file_that_is_no_yaml_is_replaced_where_one_pipeline_has_it(site: Site) -> None:
    files = await _two_versions(site, "")
    site.write(FILE, "id: [")
    await files.rollback("a", 1)
    assert site.running()["a"] == "one"


async def test_a_file_of_several_that_is_no_yaml_is_a_refusal(site: Site) -> None:
    files = await _two_versions(site)
    site.write(FILE, "id: [")
    with pytest.raises(UserError):
        await files.rollback("a", 1)
    assert _text(site) == "id: ["


async def test_a_removed_pipeline_comes_back_with_its_file(site: Site) -> None:
    files = await _two_versions(site, "")
    (site.home / FILE).unlink()
    await site.reload()
    await files.rollback("a", 1)
    assert site.running() == {"a": "one"}


async def test_a_version_whose_includes_have_changed_cannot_be_had_back(site: Site) -> None:
    text = pipeline("a").replace("- mqtt: {topic: go}", "!include ../go.yaml")
    site.write("go.yaml", "- mqtt: {topic: go}\n")
    site.write(FILE, text)
    site.start()
    site.write("go.yaml", "- mqtt: {topic: gone}\n")
    await site.reload()
    files = FilesView(site.files, site.kept)
    assert [each.change for each in await files.versions("a")] == ["go.yaml", ""]
    with pytest.raises(UserError, match="files that it includes have changed"):
        await files.rollback("a", 1)


async def test_a_version_is_had_back_although_a_secret_has_changed(site: Site) -> None:
    site.write("secrets.yaml", "word: hush\n")
    files = await _two_versions(site, SECOND.replace("[]", "[{log: !secret word}]"))
    site.write(FILE, _text(site).replace("payload: two", "payload: !secret word"))
    await site.reload()
    await files.rollback("a", 2)
    site.write("secrets.yaml", "word: other\n")
    await files.rollback("a", 3)
    site.message("go")
    assert site.sent == ["other"]


async def test_what_was_never_there_cannot_be_had_back(site: Site) -> None:
    files = await _two_versions(site)
    for name, number, text in [
        ("x", None, "no agent has had a pipeline"),
        ("a", 7, "kept are 1 to 2"),
    ]:
        with pytest.raises(LookupError, match=text):
            await files.rollback(name, number)


async def test_an_included_pipeline_is_written_where_it_stands(site: Site) -> None:
    site.write(FILE, "- !include ../parts/a.yaml\n- id: b\n  steps: []\n")
    site.write("parts/a.yaml", pipeline("a"))
    site.start()
    site.write("parts/a.yaml", pipeline("a", "two"))
    await site.reload()
    done = await FilesView(site.files, site.kept).rollback("a", 1)
    assert done.file == "parts/a.yaml" and site.running() == {"a": "one", "b": ""}
    assert (site.home / "parts/a.yaml").read_text(encoding="utf-8") == pipeline("a")
