"""Odd key files: each with what ours must do with it, in the words of its refusal where it must refuse."""

import subprocess
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import pkcs12

VECTORS = Path(__file__).parents[1] / "vectors/keys"
PASSPHRASE = "test passphrase=1"
SAME = None
MEND = (
    "which is not supported; `openssl pkcs8 -topk8 -v2 aes256 -in FILE -out NEW -provider legacy "
    "-provider default` encrypts it again"
)
NO_PEM = "it has no PEM private key; expected a block from `-----BEGIN` to `-----END`"
BROKEN = "it is broken: its content is not an RSA private key"
LOST = "what was lost or added around the base64 says nothing about the key"


def vector(name):
    return (VECTORS / f"test-rsa2048-a.{name}.pem").read_bytes()


def openssl(*arguments, source=None):
    """What openssl makes of the plain key, or of another file."""
    with tempfile.TemporaryDirectory() as folder:
        key, out = Path(folder, "key"), Path(folder, "out")
        key.write_bytes(source if source is not None else vector("pkcs8"))
        command = ["openssl", *arguments, "-in", key, "-out", out, "-provider", "legacy", "-provider", "default"]
        subprocess.run(command, check=True, capture_output=True)
        return out.read_bytes()


def encrypted(*scheme):
    return openssl("pkcs8", "-topk8", *scheme, "-passout", f"pass:{PASSPHRASE}")


def traditional(cipher):
    return openssl("rsa", "-traditional", f"-{cipher}", "-passout", f"pass:{PASSPHRASE}")


def private(key, form=serialization.PrivateFormat.PKCS8):
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def openssh(key):
    return private(key, serialization.PrivateFormat.OpenSSH)


def openssh_encrypted(key):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "key")
        file.touch(0o600)
        file.write_bytes(openssh(key))
        subprocess.run(["ssh-keygen", "-p", "-N", PASSPHRASE, "-f", file], check=True, capture_output=True)
        return file.read_bytes()


def plain():
    return serialization.load_pem_private_key(vector("pkcs8"), None)


def certificate():
    with tempfile.TemporaryDirectory() as folder:
        key, out = Path(folder, "key"), Path(folder, "out")
        key.write_bytes(vector("pkcs8"))
        command = ["openssl", "req", "-x509", "-key", key, "-subj", "/CN=test", "-days", "1", "-out", out]
        subprocess.run(command, check=True, capture_output=True)
        return out.read_bytes()


def ec_with_parameters():
    return subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey"], check=True, capture_output=True
    ).stdout


def rows():
    """Name, passphrase, how it is made, the refusal of ours or SAME, and why where ours is not the SDK's way."""
    pkcs8, pkcs1, aes = vector("pkcs8"), vector("pkcs1"), vector("legacy-aes256")
    pbes2 = vector("pkcs8-aes256-sha256")
    text = pkcs8.decode()
    body = text.replace("-----BEGIN PRIVATE KEY-----\n", "").replace("\n-----END PRIVATE KEY-----\n", "")
    ssh = "it is in OpenSSH's own format; `ssh-keygen -p -m PEM -f FILE` converts it to a supported form"
    ec_key, rsa_only = "it is an EC key; OCI signatures are RSA only", "OCI signatures are RSA only"
    taken = "the SDK takes it, and fails at the first signature"
    command = "ours names the command that mends it"
    kind = "ours says what it is"
    weak = "a cipher that is broken or forgotten: ours names the command that mends it"

    def row(name, make, ours=SAME, why=None, passphrase=None):
        return name, passphrase, make, ours, why

    def locked(name, make, ours=SAME, why=None):
        return name, PASSPHRASE, make, ours, why

    return [
        row("PKCS#8", lambda: pkcs8),
        row("PKCS#1", lambda: pkcs1),
        row("the label of the OCI CLI in a line of its own", lambda: pkcs8 + b"OCI_API_KEY\n"),
        row("the label of the OCI CLI in the line of END", lambda: pkcs8.rstrip() + b"OCI_API_KEY", why=LOST),
        row("CRLF", lambda: pkcs8.replace(b"\n", b"\r\n")),
        row("CR alone", lambda: pkcs8.replace(b"\n", b"\r"), why=LOST),
        row("blanks in place of line ends", lambda: pkcs8.replace(b"\n", b" "), why=LOST),
        row("no line ends at all", lambda: pkcs8.replace(b"\n", b""), why=LOST),
        row("escaped line ends", lambda: pkcs8.replace(b"\n", b"\\n"), why=LOST),
        row("escaped CRLF in double quotes", lambda: b'"' + pkcs8.replace(b"\n", b"\\r\\n") + b'"', why=LOST),
        row("double quotes around it", lambda: b'"' + pkcs8.rstrip() + b'"', why=LOST),
        row("single quotes around it", lambda: b"'" + pkcs8 + b"'", why=LOST),
        row("as a value of YAML", lambda: ("key: |\n" + "".join(f"  {line}\n" for line in text.splitlines())).encode(), why=LOST),
        row("a UTF-8 mark", lambda: b"\xef\xbb\xbf" + pkcs8),
        row("a Latin-1 comment before it", lambda: "clé privée\n".encode("latin-1") + pkcs8),
        row("a Latin-1 comment behind it", lambda: pkcs8 + "clé privée\n".encode("latin-1")),
        row("UTF-16", lambda: text.encode("utf-16"), "it is a text in UTF-16; `iconv -f UTF-16 -t UTF-8 FILE > NEW` converts it to a supported form", command),
        row("blank lines and indentation", lambda: b"\n\n" + b"".join(b"\t " + line + b"  \n" for line in pkcs8.splitlines()) + b"\n"),
        row("base64 in one line", lambda: b"-----BEGIN PRIVATE KEY-----\n" + body.replace("\n", "").encode() + b"\n-----END PRIVATE KEY-----\n"),
        row("base64 in lines of three", lambda: b"-----BEGIN PRIVATE KEY-----\n" + b"\n".join(body.replace("\n", "").encode()[at : at + 3] for at in range(0, len(body), 3)) + b"\n-----END PRIVATE KEY-----\n", why=LOST),
        row("bag attributes of PKCS#12", lambda: b"Bag Attributes\n    friendlyName: me\nKey Attributes: <No Attributes>\n" + pkcs8),
        row("a certificate before it", lambda: certificate() + pkcs8),
        row("its public key before it", lambda: (VECTORS / "test-rsa2048-a.public.pem").read_bytes() + pkcs8),
        row("END of another label", lambda: pkcs8.replace(b"END PRIVATE", b"END RSA PRIVATE"), NO_PEM),
        row("no END", lambda: pkcs8[:-30], NO_PEM),
        row("four dashes", lambda: pkcs8.replace(b"-----", b"----"), NO_PEM),
        row("base64 alone", lambda: body.encode(), NO_PEM),
        row("the first half of the base64", lambda: b"-----BEGIN PRIVATE KEY-----\n" + body[: len(body) // 2].encode() + b"\n-----END PRIVATE KEY-----\n", BROKEN),
        row("a letter lost", lambda: pkcs8.replace(b"MII", b"MI", 1), BROKEN),
        row("a sign that is no base64", lambda: pkcs8.replace(b"MII", b"M*I", 1), BROKEN),
        row("nothing", lambda: b"", NO_PEM),
        row("JSON", lambda: b'{"kty": "RSA"}', NO_PEM),
        row("PKCS#1 labelled PKCS#8", lambda: pkcs1.replace(b"RSA PRIVATE", b"PRIVATE"), BROKEN),
        row("DER", lambda: openssl("rsa", "-outform", "DER"), "it is DER, not PEM; `openssl pkcs8 -topk8 -inform DER -in FILE -out NEW` converts it to a supported form", command),
        row("PKCS#12", lambda: pkcs12.serialize_key_and_certificates(b"me", plain(), None, None, serialization.BestAvailableEncryption(b"x")), "it is PKCS#12; `openssl pkcs12 -in FILE -nocerts -out NEW` converts it to a supported form", command),
        row("a public key", lambda: (VECTORS / "test-rsa2048-a.public.pem").read_bytes(), "it is a public key; expected the private key"),
        row("a public key of SSH", lambda: plain().public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH), "it is a public key; expected the private key"),
        row("a certificate", certificate, "it is a certificate; expected the private key", kind),
        row("1024 bits", lambda: (VECTORS / "docs-sample-rsa1024.pkcs1.pem").read_bytes(), "it has 1024 bits; OCI needs at least 2048", "OCI refuses its signatures"),
        row("EC, PKCS#8", lambda: private(ec.generate_private_key(ec.SECP256R1())), ec_key, taken),
        row("EC, SEC 1", lambda: private(ec.generate_private_key(ec.SECP256R1()), serialization.PrivateFormat.TraditionalOpenSSL), ec_key, taken),
        row("EC parameters before the key", ec_with_parameters, ec_key, taken),
        row("Ed25519", lambda: private(ed25519.Ed25519PrivateKey.generate()), f"it is an Ed25519 key; {rsa_only}", taken),
        row("DSA", lambda: private(dsa.generate_private_key(2048), serialization.PrivateFormat.TraditionalOpenSSL), f"it is a DSA key; {rsa_only}", taken),
        row("OpenSSH, RSA", lambda: openssh(plain()), ssh, command),
        row("OpenSSH, RSA, encrypted", lambda: openssh_encrypted(plain()), ssh, command, PASSPHRASE),
        row("OpenSSH, Ed25519", lambda: openssh(ed25519.Ed25519PrivateKey.generate()), f"it is an Ed25519 key; {rsa_only}", kind),
        row("OpenSSH, ECDSA", lambda: openssh(ec.generate_private_key(ec.SECP256R1())), ec_key, kind),
        row("PuTTY", lambda: b"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", "it is in PuTTY's format; `puttygen FILE -O private-openssh -o NEW` converts it to a supported form", command),
        locked("a passphrase that is not needed", lambda: pkcs8),
        row("encrypted, without a passphrase", lambda: pbes2, "it is encrypted, and no passphrase was given"),
        row("encrypted, with an empty passphrase", lambda: pbes2, "it is encrypted, and no passphrase was given", "an empty passphrase is none", ""),
        row("encrypted, with a wrong passphrase", lambda: pbes2, "it cannot be decrypted: the passphrase is wrong, or the key is broken", passphrase="nope"),
        row("encrypted with a passphrase beyond ASCII", lambda: openssl("pkcs8", "-topk8", "-passout", "pass:clé"), SAME, "the SDK takes ASCII alone", "clé"),
        row("traditional, without a passphrase", lambda: aes, "it is encrypted, and no passphrase was given"),
        row("traditional, with a wrong passphrase", lambda: aes, "it cannot be decrypted: the passphrase is wrong, or the key is broken", passphrase="nope"),
        locked("PBES2, AES-128", lambda: encrypted("-v2", "aes128")),
        locked("PBES2, AES-192", lambda: encrypted("-v2", "aes192")),
        locked("PBES2, AES-256", lambda: encrypted("-v2", "aes256")),
        locked("PBES2, AES-256, HMAC-SHA-1", lambda: encrypted("-v2", "aes256", "-v2prf", "hmacWithSHA1")),
        locked("PBES2, AES-256, HMAC-SHA-512", lambda: encrypted("-v2", "aes256", "-v2prf", "hmacWithSHA512")),
        locked("PBES2, 3DES", lambda: encrypted("-v2", "des3")),
        locked("PBES2, scrypt", lambda: encrypted("-scrypt")),
        locked("PBES2, DES", lambda: encrypted("-v2", "des"), f"it is encrypted with PBES2 with an unusual cipher or derivation, {MEND}", weak),
        locked("PBES2, Camellia", lambda: encrypted("-v2", "camellia256"), f"it is encrypted with PBES2 with an unusual cipher or derivation, {MEND}", weak),
        locked("PBES1, 3DES", lambda: encrypted("-v1", "PBE-SHA1-3DES")),
        locked("PBES1, MD5 and DES", lambda: encrypted("-v1", "PBE-MD5-DES"), f"it is encrypted with PBE-MD5-DES, {MEND}", weak),
        locked("PBES1, SHA-1 and DES", lambda: encrypted("-v1", "PBE-SHA1-DES"), f"it is encrypted with PBE-SHA1-DES, {MEND}", weak),
        locked("PBES1, SHA-1 and RC4", lambda: encrypted("-v1", "PBE-SHA1-RC4-128"), f"it is encrypted with PBE-SHA1-RC4-128, {MEND}", weak),
        locked("PBES1, SHA-1 and RC2", lambda: encrypted("-v1", "PBE-SHA1-RC2-40"), f"it is encrypted with PBE-SHA1-RC2-40, {MEND}", weak),
        row("PBES1, MD5 and DES, without a passphrase", lambda: encrypted("-v1", "PBE-MD5-DES"), f"it is encrypted with PBE-MD5-DES, {MEND}", weak),
        locked("traditional, AES-128", lambda: traditional("aes128")),
        locked("traditional, AES-192", lambda: traditional("aes192"), why="the SDK does not know this cipher in this format"),
        locked("traditional, AES-256", lambda: aes),
        locked("traditional, AES-256, no line ends at all", lambda: aes.replace(b"\n", b""), why=LOST),
        locked("traditional, AES-256, blanks in place of line ends", lambda: aes.replace(b"\n", b" "), why=LOST),
        locked("traditional, 3DES, CR alone", lambda: traditional("des3").replace(b"\n", b"\r"), why=LOST),
        locked("traditional, 3DES", lambda: traditional("des3")),
        locked("traditional, DES", lambda: traditional("des"), f"it is encrypted with DES-CBC, {MEND}", weak),
        locked("traditional, Camellia", lambda: traditional("camellia256"), f"it is encrypted with CAMELLIA-256-CBC, {MEND}", weak),
        locked("traditional, a vector that is cut", lambda: b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0102\n-----END RSA PRIVATE KEY-----\n", BROKEN),
    ]
