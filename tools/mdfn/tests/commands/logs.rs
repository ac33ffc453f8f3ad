//! `mdfn logs`: what a log says, for a person.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{mdfn, mdfn_full, run};

/// A log as it is found: both forms, an entry of OCI Logging, and what else stands in between.
const LOG: &str = r#"level=info message=ready version=0.1.0 source=resource_principal region=sa-saopaulo-1
call=01A level=info message=predicted intent=gateway path=/predict status=200 bytes_in=32 bytes_out=141 tries=1 check_ms=0.13 sign_ms=1.55 connect_ms=6.98 wait_ms=1.68 report_ms=0.1 ms=10.49 left_ms=29839.28 start=cold

{"call":"01B","level":"info","message":"predicted","status":200,"tries":3,"check_ms":0.1,"sign_ms":4,"connect_ms":0,"wait_ms":300.5,"ms":455.25,"start":"warm"}
{"time":"2026-11-25T00:00:00Z","data":{"message":"call=01C level=error message=\"no answer: in time\" status=504 code=DeploymentTimedOut tries=1 check_ms=0.2 sign_ms=1.5 connect_ms=0 wait_ms=28000.25 ms=28002 start=warm"}}
call=01D level=warn message="the target is refused" status=403 code=TargetNotAllowed tries=0 check_ms=0.05 sign_ms=0 connect_ms=0 wait_ms=0 ms=0.05 start=warm
thread 'main' said something
"#;

const PAGE: &str = "\
4 calls, 1 cold start, 1 retried

        2  200
        1  403 TargetNotAllowed
        1  504 DeploymentTimedOut

ms                    p50        p90        p99        max
total               10.49   28002.00   28002.00   28002.00
check                0.10       0.20       0.20       0.20
sign                 1.50       4.00       4.00       4.00
connect              0.00       6.98       6.98       6.98
wait                 1.68   28000.25   28000.25   28000.25
report               0.10       0.10       0.10       0.10
rest                 0.05     150.65     150.65     150.65

slowest calls
   28002.00  01C 504 DeploymentTimedOut  tries 1 check 0.20 sign 1.50 connect 0.00 wait 28000.25 rest 0.05
     455.25  01B 200  tries 3 check 0.10 sign 4.00 connect 0.00 wait 300.50 rest 150.65

skipped
        1  of the function, but about no call: line 1
        1  in none of the forms that `mdfn logs --help` lists: line 7
";

#[test]
fn a_log_is_summed_up() {
    let done = mdfn(&["logs", "--slowest", "2"], LOG);
    assert_eq!((done.code, done.stdout.as_str()), (0, PAGE), "{}", done.stderr);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("function.log");
    fs::write(&file, LOG).unwrap();
    let done = mdfn(&["logs", file.to_str().unwrap(), "--slowest", "2"], "");
    assert_eq!((done.code, done.stdout.as_str()), (0, PAGE), "{}", done.stderr);
}

#[test]
fn a_log_without_calls_and_one_that_is_not_there_are_said() {
    for (arguments, input, code, said) in [
        (&["logs"][..], "", 1, "no line is about a call"),
        (&["logs"], "level=info message=ready\nwords\n", 1, "no line is about a call"),
        (&["logs"], "call=01A status=200 ms=soon\n", 1, "`status` or `ms` cannot be read: line 1"),
        (&["logs"], "\u{fffd}\n\n{\"a\":", 1, "JSON that breaks off"),
        (&["logs", "/no/such/file"], "", 1, "/no/such/file cannot be read"),
        (&["logs", "--slowest", "1001"], "", 2, "1001"),
    ] {
        let done = mdfn(arguments, input);
        assert_eq!(done.code, code, "{done:?}");
        assert!(done.stdout.is_empty() && done.stderr.contains(said), "{done:?}");
    }
    let done = mdfn_full(&["logs"], LOG);
    assert_eq!(done.code, 1, "{done:?}");
}

#[test]
fn a_log_of_a_million_bytes_without_a_line_end_and_hostile_names_are_read() {
    let log = format!("{}\n{}\x1b[31m\n", "x".repeat(3 << 20), "status=200 ms=1 code=a\x1b[31m");
    let done = mdfn(&["logs"], &log);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stdout.contains("1 call, ") && !done.stdout.contains('\x1b'), "{done:?}");
}

/// The ids of the calls that are read of a log, the slowest first, and what was skipped.
fn read(log: &[u8]) -> (Vec<String>, String) {
    let done = run(&["logs", "--slowest", "1000"], &[], log, Stdio::piped());
    assert_eq!(done.code, 0, "{done:?}");
    let (_, slowest) = done.stdout.split_once("\nslowest calls\n").unwrap();
    let (slowest, skipped) = slowest.split_once("\n\n").unwrap();
    let id = |line: &str| line.split_whitespace().nth(1).unwrap().to_owned();
    (slowest.lines().map(id).collect(), skipped.to_owned())
}

#[test]
fn every_form_in_which_a_log_is_found_is_read() {
    for (name, log) in [
        ("console.json", &include_bytes!("logs/console.json")[..]),
        ("console_array.json", include_bytes!("logs/console_array.json")),
        ("search.json", include_bytes!("logs/search.json")),
        ("search_query.json", include_bytes!("logs/search_query.json")),
        ("batch.json", include_bytes!("logs/batch.json")),
        ("prefixes.txt", include_bytes!("logs/prefixes.txt")),
    ] {
        let (ids, skipped) = read(log);
        assert_eq!(ids, ["01C", "01B", "01A"], "{name}");
        assert!(skipped.contains("about no call"), "{name} {skipped}");
        for windows in [[b"\xef\xbb\xbf", log].concat(), crlf(log)] {
            assert_eq!(read(&windows).0, ids, "{name}");
        }
        let packed = gzip(log);
        assert_eq!(read(&packed), (ids.clone(), skipped), "{name}");
        // Objects of a batch may be put one behind the other.
        assert_eq!(read(&[&packed[..], &packed].concat()).0.len(), 6, "{name}");
    }
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8(bytes.to_vec()).unwrap().replace('\n', "\r\n").into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_is_skipped_is_counted_with_its_reason_and_its_first_line() {
    let log = "\
status=200 ms=1 call=01A
words

{\"data\": {\"message\":
 \"words\"}}
{\"call\":\"01X\",\"status\":200,
call=01B status=200 ms=2
call=01Y status=200 ms=-1
level=info message=ready
{\"a\": }
[{\"log\": \"call=01C status=200 ms=3\"}, {\"log\": \"words\"}, 7
";
    let (ids, skipped) = read(log.as_bytes());
    assert_eq!(ids, ["01C", "01B", "01A"]);
    assert_eq!(
        skipped,
        "skipped
        1  of the function, but about no call: line 9
        1  of a call whose `status` or `ms` cannot be read: line 8
        3  in none of the forms that `mdfn logs --help` lists: the first is line 2
        3  JSON that breaks off, is not valid or has an entry of more than 1 MiB: the first is line 6
"
    );
}

#[test]
fn an_array_on_one_line_may_be_of_any_length_and_an_entry_may_not() {
    let entry = |id: u32, padding: usize| {
        format!("{{\"pad\":\"{}\",\"log\":\"call={id} status=200 ms={id}\"}}", "x".repeat(padding))
    };
    let array: Vec<String> = (0..40).map(|id| entry(id, 100_000)).collect();
    let (ids, skipped) = read(format!("[{}]", array.join(",")).as_bytes());
    assert_eq!((ids.len(), skipped.as_str()), (40, "nothing skipped\n"));
    let log = format!("[{},\n{},\n{}\n]", entry(1, 0), entry(2, 3 << 20), entry(3, 0));
    let (ids, skipped) = read(log.as_bytes());
    assert_eq!(ids, ["3", "1"]);
    assert!(skipped.contains("more than 1 MiB"), "{skipped}");
}

#[test]
fn utf_16_and_broken_gzip_are_said() {
    let utf_16: Vec<u8> = "\u{feff}status=200".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let broken = gzip(LOG.as_bytes()).split_at(60).0.to_vec();
    for (log, said) in [(utf_16, "it is UTF-16; save it as UTF-8"), (broken, "cannot be read")] {
        let done = run(&["logs"], &[], &log, Stdio::piped());
        assert!(done.code == 1 && done.stderr.contains(said), "{done:?}");
    }
}

/// What `mdfn logs --html` writes of a log.
fn page(log: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("calls.html");
    let done = mdfn(&["logs", "--html", file.to_str().unwrap()], log);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains(" retried\n"), "{done:?}");
    fs::read_to_string(file).unwrap()
}

#[test]
fn a_page_needs_no_other_file_and_runs_no_script() {
    let page = page(LOG);
    let rule = r#"content="default-src 'none'; style-src 'sha256-"#;
    assert!(page.contains(rule), "{page}");
    for other in ["<script", "<link", "<img", "url(", "@import", "http://", "https://", " style="] {
        assert!(!page.contains(other), "{other}");
    }
    for said in ["4 calls of the function, 2 failed", "All calls are drawn.", "no answer: in time"]
    {
        assert!(page.contains(said), "{said}");
    }
    // One line of the four has a time: the calls stand in their order.
    assert!(page.contains(r##"<use href="#server" x="66.66%""##), "{page}");
    let bars = page.matches(r#"<svg class="bar""#).count();
    assert_eq!((bars, page.matches(r##"<use href="#first" x="0.00%""##).count()), (4, 1));
}

#[test]
fn a_page_that_cannot_be_written_is_said_and_the_log_is_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("function.log");
    fs::write(&log, LOG).unwrap();
    let same = directory.path().join(".").join("function.log");
    let (log, same) = (log.to_str().unwrap(), same.to_str().unwrap());
    for (page, said) in [
        ("/no/such/calls.html", "/no/such/calls.html cannot be written: No such file"),
        ("/dev/full", "/dev/full cannot be written: No space left"),
        (same, "function.log cannot be written: it is the log"),
    ] {
        let done = mdfn(&["logs", log, "--html", page], "");
        assert_eq!(done.code, 1, "{done:?}");
        assert!(done.stdout.starts_with("4 calls, ") && done.stderr.contains(said), "{done:?}");
    }
    assert_eq!(fs::read_to_string(log).unwrap(), LOG);
}

#[test]
fn whatever_the_log_says_stays_text_on_the_page() {
    let hostile = "\"><script>alert(1)</script>'\u{202e}\u{1b}[31m\0";
    let fields = ["call", "status", "code", "message", "tries", "opc_request_id", "level"];
    let mut line = serde_json::json!({ "ms": 1e9, "check_ms": 9e8, "sign_ms": 9e8, "connect_ms": 9e8, "wait_ms": 9e8 });
    for field in fields.into_iter().chain(["deployment_request_id", "start"]) {
        line[field] = hostile.into();
    }
    let page = page(&format!("{line}\nstatus=200 ms=NaN\nstatus=200 ms=1e300\nstatus=200 ms=0\n"));
    let text = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;'??[31m?";
    assert!(page.matches(text).count() >= 7, "{page}");
    assert!(!page.contains("<script") && !page.contains("alert(1)<"), "{page}");
    let visible =
        |char: char| char == '\n' || char == ' ' || char.is_ascii_graphic() || "·".contains(char);
    assert_eq!(page.chars().find(|char| !visible(*char)), None);
    assert!(page.contains("2 calls of the function, 1 failed"), "{page}");
}

#[test]
fn a_page_of_200_000_calls_is_small_and_says_which_are_drawn() {
    let log: Vec<String> = (0..200_000)
        .map(|call| {
            let status = if call % 500 == 0 { 502 } else { 200 };
            format!("call={call} status={status} ms={}\n", call % 97)
        })
        .collect();
    let page = page(&log.concat());
    assert!(page.len() < 500_000, "{}", page.len());
    let rule = "of 200,000 calls are drawn: all errors, all cold starts, the 500 slowest and every 256th other call.";
    assert!(page.contains(rule), "{rule}");
    assert_eq!(page.matches(r##"<use href="#server" x="##).count(), 400 + 3);
}
