//! Chromium without a window: what a page is, and how it looks, once it was drawn.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::spawn;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::picture::Picture;

/// The packages of Debian that have it, and what makes each draw without a window.
const PROGRAMS: [(&str, &[&str]); 2] =
    [("/usr/bin/chromium-headless-shell", &[]), ("/usr/bin/chromium", &["--headless"])];
/// Nothing is looked up, and nobody is asked, but this machine.
const ALONE: [&str; 4] = [
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/// A browser with a window of so many CSS pixels, each of them one pixel of the picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chromium {
    width: u32,
    height: u32,
    dark: bool,
    bound: Duration,
}

/// A page after its scripts ran.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// The elements as they are by then, as HTML.
    pub(crate) dom: String,
    /// What the window shows.
    pub(crate) picture: Picture,
}

impl Chromium {
    pub(crate) const fn new(width: u32, height: u32) -> Self {
        Self { width, height, dark: false, bound: Duration::from_secs(60) }
    }

    /// The same for a person who prefers dark pages.
    pub(crate) fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// The same that is waited for no longer than this.
    pub(crate) fn within(self, bound: Duration) -> Self {
        Self { bound, ..self }
    }

    /// Opens a page in a browser of its own. The scripts have five seconds of the page's own time,
    /// which passes at once where they wait.
    pub(crate) fn open(&self, url: &str) -> Drawn {
        let home = tempfile::tempdir().unwrap();
        let shot = home.path().join("picture.png");
        let (program, headless) = PROGRAMS
            .into_iter()
            .find(|(program, _)| Path::new(program).exists())
            .expect("Chromium; run .ci/browser");
        let mut command = Command::new(program);
        command
            .args(headless)
            .args(["--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .args(["--force-device-scale-factor=1", "--virtual-time-budget=5000"])
            .args(ALONE)
            .arg(format!("--window-size={},{}", self.width, self.height))
            .arg(format!("--user-data-dir={}", home.path().join("data").display()))
            .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!self.dark)))
            .arg(format!("--screenshot={}", shot.display()))
            .args(["--dump-dom", url])
            .env("HOME", home.path());
        let dom = self.output(&mut command);
        Drawn { dom, picture: Picture::read(&fs::read(shot).unwrap()) }
    }

    /// Opens a page that is a text.
    pub(crate) fn open_html(&self, html: &str) -> Drawn {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("page.html");
        fs::write(&file, html).unwrap();
        self.open(&format!("file://{}", file.display()))
    }

    /// What the program printed. It is a script with many children, so all of its group are ended.
    fn output(&self, command: &mut Command) -> String {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).spawn().unwrap();
        let group = Pid::from_child(&child);
        let (ended, end) = channel();
        spawn(move || ended.send(child.wait_with_output()));
        let output = end.recv_timeout(self.bound);
        // None of them is left where it ended by itself.
        kill_process_group(group, Signal::KILL).unwrap_or_default();
        let Ok(output) = output else { panic!("{command:?} does not end") };
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }
}

const PAGE: &str = r#"<!doctype html><meta name="color-scheme" content="light dark"><style>
body { margin: 0; background: light-dark(#fefefe, #010101) }
p { margin: 0; position: absolute; left: 30px; top: 20px; width: 50px; height: 10px; background: #ff0000 }
</style><p></p><script>
setTimeout(() => document.body.dataset.width = innerWidth, 3000)
</script>"#;

#[test]
#[ignore = "needs Chromium; .ci/browser runs them"]
fn a_page_is_drawn_after_its_scripts_ran_in_the_scheme_and_size_that_were_asked_for() {
    use crate::picture::Area;
    let window = Chromium::new(200, 100);
    for (browser, background) in [(window, [0xfe; 3]), (window.dark(), [0x01; 3])] {
        let Drawn { dom, picture } = browser.open_html(PAGE);
        assert!(dom.contains(r#"data-width="200""#), "{dom}");
        assert_eq!((picture.width, picture.height), (200, 100));
        let red = Area { left: 30, top: 20, width: 50, height: 10 };
        assert_eq!(picture.bounds([0xff, 0, 0], picture.all()), Some(red));
        assert_eq!(picture.count([0xff, 0, 0], picture.all()), 500);
        assert_eq!(picture.count(background, picture.all()), 200 * 100 - 500);
        assert_eq!(picture.pixel(29, 20), background);
    }
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs them"]
#[should_panic(expected = "does not end")]
fn a_page_that_never_ends_is_ended() {
    let browser = Chromium::new(100, 100).within(Duration::from_secs(3));
    browser.open_html("<script>for (;;);</script>");
}
