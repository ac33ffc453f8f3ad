"""Odd configuration files: each with what ours must do with it, in the words of its refusal where it must refuse."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

VECTORS = Path(__file__).parents[1] / "vectors"
SAME = None
TENANCY, USER, BOB = "ocid1.tenancy.oc1..aaaa", "ocid1.user.oc1..bbbb", "ocid1.user.oc1..bob"
FINGERPRINT = "a3:e0:13:b8:83:35:30:ca:76:37:26:b9:69:25:ef:17"
SETTINGS = f"tenancy={TENANCY}\nuser={USER}\nfingerprint={FINGERPRINT}\nkey_file={{HOME}}/key.pem\nregion=us-ashburn-1\n"
DEFAULT = f"[DEFAULT]\n{SETTINGS}"
SESSION = "security_token_file={HOME}/token\n"


@contextmanager
def home():
    """A home directory with a key, its encrypted form and a token, in which `~` and `{HOME}` lead."""
    before = os.environ.get("HOME")
    with tempfile.TemporaryDirectory() as folder:
        for name, vector in [
            ("key.pem", "keys/test-rsa2048-a.pkcs8.pem"),
            ("locked.pem", "keys/test-rsa2048-a.pkcs8-aes256-sha256.pem"),
            ("token", "rpst/valid.jwt"),
        ]:
            shutil.copy(VECTORS / vector, Path(folder, name))
        os.environ["HOME"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ["HOME"] = before or ""


def line(number, text):
    return f"line {number} of the configuration file {text}"


def rows():
    """Name, profile, the file, the refusal of ours or SAME, and why where ours is not the SDK's way."""
    none = "is neither `[PROFILE]` nor `name=value` below one"
    section = "begins with `[` and is not `[PROFILE]`, which only a comment may follow"
    indented = "is indented below a setting, which it would continue; expected it at the beginning of the line"
    profile = "the configuration file has no profile of the name in OCI_CLI_PROFILE, or no `DEFAULT`"
    key_id = (
        "the profile's tenancy, user and fingerprint do not make a key id: the key id is empty or has a character that "
        'a header cannot have; expected visible ASCII without `"`'
    )
    region = "the profile's `region` is not a region such as `eu-frankfurt-1`"
    key_file = "key_file names a file that cannot be read"
    later = "the SDK reads it and fails at the first request"
    by_hand = "the SDK reads it as one long value, and signs as somebody else or fails later"

    def row(name, text, ours=SAME, why=None, profile="DEFAULT"):
        return name, profile, text, ours, why

    def other(name, text, ours=SAME, why=None):
        return name, "TEST", text, ours, why

    def changed(setting, value):
        return "".join(
            f"{setting}={value}\n" if text.startswith(f"{setting}=") else f"{text}\n" for text in DEFAULT.splitlines()
        )

    return [
        row("plain", DEFAULT),
        row("CRLF", DEFAULT.replace("\n", "\r\n")),
        row("CR alone", DEFAULT.replace("\n", "\r")),
        row("no end of the last line", DEFAULT.rstrip()),
        row("a UTF-8 mark", "\ufeff" + DEFAULT, SAME, "the SDK takes the mark for a line without a profile"),
        row("UTF-16", DEFAULT.encode("utf-16"), "the configuration file is a text in UTF-16; expected UTF-8"),
        row("a Latin-1 comment", "# clé\n".encode("latin-1") + DEFAULT.encode(), SAME, "the SDK reads no comment that is not UTF-8"),
        row("a Latin-1 value", changed("user", "é").encode("latin-1"), line(3, "is not UTF-8")),
        row("blanks around names and values", DEFAULT.replace("=", "  =  ")),
        row("tabs around names and values", DEFAULT.replace("=", "\t=\t")),
        row("blanks behind values", DEFAULT.replace("\n", "   \n")),
        row("no-break spaces around a value", changed("user", f"\u00a0{USER}\u00a0")),
        row("colons", DEFAULT.replace("=", ": ")),
        row("names in capitals", DEFAULT.replace("tenancy", "TENANCY").replace("user", "User")),
        row("comments", "# one\n; two\n" + DEFAULT + "  # three\n\t; four\n"),
        row("a comment behind a value", changed("region", "us-ashburn-1 # home"), region, later),
        row("a comment behind the user", changed("user", f"{USER} # me"), key_id, later),
        row("a semicolon behind a value", changed("region", "us-ashburn-1;"), region, later),
        row("a comment behind the profile", DEFAULT.replace("[DEFAULT]", "[DEFAULT] # mine")),
        row("blanks behind the profile", DEFAULT.replace("[DEFAULT]", "[DEFAULT]  \t")),
        other("a comment behind another profile", f"{DEFAULT}[TEST] # note: bob\nuser={BOB}\n"),
        other("a semicolon behind another profile", f"{DEFAULT}[TEST] ; note = bob\nuser={BOB}\n"),
        other("a comment with brackets behind the profile", f"{DEFAULT}[TEST] # [x]\nuser={BOB}\n", SAME, "for the SDK the profile's name is `TEST] # [x`"),
        other("a comment without a blank before it", f"{DEFAULT}[TEST]#x\nuser={BOB}\n"),
        other("a word behind the profile", f"{DEFAULT}[TEST] bob\nuser={BOB}\n", line(7, section), "the SDK drops the word"),
        row("a setting in the line of the profile", f"[DEFAULT] user={BOB}\n{SETTINGS}", line(1, section), "the SDK drops the setting"),
        row("a bracket that is not closed", f"{DEFAULT}[TEST\nuser={BOB}\n", line(7, section)),
        row("a bracket that is not closed, with a separator", f"{DEFAULT}[TEST = x\nregion=x\n", line(7, section), "for the SDK it is a setting of the name `[test`"),
        row("empty brackets", f"{DEFAULT}[]\n", line(7, section)),
        row("blanks in brackets", f"{DEFAULT}[ ]\n", line(7, section), "for the SDK the name is a blank"),
        other("blanks around the name", f"{DEFAULT}[ TEST ]\nuser={BOB}\n", SAME, "for the SDK the blanks are a part of the name"),
        other("the name in small letters", f"{DEFAULT}[test]\nuser={BOB}\n", profile),
        other("no such profile", DEFAULT, profile),
        row("no DEFAULT", f"[TEST]\n{SETTINGS}", profile, "the SDK reads nothing, and says later what is missing"),
        other("no DEFAULT, and another profile", f"[TEST]\n{SETTINGS}"),
        row("empty", "", profile, "the SDK reads nothing, and says later what is missing"),
        row("comments alone", "# nothing\n", profile, "the SDK reads nothing, and says later what is missing"),
        row("a setting before any profile", f"user={BOB}\n{DEFAULT}", line(1, none)),
        row("a line that is no setting", f"{DEFAULT}nonsense\n", line(7, none)),
        row("a setting without a name", f"{DEFAULT}=x\n", line(7, none)),
        row("a setting twice", f"{DEFAULT}user={BOB}\n", line(7, "repeats a setting of its profile")),
        row("a setting twice, once in capitals", f"{DEFAULT}USER={BOB}\n", line(7, "repeats a setting of its profile")),
        row("a profile twice", f"{DEFAULT}[TEST]\nuser=a\n[TEST]\nuser=b\n", line(9, "repeats a profile")),
        row("DEFAULT twice", f"{DEFAULT}[DEFAULT]\nlog_requests=true\n", line(7, "repeats a profile"), "the SDK adds the second to the first"),
        other("what is not said is that of DEFAULT", f"{DEFAULT}[TEST]\nuser={BOB}\nregion=phx\n"),
        other("DEFAULT behind the profile", f"[TEST]\nuser={BOB}\n{DEFAULT}"),
        other("an empty value in place of that of DEFAULT", f"{DEFAULT}[TEST]\nuser=\n", "the profile has no `user`", later),
        row("an empty value", changed("fingerprint", ""), "the profile has no `fingerprint`", later),
        row("a setting that is not there", DEFAULT.replace("fingerprint", "finger_print"), "the profile has no `fingerprint`", later),
        row("a value that goes on in the next line", DEFAULT.replace(f"user={USER}", f"user=\n  {USER}"), line(4, indented), by_hand),
        row("an indented setting", DEFAULT.replace("fingerprint", "  fingerprint"), line(4, indented), by_hand),
        row("an indented profile", f"{DEFAULT}  [TEST]\nuser={BOB}\n", line(7, indented), "the SDK takes it for a part of the value above it"),
        row("all settings indented alike", DEFAULT.replace("\n", "\n  ").rstrip() + "\n"),
        row("settings indented less and less", "[DEFAULT]\n" + "".join(f"{' ' * (9 - at)}{text}\n" for at, text in enumerate(SETTINGS.splitlines()))),
        row("a value with separators", f"{DEFAULT}additional_user_agent=a=b:c\n"),
        row("a percent sign", f"{DEFAULT}additional_user_agent=%(user)s 100%\n"),
        row("quotes around a value", changed("user", f'"{USER}"'), key_id, later),
        row("quotes around a region", changed("region", '"us-ashburn-1"'), region, later),
        row("quotes around the key's file", changed("key_file", '"{HOME}/key.pem"'), key_file),
        row("a key's file that is not there", changed("key_file", "{HOME}/none.pem"), key_file),
        row("the key's file from home", changed("key_file", "~/key.pem")),
        row("a variable in the key's file", changed("key_file", "$HOME/key.pem"), key_file),
        row("an encrypted key", changed("key_file", "{HOME}/locked.pem") + "pass_phrase=test passphrase=1\n"),
        row("a passphrase with a number sign", f"{DEFAULT}pass_phrase=a # b ; c\n"),
        row("a passphrase in quotes", changed("key_file", "{HOME}/locked.pem") + 'pass_phrase="test passphrase=1"\n', "key_file cannot be used: it cannot be decrypted: the passphrase is wrong, or the key is broken", later),
        row("the key itself in the file", f"{DEFAULT}key_content=x\n", "the profile has `key_content`, which is not supported"),
        row("another kind of authentication", f"{DEFAULT}authentication_type=instance_principal\n", "the profile has `authentication_type`, which is not supported", "the SDK signs as the instance; ours has OCI_CLI_AUTH for that"),
        row("settings that nobody knows", f"{DEFAULT}output=json\ncompartment-id = x\n"),
        row("a region's short code", changed("region", "IAD")),
        row("a session", f"{DEFAULT}{SESSION}"),
        other("a session of the profile's own, a user of DEFAULT's", f"{DEFAULT}[TEST]\n{SESSION}"),
        other("a user of the profile's own, a session of DEFAULT's", f"{DEFAULT}{SESSION}[TEST]\n{SETTINGS}"),
        other("a session of DEFAULT's", f"{DEFAULT}{SESSION}[TEST]\nregion=phx\n"),
    ]
