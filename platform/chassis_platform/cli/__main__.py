"""`python -m chassis_platform.cli`."""

from chassis_platform.cli import main

main()
