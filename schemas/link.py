"""How the agent's link to Prefect does, as it tells those who look for a fault."""

from msgspec import Struct


class LinkFigures(Struct, frozen=True):
    """`url` is empty where there is none. `way` is how runs went last (`bulk`, `public`, empty for
    none yet), `waiting` ledger rows wait, `problem` is why, `last_problem` what was wrong last."""

    url: str = ""
    way: str = ""
    waiting: int = 0
    problem: str = ""
    last_problem: str = ""
