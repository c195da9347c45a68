"""The doctor examines the settings and the way to the service."""


def test_doctor_finds_everything_well(run, ernie):
    ernie.settings.model = "ernie-3.5-8k"
    _, out = run("%ernie doctor")
    assert "✗" not in out
    assert "canary" not in out
    assert "ernie-3.5-8k is on the list" in out


def test_doctor_tells_a_server_that_is_down_and_does_not_fail(run, ernie):
    ernie.settings.base_url = "http://127.0.0.1:9/v1"
    result, out = run("%ernie doctor")
    assert result.success
    assert "✗" in out
    assert "127.0.0.1:9" in out
