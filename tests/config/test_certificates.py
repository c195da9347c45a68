"""Certificates of the environment: what cannot be read is left out and named."""

import os
import ssl
from pathlib import Path

import certifi
import pytest

from ernie_magic.config.certificates import read_certificates


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SSL_CERT_FILE", "/no/such/file.pem", "there is no file /no/such/file.pem"),
        ("SSL_CERT_FILE", "~/ca.pem", "there is no file ~/ca.pem"),
        ("SSL_CERT_FILE", ".", "there is no file .: it is a folder, which SSL_CERT_DIR is for"),
        ("SSL_CERT_FILE", "empty.pem", "empty.pem holds no usable certificates"),
        ("SSL_CERT_FILE", "page.pem", "page.pem holds no usable certificates"),
        ("SSL_CERT_DIR", "/no/such/folder", "there is no folder /no/such/folder"),
        ("SSL_CERT_DIR", "empty", "empty holds no usable certificates"),
        ("SSL_CERT_DIR", "unhashed", "run openssl rehash"),
        ("SSL_CERT_DIR", "broken", "broken holds no usable certificates"),
        ("SSL_CERT_DIR", f"empty{os.pathsep}/no/such", "holds no usable certificates"),
        ("SSLKEYLOGFILE", "/no/such/folder/keys", "/no/such/folder/keys cannot be written"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_named(monkeypatch, tmp_path, name, value, why):
    for folder, file, text in (
        ("empty", ".keep", ""),
        ("unhashed", "ca.pem", Path(certifi.where()).read_text(encoding="utf-8")),
        ("broken", "0a775a30.0", "no certificate"),
    ):
        (tmp_path / "work" / folder).mkdir()
        (tmp_path / "work" / folder / file).write_text(text, encoding="utf-8")
    (tmp_path / "work" / "empty.pem").write_text("")
    (tmp_path / "work" / "page.pem").write_text("<html>login</html>")
    monkeypatch.setenv(name, value)
    certificates = read_certificates()
    assert certificates.source == "certifi"
    assert certificates.context.cert_store_stats()["x509_ca"] > 50
    (ignored,) = certificates.ignored
    assert ignored.name == name
    assert why in ignored.line.en
    assert value in ignored.line.zh


def test_a_file_that_is_there_is_used_also_with_a_line_end_behind_its_name(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", f"{certifi.where()}\r")
    assert read_certificates().source == f"SSL_CERT_FILE={certifi.where()}"
    assert read_certificates().ignored == ()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_what_other_clients_trust_is_used_where_openssl_s_names_nothing(monkeypatch, name):
    monkeypatch.setenv(name, certifi.where())
    assert read_certificates().source == f"{name}={certifi.where()}"
    monkeypatch.setenv(name, "/no/such.pem")
    assert read_certificates().source == "certifi"
    assert [ignored.name for ignored in read_certificates().ignored] == [name]


def test_a_folder_is_used_where_the_file_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    (tmp_path / "0a775a30.0").write_bytes(Path(certifi.where()).read_bytes())
    certificates = read_certificates()
    assert certificates.source == f"SSL_CERT_DIR={tmp_path}"
    assert [ignored.name for ignored in certificates.ignored] == ["SSL_CERT_FILE"]
    monkeypatch.delenv("SSL_CERT_DIR")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert read_certificates().source == f"REQUESTS_CA_BUNDLE={tmp_path}"


def test_a_file_that_appears_later_is_read(monkeypatch, tmp_path):
    file = tmp_path / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert read_certificates().ignored
    file.write_bytes(Path(certifi.where()).read_bytes())
    assert read_certificates().ignored == ()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_the_form_of_certificates_that_a_user_named_is_checked_as_before_python_3_13(
    monkeypatch, tmp_path, name
):
    create = ssl.create_default_context

    def create_strictly(**options):
        context = create(**options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default of Python 3.13
        return context

    monkeypatch.setattr(ssl, "create_default_context", create_strictly)
    monkeypatch.setenv(name, str(tmp_path / "nothing"))
    strict = read_certificates()
    assert strict.source == "certifi"
    assert strict.context.verify_flags & ssl.VERIFY_X509_STRICT
    folder = tmp_path / "certificates"
    folder.mkdir()
    file = folder / "0a775a30.0"
    file.write_bytes(Path(certifi.where()).read_bytes())
    value = folder if name == "SSL_CERT_DIR" else file
    monkeypatch.setenv(name, str(value))
    named = read_certificates()
    assert named.source == f"{name}={value}"
    assert not named.context.verify_flags & ssl.VERIFY_X509_STRICT
    assert named.context.verify_mode == ssl.CERT_REQUIRED
    assert named.context.check_hostname
