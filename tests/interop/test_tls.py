"""Handshakes as openssl s_client makes them: both versions, both kinds of server certificate, with and without a client's."""

import re
import subprocess

import pytest

from world import DPS_HOST, HUB_HOST, clean_environment

CIPHERS = {"ecdsa": ["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "rsa": ["-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]}
SIGNATURES = {"ecdsa": ["-sigalgs", "ecdsa_secp256r1_sha256"], "rsa": ["-sigalgs", "rsa_pss_rsae_sha256"]}


def s_client(world, *options, name=HUB_HOST, address=None):
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"{address or world.address}:8883", "-servername", name,
         "-verify_hostname", name, "-verify_return_error", "-CAfile", world.ca, *map(str, options)],
        input="", capture_output=True, text=True, timeout=30, env=clean_environment(),
    )


@pytest.mark.parametrize("certificate", ["with", "without"])
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_handshake(world, version, kind, certificate):
    # In TLS 1.3 the suite does not name the kind of certificate; the signature algorithms do (RFC 8446 section 4.2.3).
    options = [version, *(CIPHERS if version == "-tls1_2" else SIGNATURES)[kind]]
    if certificate == "with":
        options += ["-cert", world.cert, "-key", world.key]
    done = s_client(world, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verify return code: 0 (ok)" in done.stdout
    assert re.search(r"New, TLSv1\.[23], Cipher is ", done.stdout)
    signature = re.search(r"Peer signature type: (\S+)", done.stdout).group(1)
    assert signature == ("ECDSA" if kind == "ecdsa" else "RSA-PSS" if version == "-tls1_3" else signature)


def test_a_certificate_is_requested_and_no_ca_is_named(world):
    """Java and Go send no certificate when the request names only the root (protocol/device/10 section 3)."""
    for version in ("-tls1_2", "-tls1_3"):
        done = s_client(world, version)
        assert "No client certificate CA names sent" in done.stdout, done.stdout
        assert "Client Certificate Types" in done.stdout or "Requested Signature Algorithms" in done.stdout


@pytest.mark.parametrize("name", [DPS_HOST, HUB_HOST, "another-hub.azure-devices.net", "localhost"])
def test_names_in_the_certificate(world, name):
    """Wildcards for the Azure suffixes: a hub made later needs no new certificate."""
    assert s_client(world, name=name).returncode == 0


def test_the_address_is_in_the_certificate(world):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"{world.address}:8883", "-noservername", "-verify_ip", world.address,
         "-verify_return_error", "-CAfile", world.ca],
        input="", capture_output=True, text=True, timeout=30, env=clean_environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_versions_are_refused(world, version):
    done = s_client(world, version, "-cipher", "ALL:@SECLEVEL=0")
    assert done.returncode != 0


def test_another_name_is_not_verified(world):
    """The name constraints hold: the server's CA vouches for these names and no others."""
    assert s_client(world, name="example.com").returncode != 0


def test_other_roots_do_not_vouch_for_it(world):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"{world.address}:8883", "-servername", HUB_HOST, "-verify_return_error",
         "-no-CAfile", "-no-CApath", "-no-CAstore"],
        input="", capture_output=True, text=True, timeout=30, env=clean_environment(),
    )
    assert done.returncode != 0
