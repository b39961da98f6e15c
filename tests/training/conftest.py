import sys
from pathlib import Path

# blobs.py is shared by the tests of this folder and is no test itself
sys.path.insert(0, str(Path(__file__).parent))
