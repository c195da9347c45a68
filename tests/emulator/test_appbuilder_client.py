"""The official AppBuilder client against the emulator: knowledge bases and applications.

The client needs an environment of its own, since it holds urllib3 below 2 and brings 28 packages:
`ERNIE_APPBUILDER_PYTHON` names the interpreter of one in which `appbuilder-sdk` is installed.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = os.environ.get("ERNIE_APPBUILDER_PYTHON", "")
if not PYTHON and importlib.util.find_spec("appbuilder"):
    PYTHON = sys.executable

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="ERNIE_APPBUILDER_PYTHON names no Python with appbuilder-sdk"
)


def test_knowledge_bases_and_applications(emulator, tmp_path):
    (tmp_path / "library.txt").write_text("图书馆周一闭馆。\n\n每人可以借三本书。", "utf-8")
    (tmp_path / "rules.txt").write_text("阅览室周日闭馆。", "utf-8")
    env = {
        **os.environ,
        "APPBUILDER_TOKEN": "Bearer bce-v3/ALTAK-test/0123456789",
        "GATEWAY_URL_V2": emulator.url,
        "GATEWAY_URL": emulator.url,
        "APPBUILDER_SDK_TRACE_ENABLE": "false",
        "NO_PROXY": "127.0.0.1",
        "HOME": str(tmp_path),
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        # Not as a file, whose folder would come first: `platform` is a room there.
        [PYTHON, "-W", "ignore", "-m", "tests.emulator.appbuilder_calls", tmp_path],
        cwd=Path(__file__).parents[2],
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    calls = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    got = {call.pop("call"): call for call in calls}
    assert got["create"]["named"]
    assert got["list"] == {"names": ["library-2"], "truncated": False}
    assert got["documents"] == {"uploaded": True, "web": 1}
    assert [states[0] for states in got["states"]["states"]] == [
        "queuing",
        "parsing",
        "indexing",
        "available",
    ]
    assert "周一闭馆" in got["query"]["texts"][0]
    assert got["chunks"] == {"content": "图书馆周三闭馆。", "count": 2}
    assert got["left"] == {"documents": 1}
    assert got["deleted"]["error"] == "BadRequestException"
    assert got["apps"]["names"] == ["demo", "demo-chat", "demo-flow"]
    assert "不能退货 [1]" in got["run"]["answer"]
    assert got["run"]["references"][0] == "退货与退款.md"
    assert got["stream"]["answer"] == got["run"]["answer"]
    assert got["stream"]["usage"][0] > 0
    assert "周日闭馆 [1]" in got["file"]["answer"]
    assert got["tool"] == {"name": "get_current_weather", "arguments": {"location": "北京"}}
    assert "北京 20 度" in got["tools"]["answer"]
    assert "success" in got
    assert got["flow"]["turns"] == [
        "好的，帮您登记退货。请告诉我订单号。",
        "订单 A-17：退货的原因是什么？",
        "已登记订单 A-17 的退货，原因：太酸。退货标签见图。",
    ]
