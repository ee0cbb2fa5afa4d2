"""The process that makes Prefect's tables ends with the server that has started it."""

from pathlib import Path

from tests.prefect.scene import until
from tests.prefect.servers import PrefectServer


async def test_a_server_killed_while_it_makes_its_tables_leaves_nobody_behind(
    tmp_path: Path,
) -> None:
    server = PrefectServer(tmp_path)
    server.launch_only()
    try:
        await until(lambda: bool(_children(server.pid)))
        maker = _children(server.pid)[0]
        await until((Path(server.launch.data) / "prefect.db").exists)
    finally:
        server.kill()
    await until(lambda: not _is_alive(maker))


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
