"""Certificate authorities for tests, made with openssl: nothing here is worth keeping secret."""

import datetime
import pathlib
import subprocess

CONFIGURATION = """
[ca]
default_ca = own
[own]
database = {folder}/index.txt
serial = {folder}/serial
crlnumber = {folder}/crlnumber
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_days = 365
default_crl_days = 365
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""


def openssl(*arguments, text=None):
    ran = subprocess.run(["openssl", *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60,
                         check=False)
    if ran.returncode != 0:
        raise AssertionError(f"openssl {' '.join(map(str, arguments))}: {ran.stderr}")
    return ran.stdout


class Identity:
    """A certificate and its key, as files."""

    def __init__(self, certificate, key):
        self.certificate, self.key = certificate, key

    @property
    def sha256(self):
        return openssl("x509", "-in", self.certificate, "-noout", "-sha256", "-fingerprint").strip().split("=")[1]

    @property
    def serial(self):
        return openssl("x509", "-in", self.certificate, "-noout", "-serial").strip().split("=")[1]


class Authority:
    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.certificate = self.folder / "ca.pem"
        self.settings = self.folder / "openssl.cnf"
        self.settings.write_text(CONFIGURATION.format(folder=self.folder))
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "crlnumber").write_text("01\n")
        openssl("req", "-x509", "-config", self.settings, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", self.folder / "ca.key", "-out", self.certificate, "-subj", f"/CN={name}",
                "-days", "365", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, alternative="", days=(-1, 365), file=""):
        """A certificate for a common name, valid from so many days from now to so many days from now."""
        stem = self.folder / (file or name)
        certificate, key, request = stem.with_suffix(".pem"), stem.with_suffix(".key"), stem.with_suffix(".csr")
        names = ["-addext", f"subjectAltName={alternative}"] if alternative else []
        openssl("req", "-new", "-config", self.settings, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}", *names)
        start, end = (self.time_of(day) for day in days)
        openssl("ca", "-batch", "-notext", "-config", self.settings, "-in", request, "-out", certificate,
                "-startdate", start, "-enddate", end)
        key.chmod(0o600)
        return Identity(certificate, key)

    @staticmethod
    def time_of(day):
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=day)
        return at.strftime("%Y%m%d%H%M%SZ")

    def revoke(self, identity):
        openssl("ca", "-config", self.settings, "-revoke", identity.certificate)

    def revocation_list(self, file="crl.pem"):
        listed = self.folder / file
        openssl("ca", "-config", self.settings, "-gencrl", "-out", listed)
        return listed
