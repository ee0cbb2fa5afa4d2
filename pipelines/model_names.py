"""The models that names in pipelines and settings may mean, and what is wrong with those names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from pipelines.plan import ModelUse, Plan
from pipelines.tree import Map, place, suggest
from schemas.problem import Position, Problem
from schemas.settings import ModelSettings, ShareSettings

IN_THE_BOX = frozenset({"intent"})
_ADD = "`hearth models add DIR`, or name it under `models:` in hearth.yaml"
_OWN = ("driver", "path", "url", "name", "key")


def model_folders(home: Path) -> list[str]:
    """The names of the folders below `models/` that hold one in force."""
    return sorted(path.parent.name for path in (home / "models").glob("*/manifest.json"))


def meant(name: str, models: Mapping[str, ModelSettings]) -> list[str]:
    """Every model that a name stands for, however deep; itself where it stands for no other."""
    found, ahead = dict[str, None](), [name]
    seen = set[str]()
    while ahead:
        here = ahead.pop(0)
        inner = _inside(here, models)
        if not inner:
            found[here] = None
        ahead += [each for each in inner if each not in seen]
        seen.update(inner)
    return list(found)


def _inside(name: str, models: Mapping[str, ModelSettings]) -> Sequence[str]:
    settings = models.get(name)
    if settings is None:
        return ()
    inner = [*(share.model for share in settings.split), settings.first, settings.then]
    return [each for each in inner if each]


# ---------------------------------------------------------------------- in hearth.yaml
def wrong_models(
    models: Mapping[str, ModelSettings], tree: Map, folders: Collection[str]
) -> Iterator[Problem]:
    """What is wrong with the entries of `models:`."""
    known = {*models, *folders, *IN_THE_BOX}
    for name, settings in models.items():
        at = place(tree, ["models", name], tree.at)
        yield from _wrong_choice(name, settings, tree, at)
        for key, inner in _named(settings):
            spot = place(tree, ["models", name, *key], at)
            if inner not in known:
                hint = suggest(inner, known) or _ADD
                yield Problem(spot, f"there is no model `{inner}`", hint, "warning")
            elif (circle := _way(inner, name, models)) and name == min(circle):
                shown = " → ".join([name, *circle])
                yield Problem(spot, f"`{name}` leads back to itself: {shown}")


def _named(settings: ModelSettings) -> Iterator[tuple[list[str | int], str]]:
    """The models that an entry names, with their places in it."""
    for index, share in enumerate(settings.split):
        yield ["split", index, "model"], share.model
    for key in ("first", "then"):
        if named := getattr(settings, key):
            yield [key], named


def _wrong_choice(name: str, settings: ModelSettings, tree: Map, at: Position) -> Iterator[Problem]:
    if bool(settings.first) != bool(settings.then):
        yield Problem(at, "`first` and `then` belong together", "`then` is asked when unsure")
    if settings.split and settings.first:
        yield Problem(at, f"`{name}` has a `split` and a `first`", "make two entries of it")
    if settings.split or settings.first:
        plain = ModelSettings()
        for key in _OWN:
            if getattr(settings, key) != getattr(plain, key):
                spot = place(tree, ["models", name, key], at)
                text = f"`{name}` stands for other models and has no `{key}` of its own"
                yield Problem(spot, text)
    elif settings.driver == "openai" and not settings.url:
        yield Problem(at, "`driver: openai` needs a `url`", "`url: http://127.0.0.1:8000/v1`")
    if settings.split:
        spot = place(tree, ["models", name, "split"], at)
        yield from _wrong_shares(settings.split, spot)


def _wrong_shares(shares: Sequence[ShareSettings], at: Position) -> Iterator[Problem]:
    if not any(share.weight for share in shares if not share.label):
        text = "no model is left for what has no label"
        yield Problem(at, text, "give one without a `label` a `weight` above 0")
    labels = [share.label for share in shares if share.label]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        yield Problem(at, f"two models share the label `{label}`", "the first would take all of it")


def _way(start: str, end: str, models: Mapping[str, ModelSettings]) -> list[str]:
    """A way from one model to another through those that they stand for; empty without one."""
    came: dict[str, list[str]] = {start: [start]}
    ahead = [start]
    while ahead:
        here = ahead.pop(0)
        if here == end:
            return came[here]
        for inner in _inside(here, models):
            if inner not in came:
                came[inner] = [*came[here], inner]
                ahead.append(inner)
    return []


# ---------------------------------------------------------------------- in pipelines
def wrong_uses(
    plans: Sequence[Plan], models: Mapping[str, ModelSettings], folders: Collection[str]
) -> Iterator[Problem]:
    """What is wrong with the models that steps ask; the settings were checked before."""
    known = {*models, *folders, *IN_THE_BOX}
    for plan in plans:
        for use in plan.models:
            if use.model in known:
                yield from _wrong_use(use, models)
            else:
                text = f"there is no model `{use.model}` yet"
                yield Problem(use.at, text, suggest(use.model, known) or _ADD, "warning")


def _wrong_use(use: ModelUse, models: Mapping[str, ModelSettings]) -> Iterator[Problem]:
    leaves = meant(use.model, models)
    remote = [leaf in models and models[leaf].remote for leaf in leaves]
    if use.where == "cloud" and not any(remote):
        text = f"`{use.model}` runs on this device, and no coordinator is configured"
        yield Problem(use.placed, text, "give a model a `url` in hearth.yaml, or `placement: auto`")
    if use.where == "local" and all(remote):
        text = f"`{use.model}` runs on a server, and this must stay on the device"
        yield Problem(use.placed, text, "name a model that runs here, or `placement: auto`")
    if use.compared and len(leaves) > 1:
        text = f"`{use.model}` stands for several models, whose vectors cannot be compared"
        yield Problem(use.at, text, f"name one: {', '.join(leaves)}")
