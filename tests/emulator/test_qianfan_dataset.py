"""The official client's class of datasets against the emulator.

It needs pyarrow: that of this environment, or of the one that `ERNIE_APPBUILDER_PYTHON` names.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY

PYTHON = os.environ.get("ERNIE_APPBUILDER_PYTHON", "")
if importlib.util.find_spec("pyarrow"):
    PYTHON = sys.executable

pytestmark = pytest.mark.skipif(not PYTHON, reason="no Python with qianfan and pyarrow is named")


def test_a_dataset_is_loaded_exported_and_saved(emulator, tmp_path):
    env = {
        **os.environ,
        "QIANFAN_ACCESS_KEY": ACCESS_KEY,
        "QIANFAN_SECRET_KEY": SECRET_KEY,
        "QIANFAN_CONSOLE_API_BASE_URL": emulator.url,
        "QIANFAN_DOT_ENV_CONFIG_FILE": os.devnull,
        "QIANFAN_DISABLE_CACHE": "true",
        "QIANFAN_EXPORT_STATUS_POLLING_INTERVAL": "0.1",
        "QIANFAN_LOG_LEVEL": "ERROR",
        "NO_PROXY": "127.0.0.1",
        "HOME": str(tmp_path),
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [PYTHON, "-W", "ignore", "-m", "tests.emulator.dataset_calls", tmp_path],
        cwd=Path(__file__).parents[2],
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    got = json.loads(done.stdout.splitlines()[-1])
    assert got["rows"] == 100
    assert got["exports"] == 1
    assert "不是真实数据" in got["saved"][0]
    assert got["saved"][0] == got["saved"][1]
