"""``python -m seealike`` is ``seealike``."""

from seealike.cli.main import main

main()
