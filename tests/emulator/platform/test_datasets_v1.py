"""V1's data on the emulator, as the official client calls it."""

from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from tests.emulator.platform.test_datasets import MODULE
from tests.emulator.test_qianfan_client import run

KEYS = {"QIANFAN_ACCESS_KEY": ACCESS_KEY, "QIANFAN_SECRET_KEY": SECRET_KEY}


def test_the_official_client_s_data_of_v1(emulator, tmp_path):
    got = run(emulator, tmp_path, "v1", KEYS, MODULE)
    assert "failed" not in got, got["failed"]
    assert (got["created"]["path"], got["created"]["name"]) == ("dir/", "train")
    assert got["empty"]["error"] == "QianfanError"  # by `success`: without it, a KeyError
    assert "no annotated data" in got["empty"]["message"]
    assert got["imported"]["result"] == [True, [1, 2]]
    assert (got["info"]["pk"], got["info"]["count"]) == (True, 100)
    assert (got["released"]["result"], got["release"]["states"]) == (True, [1, 2])
    assert (got["export"]["count"], got["export"]["zip"]) == (100, "PK")
    entities = got["entities"]
    assert (entities["total"], entities["count"], entities["annotated"]) == (100, 10, True)
    assert entities["deleted"] == {"failedOnes": ["no"]}
    assert got["failed import"]["result"] == [True, [1, 3]]
    assert "response 为空" in got["faults"]["text"]
    assert (got["etl"]["states"], got["etl"]["remaining"]) == ([1, 2], 100)
    assert (got["etl"]["total"], got["etl"]["deleted"]) == (1, True)
    assert got["augmentation"]["states"] == [1, 2]
    assert got["deleted"]["result"] == {"versionCount": 0}
    assert "param[datasetId] invalid" in got["gone"]["message"]
