"""What a plain MLflow client does, against a Ciclo server: MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN name it.

    mlflow_client_test.py <name> [suite …]

Started by mlflow_run.sh. The name makes what the suites create unique, so that several clients can share a server. Suites are the
files of mlflow_suite/; without any, all run.
"""

import importlib
import os
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    os.environ["SUITE_NAME"] = sys.argv[1]
    chosen = sys.argv[2:] or sorted(file.stem for file in (HERE / "mlflow_suite").glob("*.py") if file.stem != "common")
    sys.path.insert(0, str(HERE))
    suites = unittest.TestSuite()
    for name in chosen:
        suites.addTests(unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(f"mlflow_suite.{name}")))
    result = unittest.TextTestRunner(verbosity=int(os.environ.get("VERBOSITY", "1"))).run(suites)
    sys.exit(0 if result.wasSuccessful() and suites.countTestCases() > 0 else 1)


if __name__ == "__main__":
    main()
