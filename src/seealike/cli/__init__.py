"""The command line: parse, dispatch, and turn errors into one line and an exit code."""
