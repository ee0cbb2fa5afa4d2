"""What the tests of the intent model share."""

from tests.models.conftest import shared
from tests.models.far.fixtures import far_machine

__all__ = ["far_machine", "shared"]
