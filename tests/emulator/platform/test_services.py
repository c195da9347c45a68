"""Services of the platform: deployed, preset, by V2 and by V1."""

import pytest

from ernie_magic import errors
from ernie_magic.session import Session

BODY = {"modelSetId": "am-1", "modelId": "amv-1", "name": "mine"}


@pytest.fixture(scope="module")
def session():
    with Session(service="emulator") as session:
        yield session


def act(session, action, **body):
    return session.wire.call("service", action, body)["result"]


def v1(session, path, **body):
    return session.wire.post(f"/wenxinworkshop/service/{path}", body)["result"]


def test_a_service_can_be_called_once_it_serves(session):
    made = act(session, "CreateService", **BODY, urlSuffix="first")
    assert made["serviceId"].startswith("svco-")
    found = act(session, "DescribeService", serviceId=made["serviceId"])
    question = {"model": found["endpoint"], "messages": [{"role": "user", "content": "hi"}]}
    with pytest.raises(errors.ModelNotFound):
        session.wire.post("/v2/chat/completions", question)
    for _ in range(2):
        found = act(session, "DescribeService", serviceId=made["serviceId"])
    assert found["runStatus"] == "Serving"
    assert found["url"].rpartition("/")[2] == found["endpoint"]
    assert session.wire.post("/v2/chat/completions", question)["choices"]
    act(session, "ModifyService", serviceId=made["serviceId"], modelSetId="am-2", modelId="amv-2")
    found = act(session, "DescribeService", serviceId=made["serviceId"])
    assert (found["runStatus"], found["modelId"]) == ("Deploying", "amv-2")


def test_services_are_filtered_and_paged(session):
    for suffix in ("page-a", "page-b", "page-c"):
        act(session, "CreateService", **{**BODY, "name": "paged"}, urlSuffix=suffix)
    page = act(session, "DescribeServices", name="paged", maxKeys=2)
    assert len(page["serviceList"]) == 2
    rest = act(
        session, "DescribeServices", name="paged", marker=page["pageInfo"]["nextMarker"], maxKeys=2
    )
    assert len(rest["serviceList"]) == 1
    assert rest["pageInfo"]["isTruncated"] is False
    backwards = act(session, "DescribeServices", name="paged", pageReverse=True)
    assert backwards["serviceList"][0] == rest["serviceList"][0]
    assert act(session, "DescribeServices", runStatus=["Failed"])["serviceList"] == []
    preset = act(session, "DescribePresetServices", serviceType=["embeddings"])["serviceList"]
    assert {row["serviceType"] for row in preset} == {"embeddings"}
    only = act(session, "DescribePresetServices", serviceIds=[preset[0]["serviceId"]])
    assert only["serviceList"] == preset[:1]
    assert act(session, "DescribeService", serviceId=preset[0]["serviceId"]) == preset[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x"},
        {"urlSuffix": "Upper"},
        {"urlSuffix": "ends-"},
        {"resourceConfig": {"qps": 0}},
        {"resourceConfig": {"region": "sz"}},
        {"billing": {"paymentTiming": "Later"}},
        {"modelId": ""},
    ],
)
def test_a_wrong_field_of_a_deployment_is_named(session, wrong):
    body = {**BODY, "urlSuffix": "wrong", **wrong}
    with pytest.raises(errors.BadRequest, match=rf"param\[{next(iter(wrong))}\]"):
        session.wire.call("service", "CreateService", body)


def test_metrics_have_a_row_for_each_service(session):
    made = act(session, "CreateService", **BODY, urlSuffix="metric")
    times = {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-02T00:00:00Z"}
    found = act(session, "DescribeServiceMetric", serviceId=[made["serviceId"]], **times)
    assert found["serviceList"][0]["appList"][0]["metric"]["callTotal"] == 0
    with pytest.raises(errors.BadRequest, match="startTime"):
        act(session, "DescribeServiceMetric", startTime="today", endTime="tomorrow")


def test_v1_deploys_and_lists_the_same_services(session):
    preset = session.wire.call("model", "DescribeModelSet", {"modelSetName": "ernie-3.5-8k"})
    version = preset["result"]["modelIds"][0]
    made = v1(session, "apply", modelId=1, modelVersionId=version, name="old", uri="old_uri")
    assert made["result"] is True
    details = [v1(session, "detail", serviceId=made["serviceId"]) for _ in range(3)]
    assert [detail["serviceStatus"] for detail in details] == ["New", "Deploying", "Done"]
    assert details[0]["fullUri"].endswith(details[0]["uri"])
    custom = {row["name"]: row for row in v1(session, "list")["custom"]}
    assert custom["old"]["baseModel"] == "ernie-3.5-8k"
    kinds = v1(session, "list", apiTypefilter=["embeddings"])
    assert {row["apiType"] for row in kinds["common"]} == {"embeddings"}
