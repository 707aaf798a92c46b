"""Lets the exercises be practised without an installation: records answers, builds the wheel, collects Pyodide."""
