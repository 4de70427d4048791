"""`python -m cmsim.cli`."""

import sys

from . import main

sys.exit(main())
