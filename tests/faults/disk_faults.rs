//! What if token or key cannot be read, at the start or while they are being replaced?

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use emulator::deployment::ModelDeployment;

use crate::agent::Answer;
use crate::cloud::{Cloud, call};
use crate::function::{Function, Start, refusal};
use crate::tally::tried;

const ROW: &str = r#"{"data": [[6.3, 3.3, 6.0, 2.5]]}"#;
const FILES: [(&str, &str); 2] = [
    ("rpst", "OCI_RESOURCE_PRINCIPAL_RPST"),
    ("private.pem", "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"),
];
/// A way to break a file.
type Break = fn(&Path);

/// What may happen to a file.
const BREAKS: [(&str, Break); 12] = [
    ("missing", |path| fs::remove_file(path).unwrap()),
    ("empty", |path| fs::write(path, "").unwrap()),
    ("white space", |path| fs::write(path, " \n").unwrap()),
    ("half of it", |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }),
    ("all but its end", |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 41]).unwrap();
    }),
    ("zeros", |path| fs::write(path, vec![0; fs::read(path).unwrap().len()]).unwrap()),
    ("a gigabyte", |path| fs::File::create(path).unwrap().set_len(1 << 30).unwrap()),
    ("not text", |path| fs::write(path, [0xff; 700]).unwrap()),
    ("a directory", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    }),
    ("a link to nothing", |path| {
        fs::remove_file(path).unwrap();
        symlink("nowhere", path).unwrap();
    }),
    ("a link to itself", |path| {
        fs::remove_file(path).unwrap();
        symlink(path.file_name().unwrap(), path).unwrap();
    }),
    ("without rights", |path| fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap()),
];

/// What stands in the files of [`FILES`].
type Files = [Vec<u8>; 2];

/// A cloud whose function runs as a user who owns nothing here, so that rights count also where the tests are root.
struct Scene {
    cloud: Cloud,
    deployment: ModelDeployment,
    good: [Files; 2],
    expired: Files,
}

impl Scene {
    async fn new() -> Self {
        let cloud = Cloud::new();
        let deployment = cloud.deployment().await;
        let [good, other, expired] = [3600, 3600, -10].map(|lifetime| {
            cloud.principal.rotate(lifetime).unwrap();
            FILES.map(|(name, _)| fs::read(cloud.directory().join(name)).unwrap())
        });
        cloud.open();
        let good = [good, other];
        let scene = Self { cloud, deployment, good, expired };
        scene.replace(&scene.good[0]);
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.cloud.directory().join(name)
    }

    fn start(&self) -> Start {
        self.cloud.function([self.deployment.port()]).by_nobody(64_321)
    }

    /// A call whose signature the deployment verifies.
    async fn call(&self, function: &Function) -> Answer {
        let url = self.deployment.url("localhost");
        function.exchange(call(&url, "", ROW)).await
    }

    async fn serves(&self, function: &Function, after: &str) {
        let answer = self.call(function).await;
        assert_eq!(answer.header("fn-http-status"), Some("200"), "after {after}: {answer:?}");
        assert_eq!(answer.json()["prediction"][0], "virginica", "after {after}");
    }

    /// Replaces both files, whatever stands in their places.
    fn replace(&self, files: &Files) {
        for ((name, _), bytes) in FILES.iter().zip(files) {
            let (path, new) = (self.path(name), self.path("new"));
            fs::write(&new, bytes).unwrap();
            if path.is_dir() {
                fs::remove_dir(&path).unwrap();
            }
            fs::rename(new, path).unwrap();
        }
    }
}

/// No error may show what was in the file.
fn shows_nothing(said: &str, secret: &str) {
    for piece in secret.as_bytes().chunks(30).map(String::from_utf8_lossy) {
        assert!(piece.len() < 30 || piece.contains("-----") || !said.contains(&*piece), "{said}");
    }
}

#[tokio::test]
async fn a_file_that_is_broken_at_the_start_is_named_in_one_line() {
    let scene = Scene::new().await;
    let mut faults = 0;
    for (name, variable) in FILES {
        for (what, broken) in BREAKS {
            let path = scene.path(name);
            let secret = fs::read_to_string(&path).unwrap();
            broken(&path);
            let (code, said) = scene.start().refused().await;
            assert_eq!((code, said.lines().count()), (1, 1), "{name} {what}: {said}");
            assert!(said.contains(variable), "{name} {what}: {said}");
            shows_nothing(&said, &secret);
            scene.replace(&scene.good[0]);
            faults += 1;
        }
    }
    let function = scene.start().ready().await;
    scene.serves(&function, "all of it").await;
    tried(faults, "broken files at the start");
}

#[tokio::test]
async fn a_file_that_breaks_in_a_rotation_stops_no_call_while_the_old_token_is_valid() {
    let scene = Scene::new().await;
    let function = scene.start().ready().await;
    scene.serves(&function, "nothing").await;
    let rest = function.descriptors();
    let mut faults = 0;
    for (name, variable) in FILES {
        for (what, broken) in BREAKS {
            let after = format!("{name}: {what}");
            broken(&scene.path(name));
            let logged = function.log().len();
            scene.serves(&function, &after).await;
            // Rights alone make no other file of it: it is not read again.
            if what != "without rights" {
                function.logs(variable, logged).await;
            }
            scene.replace(&scene.good[faults % 2]);
            let before = scene.deployment.received().len();
            scene.serves(&function, &format!("{after}, mended")).await;
            let tries = scene.deployment.received().len() - before;
            assert_eq!(tries, 1, "{after}: the new token was not taken at once");
            function.settles(|| rest, &after).await;
            faults += 1;
        }
    }
    // Whole in every way, and with a signature that is none: only the service can tell, and the pair before it serves on.
    let [token, key] = &scene.good[0];
    let cut = token.iter().rposition(|byte| *byte == b'.').unwrap();
    let nonsense = vec![b'A'; token.len() - cut - 1];
    scene.replace(&[[&token[..=cut], &nonsense].concat(), key.clone()]);
    scene.serves(&function, "a token with another signature").await;
    scene.replace(&scene.good[1]);
    scene.serves(&function, "a token without its signature").await;
    let peak = function.status("VmHWM");
    assert!(peak < 128 * 1024, "{peak} KiB at the peak");
    tried(faults + 1, "files broken in a rotation");
}

#[tokio::test]
async fn a_file_that_stays_broken_is_500_once_the_old_token_has_expired_and_mends_without_a_start()
{
    let scene = Scene::new().await;
    let mut faults = 0;
    for (name, variable) in FILES {
        for (what, broken) in BREAKS {
            let after = format!("{name}: {what}");
            // A valid pair would serve on, whatever is in the files.
            scene.replace(&scene.expired);
            let function = scene.start().ready().await;
            let unavailable = (500, "CredentialsUnavailable".to_owned());
            assert_eq!(refusal(&scene.call(&function).await), unavailable, "{after}");
            broken(&scene.path(name));
            let (logged, sent) = (function.log().len(), scene.deployment.received().len());
            let answer = scene.call(&function).await;
            assert_eq!(refusal(&answer), unavailable, "{after}");
            function.logs(variable, logged).await;
            assert!(!String::from_utf8_lossy(&answer.body).contains("OCI_"), "{answer:?}");
            assert_eq!(scene.deployment.received().len(), sent, "{after}: sent with nothing");
            scene.replace(&scene.good[0]);
            scene.serves(&function, &after).await;
            scene.replace(&scene.expired);
            scene.serves(&function, &format!("{after}, expired again")).await;
            let said = function.stop().await;
            for secret in scene.good.iter().flatten().chain(&scene.expired) {
                shows_nothing(&said, &String::from_utf8_lossy(secret));
            }
            faults += 1;
        }
    }
    tried(faults, "files broken when the token had expired");
}
