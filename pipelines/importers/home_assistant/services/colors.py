"""Colours by the names of CSS that people give lamps."""

from __future__ import annotations

from collections.abc import Mapping

_TEXT = """
red ff0000 green 008000 blue 0000ff white ffffff yellow ffff00 orange ffa500 purple 800080
pink ffc0cb cyan 00ffff aqua 00ffff magenta ff00ff fuchsia ff00ff lime 00ff00 teal 008080
turquoise 40e0d0 gold ffd700 salmon fa8072 coral ff7f50 tomato ff6347 crimson dc143c
violet ee82ee indigo 4b0082 navy 000080 maroon 800000 olive 808000 skyblue 87ceeb
lightblue add8e6 darkblue 00008b royalblue 4169e1 deepskyblue 00bfff lightgreen 90ee90
darkgreen 006400 seagreen 2e8b57 springgreen 00ff7f chartreuse 7fff00 khaki f0e68c
hotpink ff69b4 deeppink ff1493 orchid da70d6 plum dda0dd lavender e6e6fa orangered ff4500
darkorange ff8c00 darkred 8b0000 firebrick b22222 brown a52a2a chocolate d2691e beige f5f5dc
ivory fffff0 snow fffafa linen faf0e6 moccasin ffe4b5 peachpuff ffdab9 bisque ffe4c4
wheat f5deb3 tan d2b48c blueviolet 8a2be2 darkviolet 9400d3 mediumpurple 9370db slateblue 6a5acd
"""
_WORDS = _TEXT.split()
NAMED: Mapping[str, tuple[int, int, int]] = {
    name: (int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16))
    for name, code in zip(_WORDS[::2], _WORDS[1::2], strict=True)
}
