"""How long a test waits for what must come: only what hangs takes as long, on however busy a machine."""

SECONDS = 900.0
