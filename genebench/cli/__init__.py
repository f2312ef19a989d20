"""The command line, one file a part."""

import gc

gc.set_threshold(50_000)  # a start makes objects by the hundred thousand, and frees few
