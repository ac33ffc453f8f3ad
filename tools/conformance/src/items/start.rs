//! Start-up: which environment is served, and how the socket appears.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::call::Call;
use crate::harness::{Harness, Subject};
use crate::item::Item;
use crate::launch::{self, Ended, Launch};
use crate::verdict::{Problem, Verdict, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::should(1, "FN_FORMAT unset: it serves", |harness| Box::pin(without_format(harness))),
    Item::should(2, "FN_FORMAT empty: it serves", |harness| Box::pin(with_format(harness, ""))),
    Item::should(3, "FN_FORMAT=default: an error, no file", |harness| {
        Box::pin(wrong_format(harness))
    }),
    Item::should(4, "no FN_LISTENER: an error within 1 s of a start's time", |harness| {
        Box::pin(no_listener(harness))
    })
    .alone(),
    Item::should(5, "FN_LISTENER of another form: an error", |harness| {
        Box::pin(wrong_listeners(harness))
    }),
    Item::should(6, "a missing directory is named", |harness| Box::pin(missing_directory(harness))),
    Item::must(7, "a relative link to a socket of mode 0666", |harness| Box::pin(link(harness))),
    Item::must(8, "umask 077 does not close the socket", |harness| Box::pin(umask(harness))),
    Item::must(9, "the name appears only when one can connect", |harness| {
        Box::pin(restarts(harness))
    })
    .within(240),
    Item::must(10, "files of an earlier process are replaced", |harness| {
        Box::pin(stale_files(harness))
    }),
    Item::should(11, "a path of 107 bytes serves, 108 is an error", |harness| {
        Box::pin(long_paths(harness))
    }),
    Item::should(12, "the name appears after initialisation", |harness| {
        Box::pin(slow_init(harness))
    }),
    Item::should(13, "initialisation that fails: an error, no link", |harness| {
        Box::pin(failed_init(harness))
    }),
    Item::must(15, "the platform's optional variables may be absent", |harness| {
        Box::pin(optional(harness))
    }),
];

/// How many programs are started at the same time where an item starts many.
const AT_ONCE: usize = 4;
/// How long a name that must not appear is waited for, beside three times what a start usually
/// takes.
const NO_NAME: Duration = Duration::from_millis(500);

async fn without_format(harness: Harness) -> Verdict {
    Launch::new(&harness).await?.unset("FN_FORMAT").start().await?.served(Call::with("{}")).await?;
    Ok("serves".into())
}

async fn with_format(harness: Harness, format: &str) -> Verdict {
    Launch::new(&harness)
        .await?
        .set("FN_FORMAT", format)
        .start()
        .await?
        .served(Call::with("{}"))
        .await?;
    Ok("serves".into())
}

/// Returns the error on stderr of a program that ended.
fn refused(ended: &Ended) -> Result<String, Problem> {
    expect(!ended.status.success(), "an exit code that is not 0", || ended.status.to_string())?;
    let reason = ended.stderr.lines().rfind(|line| !line.trim().is_empty());
    let reason = reason.ok_or_else(|| Problem::failed("a reason on stderr", "nothing"))?;
    Ok(format!("{}: {}", ended.status, reason.trim()))
}

async fn wrong_format(harness: Harness) -> Verdict {
    let ended = Launch::new(&harness).await?.set("FN_FORMAT", "default").ends().await?;
    expect(ended.files.is_empty(), "no file", || ended.files.join(", "))?;
    refused(&ended)
}

async fn no_listener(harness: Harness) -> Verdict {
    let begin = Instant::now();
    drop(launch::start(&harness).await?);
    // The time to load the program is not counted.
    let limit = begin.elapsed() + Duration::from_secs(1);
    let ended = Launch::new(&harness).await?.unset("FN_LISTENER").ends().await?;
    let seen = || format!("one after {:.1?}", ended.after);
    expect(ended.after < limit, format!("an end within {limit:.1?}"), seen)?;
    refused(&ended)
}

async fn wrong_listeners(harness: Harness) -> Verdict {
    for form in ["tcp:/x", "/x.sock", "unix:", "unix:rel.sock", "unix:/dir/"] {
        // Inside of its own directory, so that what is accepted leaves nothing elsewhere.
        let launch = Launch::new(&harness).await?;
        let address = match form {
            "/x.sock" => launch.directory().join("x.sock").display().to_string(),
            "unix:/dir/" => format!("unix:{}/", launch.directory().display()),
            other => other.to_owned(),
        };
        let launch = launch.elsewhere();
        let ended = launch.set("FN_LISTENER", &address).ends().await;
        let ended = ended.map_err(|problem| problem.when(format!("FN_LISTENER={form}")))?;
        refused(&ended).map_err(|problem| problem.when(format!("FN_LISTENER={form}")))?;
    }
    Ok("5 forms refused".into())
}

async fn missing_directory(harness: Harness) -> Verdict {
    let launch = Launch::new(&harness).await?;
    let path = launch.directory().join("missing/lsnr.sock");
    let directory = path.parent().unwrap_or(&path).display().to_string();
    let ended = launch.at(path).ends().await?;
    let reason = refused(&ended)?;
    expect(ended.stderr.contains(&directory), format!("`{directory}` on stderr"), || reason)?;
    Ok("the path is named".into())
}

async fn link(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    check_link(&instance.listener)
}

fn check_link(listener: &Path) -> Verdict {
    let target = fs::read_link(listener);
    let target = target.map_err(|error| Problem::failed("a symbolic link", error))?;
    let plain = target.components().count() == 1 && target.is_relative();
    expect(plain, "a link text without a directory", || target.display().to_string())?;
    let metadata = fs::metadata(listener);
    let metadata = metadata.map_err(|error| Problem::failed("a socket behind it", error))?;
    expect(metadata.file_type().is_socket(), "a socket behind it", || "something else".into())?;
    let mode = metadata.permissions().mode() & 0o777;
    expect(mode == 0o666, "mode 0666", || format!("mode {mode:04o}"))?;
    Ok(format!("a link to `{}`, mode 0666", target.display()))
}

async fn umask(harness: Harness) -> Verdict {
    let shell = ["/bin/sh", "-c", "umask 077; exec \"$@\"", "sh"];
    let instance = Launch::new(&harness).await?.wrapped(&shell).start().await?;
    check_link(&instance.listener)
}

async fn restarts(harness: Harness) -> Verdict {
    let (mut running, mut left) = (JoinSet::new(), harness.restarts());
    loop {
        while left > 0 && running.len() < AT_ONCE {
            let harness = harness.clone();
            running.spawn(async move { launch::start(&harness).await?.dial().await.map(drop) });
            left -= 1;
        }
        match running.join_next().await {
            Some(Ok(connected)) => connected?,
            Some(Err(error)) => return Err(Problem::failed("a start", error)),
            None => return Ok(format!("{} starts, never refused", harness.restarts())),
        }
    }
}

/// Returns where this program binds its socket.
async fn hidden_name(harness: &Harness) -> Result<PathBuf, Problem> {
    let instance = launch::start(harness).await?;
    let target = fs::read_link(&instance.listener);
    target.map_err(|error| {
        Problem::not_checked(format!(
            "the program makes no link whose name could be stale: {error}"
        ))
    })
}

type Leave = fn(&Path, &Path) -> std::io::Result<()>;

async fn stale_files(harness: Harness) -> Verdict {
    let hidden = hidden_name(&harness).await?;
    let leftovers: [(&str, Leave); 4] = [
        ("a link to nothing", |link, _| symlink("nothing", link)),
        ("its own link only", |link, socket| symlink(socket.file_name().unwrap_or_default(), link)),
        ("its socket only", |_, socket| UnixListener::bind(socket).map(drop)),
        ("both", |link, socket| {
            UnixListener::bind(socket)?;
            symlink(socket.file_name().unwrap_or_default(), link)
        }),
    ];
    for (what, leave) in leftovers {
        let launch = Launch::new(&harness).await?;
        let (link, socket) = (launch.listener().to_owned(), launch.directory().join(&hidden));
        leave(&link, &socket).map_err(Problem::machine("a stale socket"))?;
        let served = serve_over(launch).await;
        served.map_err(|problem| problem.when(format!("with {what} left behind")))?;
    }
    Ok("4 kinds of leftovers".into())
}

async fn serve_over(launch: Launch) -> Result<(), Problem> {
    launch.start().await?.served(Call::with("{}")).await.map(drop)
}

/// Returns a listener's path of exactly this many bytes below a directory.
fn path_of_length(directory: &Path, length: usize) -> Result<PathBuf, Problem> {
    let used = directory.as_os_str().len() + "//lsnr.sock".len();
    let folder = directory.join("d".repeat(length.saturating_sub(used)));
    fs::create_dir_all(&folder).map_err(Problem::machine("a directory"))?;
    Ok(folder.join("lsnr.sock"))
}

async fn long_paths(harness: Harness) -> Verdict {
    let launch = Launch::new(&harness).await?;
    let path = path_of_length(launch.directory(), 107)?;
    serve_over(launch.at(path)).await.map_err(|problem| problem.when("with 107 bytes"))?;
    let launch = Launch::new(&harness).await?;
    let path = path_of_length(launch.directory(), 108)?;
    let reason = refused(&launch.at(path).ends().await?)?;
    Ok(format!("107 serves; 108: {reason}"))
}

async fn slow_init(harness: Harness) -> Verdict {
    let begin = Instant::now();
    drop(launch::start(&harness).await?);
    let wait = NO_NAME + begin.elapsed() * 3;
    let launch = Launch::new(&harness).await?;
    let gate = launch.directory().join("gate");
    let watch = launch.watch()?;
    let launch = match harness.subject() {
        Subject::Plain => return Err(no_init()),
        Subject::Protocol => launch.set("CONFORMANCE_INIT", format!("wait:{}", gate.display())),
        Subject::Predictor(predictor) => {
            // Reading a key from a pipe lasts until somebody has written it.
            let principal = predictor.principal(launch.directory())?;
            let [version, token, (name, key), region] = principal.variables();
            let pem = fs::read(&key).map_err(Problem::machine("reading a file"))?;
            let pipe = launch.directory().join("key");
            mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o666), 0)
                .map_err(|error| Problem::machine("a named pipe")(error.into()))?;
            let launch = [version, token, region]
                .into_iter()
                .fold(launch, |launch, (name, value)| launch.set(name, value));
            let started = launch.set(name, &pipe).spawn()?;
            no_name(started.listener(), wait).await?;
            // Opened for both, so that it does not wait for a reader.
            let opened = fs::OpenOptions::new().read(true).write(true).open(&pipe);
            let mut opened = opened.map_err(Problem::machine("a named pipe"))?;
            std::io::Write::write_all(&mut opened, &pem)
                .map_err(Problem::machine("a named pipe"))?;
            // Its reader waits for the end.
            drop(opened);
            let instance = started.ready(&watch).await?;
            // From now on a file: the function reads it again when it has changed.
            fs::rename(&key, &pipe).map_err(Problem::machine("a file"))?;
            instance.served(Call::with("{}")).await?;
            return Ok("no name while the key is awaited".into());
        }
    };
    let started = launch.spawn()?;
    no_name(started.listener(), wait).await?;
    fs::write(&gate, "").map_err(Problem::machine("a file"))?;
    started.ready(&watch).await?.served(Call::with("{}")).await?;
    Ok("no name while initialisation waits".into())
}

fn no_init() -> Problem {
    Problem::not_checked("initialisation that waits or fails needs the conformance protocol")
}

async fn no_name(listener: &Path, wait: Duration) -> Result<(), Problem> {
    sleep(wait).await;
    let absent = listener.symlink_metadata().is_err();
    expect(absent, "no name before initialisation has finished", || "it is there".into())
}

async fn failed_init(harness: Harness) -> Verdict {
    let launch = Launch::new(&harness).await?;
    let launch = match harness.subject() {
        Subject::Plain => return Err(no_init()),
        Subject::Protocol => launch.set("CONFORMANCE_INIT", "fail"),
        Subject::Predictor(_) => launch.set("OCI_RESOURCE_PRINCIPAL_RPST", "/nowhere/rpst"),
    };
    let ended = launch.ends().await?;
    let linked = ended.files.iter().any(|name| name == "lsnr.sock");
    expect(!linked, "no link", || ended.files.join(", "))?;
    refused(&ended)
}

async fn optional(harness: Harness) -> Verdict {
    for memory in [None, Some("abc")] {
        let launch = Launch::new(&harness).await?.unset("FN_FN_NAME").unset("FN_APP_NAME");
        let launch = match memory {
            None => launch.unset("FN_MEMORY"),
            Some(text) => launch.set("FN_MEMORY", text),
        };
        let instance = launch.start().await?;
        match harness.subject() {
            Subject::Plain | Subject::Predictor(_) => {
                instance.served(Call::with("{}")).await?;
            }
            Subject::Protocol => {
                let context = instance.context(Call::new()).await?;
                for key in ["fnName", "appName", "memory"] {
                    context.expect(key, serde_json::Value::Null)?;
                }
            }
        }
    }
    harness.needs_protocol("it serves; what the accessors return")?;
    Ok("serves; nothing is made up".into())
}
