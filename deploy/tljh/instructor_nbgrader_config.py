# nbgrader for the instructor's account; goes to ~/.jupyter/nbgrader_config.py. The repository is ~/backprop.

import sys
from pathlib import Path

c = get_config()

repository = Path.home() / "backprop"
sys.path.insert(0, str(repository))
load_subconfig("nbgrader_config.py", path=str(repository))
