"""Files changed under a running engine: taken whole or not at all."""

import pytest

from tests.reloading.conftest import Site, listed, pipeline

BAD = "id: [\n"


async def test_what_changed_is_swapped_and_told(site: Site) -> None:
    site.write("pipelines/a.yaml", pipeline("a"))
    site.write("pipelines/b.yaml", pipeline("b"))
    site.write("pipelines/c.yaml", pipeline("c"))
    site.start()
    lane = site.engine.lanes["c"]
    site.write("pipelines/a.yaml", pipeline("a", "two"))
    (site.home / "pipelines/b.yaml").unlink()
    site.write("pipelines/d.yaml", pipeline("d"))
    answer = await site.reload()
    assert (answer.added, answer.changed, answer.removed) == (["d"], ["a"], ["b"])
    assert answer.unchanged == 1 and site.engine.lanes["c"] is lane
    assert site.running() == {"a": "two", "c": "one", "d": "one"}


async def test_a_bad_file_changes_nothing_and_says_why(site: Site) -> None:
    site.write("pipelines/a.yaml", listed(pipeline("a"), pipeline("b")))
    site.start()
    broken = pipeline("b", "two").replace("publish", "pubish")
    site.write("pipelines/a.yaml", listed(pipeline("a", "two"), broken))
    answer = await site.reload()
    assert answer.quarantined == ["pipelines/a.yaml"] and answer.last_good == ["a", "b"]
    assert site.running() == {"a": "one", "b": "one"}
    [problem] = answer.problems
    assert (problem.file, problem.line, problem.hint) == (
        "pipelines/a.yaml", 12, "did you mean `publish`?",
    )  # fmt: skip
    assert site.files.problems_of(site.engine.lanes["a"].plan)


async def test_a_mended_file_is_taken(site: Site) -> None:
    site.write("pipelines/a.yaml", pipeline("a"))
    site.start()
    site.write("pipelines/a.yaml", BAD)
    await site.reload()
    site.write("pipelines/a.yaml", pipeline("a", "two"))
    answer = await site.reload()
    assert answer.changed == ["a"] and answer.problems == [] and answer.quarantined == []


async def test_the_last_good_version_runs_after_a_restart_with_the_file_still_bad(
    site: Site,
) -> None:
    site.write("pipelines/a.yaml", pipeline("a"))
    site.start()
    site.write("pipelines/a.yaml", BAD)
    site.start()
    site.start()
    assert site.running() == {"a": "one"}
    site.message("go")
    assert site.sent == ["one"]
    answer = await site.reload()
    assert answer.unchanged == 1 and answer.last_good == ["a"]


async def test_the_last_good_version_brings_its_includes_and_todays_secrets(site: Site) -> None:
    text = (
        pipeline("a")
        .replace("payload: one", "payload: !secret word")
        .replace("- mqtt: {topic: go}", "!include ../parts/go.yaml")
    )
    site.write("secrets.yaml", "word: hush\n")
    site.write("parts/go.yaml", "- mqtt: {topic: go}\n")
    site.write("pipelines/a.yaml", text)
    site.start()
    site.write("parts/go.yaml", "- mqtt: {topik: go}\n")
    site.write("secrets.yaml", "word: hush hush\n")
    site.start()
    site.message("go")
    assert site.sent == ["hush hush"]
    assert "hush" not in str(site.kept.texts)


def test_what_is_new_in_a_bad_file_is_taken_where_it_has_no_errors(site: Site) -> None:
    site.write("pipelines/a.yaml", listed(pipeline("a"), "id: b\nmodus: x\n"))
    site.start()
    assert site.running() == {"a": "one"}


async def test_a_pipeline_removed_from_a_good_file_does_not_come_back(site: Site) -> None:
    site.write("pipelines/a.yaml", listed(pipeline("a"), pipeline("b")))
    site.start()
    site.write("pipelines/a.yaml", pipeline("a"))
    await site.reload()
    site.write("pipelines/a.yaml", BAD)
    site.start()
    assert site.running() == {"a": "one"}
    assert [row.version != "" for row in site.kept.of("b")] == [True, False]


async def test_of_two_files_with_one_id_the_live_one_stays(site: Site) -> None:
    site.write("pipelines/b.yaml", pipeline("same"))
    site.start()
    site.write("pipelines/a.yaml", listed(pipeline("same", "two"), pipeline("other")))
    answer = await site.reload()
    assert site.running() == {"same": "one", "other": "one"}
    assert [problem.hint for problem in answer.problems] == ["the first is at pipelines/b.yaml:1:5"]
    site.start()
    assert site.running()["same"] == "one"
    (site.home / "pipelines/b.yaml").unlink()
    await site.reload()
    assert site.running() == {"same": "two", "other": "one"}


async def test_a_pipeline_moved_to_another_file_keeps_its_state(site: Site) -> None:
    site.write("pipelines/a.yaml", listed(pipeline("a"), pipeline("b")))
    site.start()
    lane = site.engine.lanes["b"]
    site.write("pipelines/a.yaml", pipeline("a"))
    site.write("pipelines/z.yaml", pipeline("b"))
    answer = await site.reload()
    assert answer.unchanged == 2 and site.engine.lanes["b"] is lane
    assert lane.plan.file == "pipelines/z.yaml"
    [row] = site.kept.of("b")
    assert row.file == "pipelines/z.yaml"


async def test_a_pipeline_moved_into_a_bad_file_goes_on(site: Site) -> None:
    site.write("pipelines/a.yaml", listed(pipeline("a"), pipeline("b")))
    site.start()
    site.write("pipelines/a.yaml", pipeline("a"))
    site.write("pipelines/z.yaml", listed(pipeline("b", "two"), "id: c\nmodus: x\n"))
    await site.reload()
    assert site.running() == {"a": "one", "b": "one"}


async def test_remarks_make_no_version_and_their_text_is_kept(site: Site) -> None:
    site.write("pipelines/a.yaml", pipeline("a"))
    site.start()
    site.write("pipelines/a.yaml", "# why\n" + pipeline("a"))
    answer = await site.reload()
    assert answer.changed == []
    [row] = site.kept.of("a")
    assert site.kept.version_texts(row)["pipelines/a.yaml"].startswith("# why")


async def test_an_included_folder_is_looked_into_again(site: Site) -> None:
    site.write("pipelines/all.yaml", "!include_dir_list ../parts\n")
    site.write("parts/a.yaml", pipeline("a"))
    site.start()
    site.write("parts/b.yaml", pipeline("b"))
    answer = await site.reload()
    assert answer.added == ["b"] and answer.changed == []


async def test_only_files_that_say_something_else_are_compiled(site: Site) -> None:
    for name in "abc":
        site.write(f"pipelines/{name}.yaml", pipeline(name))
    site.start()
    files = dict(site.files._library.files)
    site.write("pipelines/a.yaml", pipeline("a"))  # another inode, the same text
    site.write("pipelines/b.yaml", pipeline("b", "two"))
    await site.reload()
    now = site.files._library.files
    assert [name for name in now if now[name] is not files[name]] == ["pipelines/b.yaml"]


async def test_a_run_that_waits_is_taken_up_after_an_upgrade_of_its_pipeline(site: Site) -> None:
    text = pipeline("a").replace("steps:", "steps:\n  - delay: 1m")
    site.write("pipelines/a.yaml", text)
    site.start()
    site.message("go")
    site.write("pipelines/a.yaml", pipeline("a", "two"))
    site.start()
    site.message("go")
    await site.clock.advance(60)
    assert site.sent == ["one"]


async def test_problems_are_logged_once_while_they_last(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.write("pipelines/a.yaml", BAD)
    site.start()
    await site.reload()
    await site.reload()
    told = [r for r in caplog.records if "problem" in r.getMessage()]
    assert len(told) == 1


async def test_at_most_a_hundred_versions_of_a_pipeline_are_kept(site: Site) -> None:
    site.start()
    for number in range(105):
        site.write("pipelines/a.yaml", pipeline("a", f"v{number}"))
        await site.reload()
    assert [row.number for row in site.kept.of("a")] == list(range(6, 106))


async def test_a_pipeline_that_gives_another_a_wrong_input_is_not_taken(site: Site) -> None:
    call = pipeline("a").replace("publish: {topic: out, payload: one}", "run: {pipeline: b}")
    site.write("pipelines/a.yaml", call)
    site.write("pipelines/b.yaml", pipeline("b"))
    site.start()
    site.write("pipelines/a.yaml", call.replace("one", "two").replace("b}", "b, inputs: {x: 1}}"))
    answer = await site.reload()
    assert answer.quarantined == ["pipelines/a.yaml"]
    assert [problem.text for problem in answer.problems] == ["`b` has no input `x`"]
    assert site.running() == {"a": "one", "b": "one"}
    assert site.files.problems_of(site.engine.lanes["a"].plan)
    assert not site.files.problems_of(site.engine.lanes["b"].plan)


USE = """
id: late
SHADOW
use_blueprint:
  path: greet.yaml
  inputs: {topic: go, word: one}
"""
GREET = """
description: Says a word.
inputs: {topic: {type: text}, word: {type: text}}
triggers:
  - mqtt: {topic: !input topic}
steps:
  - publish: {topic: out, payload: !input word}
"""


async def test_pipelines_follow_their_blueprint_and_keep_its_last_good_version(site: Site) -> None:
    site.write("blueprints/greet.yaml", GREET)
    site.write("pipelines/late.yaml", USE.replace("SHADOW", ""))
    site.write("pipelines/other.yaml", pipeline("other", topic="none"))
    site.start()
    site.write("blueprints/greet.yaml", GREET.replace("!input word", '"{{ inputs.word }}!"'))
    assert (await site.reload()).changed == ["late"]
    site.write("blueprints/greet.yaml", GREET.replace("publish", "pubish"))
    answer = await site.reload()
    assert answer.quarantined == ["pipelines/late.yaml"] and answer.last_good == ["late"]
    site.start()
    site.message("go")
    assert site.sent == ["one!"]


async def test_a_shadow_may_use_a_blueprint(site: Site) -> None:
    site.write("blueprints/greet.yaml", GREET)
    site.write("pipelines/late.yaml", USE.replace("SHADOW", "shadow: true"))
    site.start()
    site.message("go")
    [run] = site.runs("late")
    assert [effect.payload for effect in run.effects] == ["one"] and site.sent == []
