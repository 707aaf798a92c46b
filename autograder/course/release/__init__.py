"""From solutions/ to the labs that learners get."""
