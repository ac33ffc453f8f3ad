//! `mdfn new`.

use std::fs;

use super::mdfn_with_cargo as mdfn;

#[test]
fn a_new_function_has_all_files_and_says_what_to_do_next() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("greeter");
    let done = mdfn(&["new", folder.to_str().unwrap()]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stdout.contains("cargo build") && done.stdout.contains("mdfn invoke"), "{done:?}");
    let yaml = fs::read_to_string(folder.join("func.yaml")).unwrap();
    assert!(yaml.starts_with("schema_version: 20180708\nname: greeter\n"), "{yaml}");
    assert!(yaml.contains("content_type: application/json"), "{yaml}");
    for file in ["Cargo.toml", "Cargo.lock", "Dockerfile", "src/main.rs", "fn-fdk/src/lib.rs"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
    let again = mdfn(&["new", folder.to_str().unwrap()]);
    assert!(again.code == 1 && again.stderr.contains("exists"), "{again:?}");
}

#[test]
fn a_name_that_is_none_and_a_folder_that_is_no_clone_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("greeter");
    for name in ["Greeter", "1st", "a b", "-x", "grüße"] {
        let done = mdfn(&["new", "--", name]);
        assert!(done.code == 2 && done.stderr.contains("begins with a letter"), "{name}: {done:?}");
    }
    let options = ["new", folder.to_str().unwrap(), "--repository", home.path().to_str().unwrap()];
    let done = mdfn(&options);
    assert!(done.code == 1 && done.stderr.contains("--repository"), "{done:?}");
    assert!(!folder.exists());
}
