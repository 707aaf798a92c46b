"""Runs a stranger's program in a process that can do no harm, and talks to it in plain data.

`session` is the trusted side. `template` is the warm process that is forked for each submission, `jail` what the fork
is locked into, `shell` what runs the cells and answers questions there, `wire` the language between the two sides.
`home` is a process on a learner's own machine, for their own notebook: the same without the jail. `lacking` is what
becomes of imports of packages that are not there, `packages` the list of those that are, `harmless` what goes by the
course's own names.
"""
