//! Which binary of which package is built.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::error::BuildError;
use super::process::run;
use crate::package::options::Build;

/// A binary that cargo can build.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) manifest: PathBuf,
    pub(super) workspace: PathBuf,
    pub(super) package: String,
    pub(super) binary: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<CargoTarget>,
}

#[derive(Deserialize)]
struct CargoTarget {
    name: String,
    kind: Vec<String>,
}

impl Package {
    fn binaries(&self) -> Vec<&str> {
        let binaries =
            self.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "bin"));
        binaries.map(|target| target.name.as_str()).collect()
    }
}

impl Target {
    /// Returns the one that the options name, or the only one.
    pub(super) fn find(cargo: &str, options: &Build) -> Result<Self, BuildError> {
        let ask = |arguments: &[&str], name: &'static str| {
            let mut command = Command::new(cargo);
            command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
            if let Some(path) = &options.manifest_path {
                command.arg("--manifest-path").arg(path);
            }
            run(&mut command, name)
        };
        let manifest =
            ask(&["locate-project", "--message-format", "plain"], "cargo locate-project")?;
        let manifest = PathBuf::from(String::from_utf8_lossy(&manifest).trim_end());
        let metadata = ask(&["metadata", "--no-deps", "--format-version", "1"], "cargo metadata")?;
        let metadata: Metadata = serde_json::from_slice(&metadata)
            .map_err(|error| BuildError::Misunderstood("cargo metadata", error.to_string()))?;
        let package = match &options.package {
            Some(name) => {
                metadata.packages.iter().find(|package| package.name == *name).ok_or_else(|| {
                    BuildError::NoPackage(
                        format!("`{name}`"),
                        names(metadata.packages.iter().map(|package| package.name.as_str())),
                    )
                })?
            }
            None => here(&metadata, &manifest)?,
        };
        let binary = binary(package, options.bin.as_deref())?;
        Ok(Self {
            manifest,
            workspace: metadata.workspace_root.clone(),
            package: package.name.clone(),
            binary: binary.to_owned(),
        })
    }
}

/// Returns the package of the folder; of a workspace without one, the only package with a binary.
fn here<'a>(metadata: &'a Metadata, manifest: &PathBuf) -> Result<&'a Package, BuildError> {
    if let Some(package) =
        metadata.packages.iter().find(|package| package.manifest_path == *manifest)
    {
        return Ok(package);
    }
    let with_binary = metadata.packages.iter().filter(|package| !package.binaries().is_empty());
    match with_binary.collect::<Vec<_>>()[..] {
        [package] => Ok(package),
        ref packages => Err(BuildError::WhichPackage(names(
            packages.iter().map(|package| package.name.as_str()),
        ))),
    }
}

fn binary<'a>(package: &'a Package, asked: Option<&str>) -> Result<&'a str, BuildError> {
    let (name, binaries) = (package.name.clone(), package.binaries());
    match (asked, &binaries[..]) {
        (_, []) => Err(BuildError::NoBinary(name)),
        (Some(asked), binaries) => {
            binaries.iter().find(|binary| **binary == asked).copied().ok_or_else(|| {
                BuildError::WrongBinary(name, asked.to_owned(), names(binaries.iter().copied()))
            })
        }
        (None, [only]) => Ok(only),
        (None, several) => Err(BuildError::WhichBinary(name, names(several.iter().copied()))),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
