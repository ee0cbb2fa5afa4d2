"""The shape of the intent network: what its parameters are called and what its outputs mean.

Bytes are embedded (with their place, in steps of four bytes), go through five dilated convolutions
with residual connections, and are pooled twice: by attention, sixteen heads of six channels, and by
maximum. One hidden layer of the pooled sentence gives the labels of the sentence; each byte's
channels with that hidden layer give its tag.
"""

from edge_agent.intents.labels import CHANGES, DOMAINS, INTENTS, LANGUAGES, SPANS

CHANNELS = 96
BLOCKS = ((5, 1), (3, 2), (3, 4), (3, 8), (3, 16))
"""Taps and dilation of each convolution."""
HEADS = 16
HIDDEN = 96
STEP, STEPS = 4, 64
TAGS = ("O", *(f"{mark}-{span}" for span in SPANS for mark in "BI"))
LABELS = len(LANGUAGES) + len(INTENTS) + len(DOMAINS) + len(CHANGES) + 1

_SIZES = (len(LANGUAGES), len(INTENTS), len(DOMAINS), len(CHANGES), 1)
_ENDS = [sum(_SIZES[: i + 1]) for i in range(len(_SIZES))]
LANGUAGE, INTENT, DOMAIN, CHANGE, MORE = (
    slice(end - size, end) for end, size in zip(_ENDS, _SIZES, strict=True)
)
"""Where each label's logits lie among the sentence's."""


def parameters() -> dict[str, tuple[int, ...]]:
    """Every parameter's name and shape, as (inputs, outputs)."""
    wide = CHANNELS
    shapes: dict[str, tuple[int, ...]] = {"embedding": (256, wide), "places": (STEPS, wide)}
    for number, (taps, _) in enumerate(BLOCKS):
        shapes[f"conv{number}"] = (taps * wide, wide)
        shapes[f"conv{number}_bias"] = (wide,)
        shapes[f"mix{number}"] = (wide, wide)
        shapes[f"mix{number}_bias"] = (wide,)
    return {
        **shapes,
        "attention": (wide, HEADS),
        "sentence": (2 * wide, HIDDEN),
        "sentence_bias": (HIDDEN,),
        "labels": (HIDDEN, LABELS),
        "labels_bias": (LABELS,),
        "context": (HIDDEN, wide),
        "byte": (wide, wide),
        "byte_bias": (wide,),
        "tags": (wide, len(TAGS)),
        "tags_bias": (len(TAGS),),
    }
