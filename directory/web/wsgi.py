"""What the server loads: the application made from the environment, logging to standard error."""

import os

from directory.config import Config
from directory.web import log
from directory.web.app import create_app

log.to_standard_error()
app = create_app(Config.from_environment(os.environ))
