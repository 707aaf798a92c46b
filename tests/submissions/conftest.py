"""Has the promises explain themselves as tests do."""

import pytest

pytest.register_assert_rewrite("tests.submissions.promises")
