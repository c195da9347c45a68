"""The official `qianfan` client against the emulator: V1 and V2, by every kind of key."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY

KEYS = {
    ("v1", "OAuth"): {"QIANFAN_AK": "an-application-s-key", "QIANFAN_SK": "its-secret"},
    ("v1", "signature"): {"QIANFAN_ACCESS_KEY": ACCESS_KEY, "QIANFAN_SECRET_KEY": SECRET_KEY},
    ("v1", "access token"): {
        "QIANFAN_ACCESS_TOKEN": "24.0123456789abcdef0123456789abcdef.2592000.1999999999.282335-1"
    },
    ("v2", "bearer"): {"QIANFAN_BEARER_TOKEN": "bce-v3/ALTAK-test/0123456789"},
    ("v2", "pair"): {"QIANFAN_ACCESS_KEY": ACCESS_KEY, "QIANFAN_SECRET_KEY": SECRET_KEY},
}


def run(emulator, tmp_path, version, keys, module="tests.emulator.qianfan_calls"):
    """What the official client received, by call."""
    env = {
        **os.environ,
        **keys,
        "QIANFAN_BASE_URL": emulator.url,
        "QIANFAN_CONSOLE_API_BASE_URL": emulator.url,
        "QIANFAN_IAM_BASE_URL": emulator.url,
        "QIANFAN_DOT_ENV_CONFIG_FILE": os.devnull,
        "QIANFAN_DISABLE_CACHE": "true",
        "QIANFAN_TRAIN_STATUS_POLLING_INTERVAL": "0.1",
        "QIANFAN_MODEL_PUBLISH_STATUS_POLLING_INTERVAL": "0.1",
        "QIANFAN_DEPLOY_STATUS_POLLING_INTERVAL": "0.1",
        "NO_PROXY": "127.0.0.1",
        "HOME": str(tmp_path),
        "QIANFAN_LOG_LEVEL": "ERROR",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",  # not as a file, whose folder would come first: `platform` is a room there
            module,
            version,
        ],
        cwd=Path(__file__).parents[2],
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    calls = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert calls, done.stderr[-2000:]
    return {call["call"]: call for call in calls}


@pytest.mark.parametrize("kind", [kind for version, kind in KEYS if version == "v1"])
def test_v1_by_every_kind_of_key(emulator, tmp_path, kind):
    got = run(emulator, tmp_path, "v1", KEYS["v1", kind])
    assert "failed" not in got, got["failed"]
    assert got["chat"]["result"] == "你好, hi"
    assert {
        "id",
        "object",
        "created",
        "result",
        "is_truncated",
        "need_clear_history",
        "usage",
    } <= set(got["chat"]["keys"])
    assert got["stream"]["text"] == "你好, hi"
    assert got["stream"]["ends"] == [False] * (len(got["stream"]["ends"]) - 1) + [True]
    assert got["stream"]["ids"] == list(range(len(got["stream"]["ids"])))
    assert got["stream"]["usage"]["completion_tokens"] > 0
    assert got["deployed"]["result"] == "你好, hi"
    assert "系统提示词：你是助手" in got["system"]["result"]
    assert got["function"]["call_of"]["name"] == "get_current_weather"
    assert json.loads(got["function"]["call_of"]["arguments"]) == {"location": "北京"}
    assert '{"temperature": "20"}' in got["function result"]["result"]
    assert got["completion"]["result"] == "select 1"
    assert got["embedding"]["sizes"] == [384, 384]
    assert got["image"]["sizes"][0] > 1000
    assert got["tokens"]["remote"] == 3
    assert [result["index"] for result in got["rerank"]["results"]] == [1, 0]
    assert got["refused"]["code"] == 336006
    check_plugins(got)


def check_plugins(got):
    """What `qianfan.Plugin` received: of an application, and of ERNIE Bot."""
    plugin = got["plugin"]
    assert "不能退货 [1]" in plugin["result"]
    assert plugin["text"] == plugin["result"]
    assert plugin["found"][0] == "退货与退款.md"
    assert "meta_info" in plugin["first"]
    assert "result" not in plugin["first"]
    bot = got["plugin of ERNIE Bot"]
    assert bot["events"] == ["pluginMeta", "plugin", "chat"]
    assert bot["text"] == bot["older"] == "你好, hi"


@pytest.mark.parametrize("kind", [kind for version, kind in KEYS if version == "v2"])
def test_v2_by_every_kind_of_key(emulator, tmp_path, kind):
    got = run(emulator, tmp_path, "v2", KEYS["v2", kind])
    assert "failed" not in got, got["failed"]
    assert (got["chat"]["result"], got["chat"]["finish"]) == ("你好, hi", "normal")
    assert got["chat"]["usage"] > 0
    assert got["stream"]["text"] == "你好, hi"
    assert got["stream"]["usage"] > 0
    # Its asynchronous streams fail on `"usage": null`.
    assert (got["async stream"]["text"], got["async stream"]["usage"]) == ("你好, hi", [])
    assert (got["tool"]["name"], got["tool"]["finish"]) == ("get_current_weather", "tool_calls")
    assert json.loads(got["tool"]["arguments"]) == {"location": "北京"}
    assert '{"temperature": "20"}' in got["tool result"]["result"]
    if kind == "pair":  # the console's calls are signed
        check_tuning(got)
        check_models(got)
        check_services(got)
        assert got["batch inference"] == {
            "call": "batch inference",
            "states": ["Queuing", "Running", "Running", "Done"],
            "listed": True,
            "stopped": True,
        }


def check_tuning(got):
    """What `tuning_calls` received."""
    v1, v2, trainer = got["tuning v1"], got["tuning v2"], got["trainer"]
    assert (v1["status"], v1["stopped"]) == ("RUNNING", True)
    assert v2 == {
        "call": "tuning v2",
        "models": ["ERNIE-Speed-8K", "ERNIE-Lite-8K-0308", "ERNIE-4.5-21B-A3B"],
        "progress": "0%",
        "tasks": True,
        "jobs": True,
        "stopped": True,
        "deleted": [True, True],
    }
    assert trainer["metrics"] == ["BLEU-4", "ROUGE-1", "ROUGE-2", "ROUGE-L"]
    assert trainer["model"] == ["am-", "amv-"]
    assert trainer["steps"] == sorted(trainer["steps"])


def check_models(got):
    """What `service_calls` received of models."""
    assert got["model states"]["states"] == ["Creating", "Ready"]
    found = got["model set"]
    assert (found["ids"], found["same"]) == (found["wanted"], True)
    assert (got["preset sets"]["count"], got["preset sets"]["page"]["isTruncated"]) == (3, True)
    assert (got["preset model"]["status"], got["preset model"]["source"]) == (
        "Ready",
        "PlatformPreset",
    )
    assert "official" in got["own sets"]["names"]
    assert (got["conf"]["conf"], got["own conf"]["id"]) == ("chat", found["wanted"][0])
    assert got["export"]["states"] == ["Running", "Done"]
    assert got["compression"]["states"] == ["creating", "running", "succeeded"]
    assert got["compressions"]["count"] == 1
    for deleted in ("cancel", "delete task", "delete model", "delete set"):
        assert got[deleted]["done"] is True, deleted
    assert got["unknown model"]["is_named"]
    assert (got["v1 version"]["state"], got["v1 version"]["set"]) == ("Creating", True)
    assert (got["v1 model"]["name"], got["v1 model"]["versions"]) == ("old", 1)
    assert got["v1 presets"]["total"] > 10
    assert got["v1 own"]["total"] == 1
    assert got["v1 evaluation"]["states"] == ["Pending", "Doing", "Done"]
    assert {"accuracy", "f1Score", "bleu4"} <= set(got["v1 evaluation"]["metrics"])
    assert (got["v1 results"]["total"], got["v1 results"]["shown"]) == (2, 1)
    assert got["v1 export"]["states"] == ["Pending", "Uploading", "Done"]
    assert got["v1 export"]["link"].startswith("http://127.0.0.1:")
    assert got["v1 evaluable"]["has_own"]
    assert (got["v1 stop"]["done"], got["v1 delete task"]["done"]) == (True, True)
    assert (got["v1 delete version"]["done"], got["v1 delete model"]["done"]) == (True, True)


def check_services(got):
    """What `service_calls` received of services."""
    assert got["service states"]["states"] == ["New", "Deploying", "Serving"]
    assert got["services"]["ids"] == got["services"]["wanted"] == [got["modify"]["id"]]
    assert got["metric"]["names"] == ["official"]
    assert got["presets"]["kinds"] == ["embeddings"]
    assert got["v1 services"]["kinds"] == ["chat"]
    assert got["v1 states"]["states"] == ["New", "Deploying", "Done"]
    assert (got["published"]["set"], got["published"]["id"]) == ("am-", "amv-")
    assert (got["deployed"]["endpoint"], got["deployed"]["result"]) == ("_tuned", "你好")


@pytest.mark.parametrize(
    ("version", "keys", "told"),
    [
        ("v1", {"QIANFAN_AK": "key", "QIANFAN_SK": "bad-secret"}, "SK(bad-se***) is not correct"),
        ("v1", {"QIANFAN_AK": "bad-key", "QIANFAN_SK": "secret"}, "AK(bad-ke***) is not correct"),
        ("v1", {"QIANFAN_ACCESS_KEY": ACCESS_KEY, "QIANFAN_SECRET_KEY": "bad"}, "14"),
        ("v1", {"QIANFAN_ACCESS_TOKEN": "expired-token"}, "AccessTokenExpiredError"),
    ],
)
def test_wrong_keys_are_refused(emulator, tmp_path, version, keys, told):
    got = run(emulator, tmp_path, version, keys)
    assert "chat" not in got
    assert told in got["failed"]["error"] + got["failed"]["message"]
