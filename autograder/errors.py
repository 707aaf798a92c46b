"""What can go wrong for a user."""


class UsageError(Exception):
    """The user asked for something that cannot be done; the message says what to do instead."""
