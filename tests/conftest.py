"""What all tests share: laws are judged by their outcome, never by the clock."""

from __future__ import annotations

import hypothesis

hypothesis.settings.register_profile("project", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("project")
