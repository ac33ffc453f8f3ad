//! `mdfn conformance` is `fn-conformance` by another name.

use crate::invoke::misbehave;
use crate::mdfn;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_function_is_checked_and_reported() {
    let function = misbehave().display().to_string();
    let done = mdfn(&["conformance", "--only", "37", "--", &function, "link", "reply", OK], "");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stdout.contains(" 37  MUST    passed  "), "{done:?}");
}

#[test]
fn what_it_says_bears_the_name_that_it_was_called_by() {
    let done = mdfn(&["conformance", "--", "/no/such/program"], "");
    let said = "mdfn: the function does not start: ";
    assert!(done.code == 3 && done.stderr.starts_with(said), "{done:?}");
    let help = mdfn(&["conformance", "--help"], "");
    assert!(
        help.stdout.contains("\n  mdfn conformance --only 1-16,41 -- python3 func.py"),
        "{help:?}"
    );
    assert!(help.stdout.contains("Exit code: 0 if every MUST"), "{help:?}");
}
