from __future__ import annotations

from tests.single_thread import one_torch_thread  # noqa: F401
