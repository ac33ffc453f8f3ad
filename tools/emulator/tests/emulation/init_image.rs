//! Is what `fn init --init-image` unpacks a function that builds, passes its own test and answers?

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use emulator::agent::{Agent, Answer, Invocation, Program};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

/// Longer than a first build on a slow machine takes.
const PATIENCE: Duration = Duration::from_secs(600);

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

async fn run(command: &mut Command) -> Vec<u8> {
    let output = timeout(PATIENCE, command.kill_on_drop(true).output()).await.unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output.stdout
}

async fn archive() -> Vec<u8> {
    run(&mut Command::new(repository().join("init-image/assemble"))).await
}

/// The type and the name of each entry of a tar stream, in order.
fn entries(mut archive: &[u8]) -> Vec<(char, String)> {
    let text = |field: &[u8]| {
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        String::from_utf8(field[..end].to_vec()).unwrap()
    };
    let mut entries = Vec::new();
    while archive[0] != 0 {
        let (name, size, kind) = (&archive[..100], &archive[124..136], archive[156]);
        entries.push((char::from(kind), text(name)));
        let size = usize::from_str_radix(text(size).trim(), 8).unwrap();
        archive = &archive[512 + size.next_multiple_of(512)..];
    }
    entries
}

#[tokio::test]
async fn the_stream_is_one_that_the_cli_unpacks() {
    let entries = entries(&archive().await);
    let mut directories = BTreeSet::from([PathBuf::new()]);
    for (kind, name) in &entries {
        assert!(matches!(kind, '0' | '5'), "{name} is neither a file nor a directory: {kind}");
        let path = PathBuf::from(name);
        assert!(directories.contains(path.parent().unwrap()), "{name} comes before its directory");
        if *kind == '5' {
            directories.insert(path);
        }
    }
    let names: BTreeSet<&str> = entries.iter().map(|(_, name)| &**name).collect();
    for name in ["func.init.yaml", "Cargo.toml", "Cargo.lock", "Dockerfile", ".dockerignore"] {
        assert!(names.contains(name), "{name} is missing: {names:?}");
    }
    assert!(names.contains("src/main.rs") && names.contains("fn-fdk/src/lib.rs"), "{names:?}");
    assert!(!names.contains("func.yaml"), "the CLI writes it");
}

/// The packages of a lock file with their versions, as far as they come from a registry.
fn locked(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap();
    let packages = text.split("[[package]]").filter(|package| package.contains("\nchecksum = "));
    packages.map(|package| package.lines().take(3).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_its_image_copies_is_let_into_the_build() {
    let template = repository().join("init-image/template");
    let file = |name| fs::read_to_string(template.join(name)).unwrap();
    let (recipe, ignored) = (file("Dockerfile"), file(".dockerignore"));
    let let_in: BTreeSet<&str> =
        ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let steps = recipe.lines().filter_map(|line| line.strip_prefix("COPY "));
    let steps = steps.filter(|step| !step.starts_with("--from"));
    let copied: BTreeSet<&str> =
        steps.flat_map(|step| step.rsplit_once(' ').unwrap().0.split(' ')).collect();
    assert_eq!(copied, let_in);
}

/// An image copies the manifests that cargo reads, one by one or with their folder.
#[test]
fn each_image_has_the_manifest_of_every_member_of_the_workspace() {
    let read = |name: &str| fs::read_to_string(repository().join(name)).unwrap();
    let workspace = read("Cargo.toml");
    let members = workspace.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    let members: Vec<&str> = serde_json::from_str(members).unwrap();
    assert!(members.len() > 9, "{members:?}");
    for recipe in ["Dockerfile", "server/Dockerfile", "init-image/Dockerfile"] {
        let text = read(recipe);
        let copied: BTreeSet<&Path> = text
            .lines()
            .take_while(|line| !line.starts_with("RUN "))
            .filter_map(|line| line.strip_prefix("COPY "))
            .flat_map(|step| step.split(' '))
            .map(Path::new)
            .collect();
        for member in &members {
            let manifest = Path::new(member).join("Cargo.toml");
            let there = manifest.ancestors().any(|part| copied.contains(part));
            assert!(there, "{recipe} does not copy {}", manifest.display());
        }
    }
}

#[test]
fn its_dependencies_are_those_that_are_checked_here() {
    let template = repository().join("init-image/template");
    let (ours, its) =
        (locked(&repository().join("Cargo.lock")), locked(&template.join("Cargo.lock")));
    assert!(its.len() > 20 && its.is_subset(&ours), "{:?}", its.difference(&ours));
}

async fn call(function: &Agent, body: &'static str, gateway: bool) -> (u16, Value) {
    let invocation = Invocation::json(body);
    let invocation = if gateway { invocation.through_gateway("POST", "/") } else { invocation };
    let Answer { status, body, .. } = timeout(PATIENCE, function.call(invocation)).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn the_new_function_builds_passes_its_test_and_answers() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("function.tar");
    fs::write(&file, archive().await).unwrap();
    let function = directory.path().join("function");
    fs::create_dir(&function).unwrap();
    run(Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(&function)).await;

    // What one run has built of the dependencies, the next finds.
    let target = repository().join("target/init-image");
    for command in ["test", "build"] {
        let mut cargo = Command::new(std::env::var("CARGO").unwrap());
        cargo.args([command, "--locked", "--target-dir"]).arg(&target);
        run(cargo.current_dir(&function)).await;
    }

    let function = Agent::start(Program::new(target.join("debug/func"))).await.unwrap();
    let greeting = json!({ "message": "Hello, Ada!" });
    for gateway in [false, true] {
        assert_eq!(call(&function, r#"{"name": "Ada"}"#, gateway).await, (200, greeting.clone()));
    }
    let (status, error) = call(&function, "Ada", true).await;
    assert_eq!((status, &error["code"]), (400, &json!("InvalidParameter")));
    assert_eq!(call(&function, "Ada", false).await.0, 502);
    assert_eq!(function.starts(), 1);
    function.stop().await;
}
