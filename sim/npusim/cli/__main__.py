"""`python -m npusim.cli`: the same as `npusim`."""

from npusim.cli import main

main()
