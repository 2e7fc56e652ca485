"""What the server loads: the application made from the environment, logging to standard error."""

import gc
import os

from directory.config import Config
from directory.web import log
from directory.web.app import create_app

log.to_standard_error()
app = create_app(Config.from_environment(os.environ))
# What is loaded by now stays: nobody need look again and again whether it can go. A page leaves no circles behind.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
