"""Which family a path belongs to, and where its key goes."""

import pytest

from ernie_magic import errors
from ernie_magic.config.credentials import Bearer, BearerFromPair, Signature
from ernie_magic.config.platform import family_of_path, path_below, route_path
from ernie_magic.config.services import AI_STUDIO, EMULATOR, LOCAL, QIANFAN, QIANFAN_V1
from ernie_magic.config.settings import ErnieSettings

ACTION = "/v2/service?Action=DescribeServices"
PAIR = {"QIANFAN_ACCESS_KEY": "a" * 32, "QIANFAN_SECRET_KEY": "b" * 32}


@pytest.mark.parametrize(
    ("path", "family"),
    [
        (ACTION, "pair"),
        ("/v2/model?x=1&Action=DescribeModel", "pair"),
        ("/v2/unknown?Action=Anything", "pair"),
        ("/wenxinworkshop/service/list", "pair"),
        ("/v2/knowledgeBase?Action=DescribeKnowledgeBases", "key"),
        ("/v2/knowledgeBase?clientToken=1&Action=UploadDocuments", "key"),
        ("/v2/knowledgebases/search", "key"),
        ("/v2/knowledgeBase/../service?Action=DescribeServices", "pair"),
        ("/v2/chat/%2e%2e/service?Action=DescribeServices", "pair"),
        ("/v2/app?Action=DescribeApps", "key"),
        ("/v2/app/conversation/runs", "key"),
        ("/v2/chat/completions", "key"),
        ("/v2/files", "key"),
        ("/video/generations?task_id=1", "key"),
        ("/models", "service"),
        ("/chat/completions", "service"),
        ("/service?Action=DescribeServices", "service"),
        ("/v2", "service"),
    ],
)
@pytest.mark.parametrize("service", [AI_STUDIO, QIANFAN, QIANFAN_V1, EMULATOR])
def test_the_family_is_told_by_the_path(path, family, service):
    assert family_of_path(path, service) == family


def test_on_a_server_of_the_user_s_own_each_path_is_that_server_s():
    for path in (ACTION, "/v2/models", "/wenxinworkshop/x"):
        assert family_of_path(path, LOCAL) == "service"


@pytest.mark.parametrize(
    "path",
    [
        "/v2/charge?Action=PurchaseTPMResource",
        "/v2/charge",
        "/v2/service/../charge?Action=PurchaseTPMResource",
        "/v2/./charge",
        "/v2//charge",
        "/v2/%63harge",
        "/v2/%2e%2e/v2/charge",
        "/charge?Action=PurchaseTPMResource",
    ],
)
def test_what_buys_is_not_called(path):
    with pytest.raises(errors.InvalidOption, match="/v2/charge"):
        family_of_path(path, QIANFAN)


@pytest.fixture
def pair(monkeypatch):
    for name, value in PAIR.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("service", ["aistudio", "qianfan", "qianfan-v1", "local"])
def test_the_console_is_signed_whichever_service_is_in_use(service, pair, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-other")
    settings = ErnieSettings(service=service)
    endpoint = route_path(settings, ACTION, is_action=True).endpoint
    assert endpoint.base_url == "https://qianfan.baidubce.com"
    assert isinstance(endpoint.credential, Signature)


def test_a_pair_alone_also_calls_what_takes_an_api_key(pair):
    endpoint = route_path(ErnieSettings(service="qianfan"), "/v2/app/conversation").endpoint
    assert isinstance(endpoint.credential, BearerFromPair)
    assert endpoint.base_url == "https://qianfan.baidubce.com"


def test_the_key_of_another_service_is_never_the_platform_s(monkeypatch):
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-of-the-studio")
    with pytest.raises(errors.MissingKey, match="QIANFAN_API_KEY"):
        route_path(ErnieSettings(service="aistudio"), "/v2/app/conversation")
    with pytest.raises(errors.MissingKey):
        route_path(ErnieSettings(api_key="k-of-the-session"), "/v2/app/conversation")
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    endpoint = route_path(ErnieSettings(service="aistudio"), "/v2/app/conversation").endpoint
    assert isinstance(endpoint.credential, Bearer)
    assert endpoint.credential.key.reveal() == "bce-v3/ALTAK-x/0123"


def test_the_pair_of_the_environment_does_not_go_to_an_address_that_was_typed_in(pair):
    settings = ErnieSettings(service="qianfan", base_url="http://127.0.0.1:9/v2")
    with pytest.raises(errors.MissingKey, match="come from different places"):
        route_path(settings, ACTION)
    settings = ErnieSettings(
        service="qianfan",
        base_url="http://127.0.0.1:9/v2",
        access_key="c" * 32,
        secret_key="d" * 32,
    )
    endpoint = route_path(settings, ACTION).endpoint
    assert endpoint.base_url == "http://127.0.0.1:9"
    assert endpoint.credential.pair.access.reveal() == "c" * 32


def test_the_pair_of_the_environment_does_not_go_to_an_address_of_a_folder(pair, tmp_path):
    (tmp_path / "work" / ".env").write_text("QIANFAN_CONSOLE_API_BASE_URL=http://127.0.0.1:9\n")
    with pytest.raises(errors.MissingKey, match="come from different places"):
        route_path(ErnieSettings(service="qianfan"), ACTION)


def test_a_bearer_token_of_the_session_does_not_hide_the_pair_of_the_environment(pair):
    settings = ErnieSettings(service="qianfan", bearer_token="bce-v3/ALTAK-x/0123")
    assert isinstance(route_path(settings, ACTION).endpoint.credential, Signature)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/v2/models",
        "https://qianfan.baidubce.com.example.com/v2/models",
        "https://qianfan.baidubce.com@example.com/v2/models",
        "https://qianfan.baidubce.com:8443/v2/models",
        "http://qianfan.baidubce.com/v2/models",
        "https://qianfan.baidubce.com",
        "https://user:secret-password@qianfan.baidubce.com/v2/models",
    ],
)
def test_a_whole_url_of_another_host_is_refused_and_its_password_not_shown(url):
    with pytest.raises(errors.InvalidOption) as caught:
        path_below(url, ("https://qianfan.baidubce.com",))
    assert "secret-password" not in str(caught.value)


def test_a_whole_url_below_an_address_is_its_path():
    addresses = ("https://aistudio.baidu.com/llm/lmapi/v3", "https://qianfan.baidubce.com")
    assert path_below("https://aistudio.baidu.com/llm/lmapi/v3/models", addresses) == "/models"
    assert path_below("https://QIANFAN.baidubce.com" + ACTION, addresses) == ACTION
