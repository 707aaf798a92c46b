"""From one submission to its result, on the processes of a pool."""
