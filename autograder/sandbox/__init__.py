"""Runs a stranger's program in a process that can do no harm, and talks to it in plain data.

`session` is the trusted side. `template` is the warm process that is forked for each submission, `jail` what the fork
is locked into, `shell` what runs the cells and answers questions there, `wire` the language between the two sides.
"""
