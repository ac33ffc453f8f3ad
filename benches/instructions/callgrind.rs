//! Runs a program under callgrind, and reads what it counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use benches::agent::Connection;
use benches::world::Program;
use rustix::process::{Pid, Signal, kill_process};

/// Counts instructions of programs that listen, if they do, at one place.
pub(crate) struct Callgrind {
    socket: PathBuf,
    output: PathBuf,
}

impl Callgrind {
    pub(crate) fn new(socket: PathBuf) -> Self {
        let output = socket.with_file_name("callgrind.out");
        Self { socket, output }
    }

    /// Returns the instructions of a function from its start to its end by SIGTERM, with so many
    /// calls between them.
    pub(crate) fn serving(&self, program: &Program, calls: u64, request: &[u8]) -> u64 {
        drop(fs::remove_file(&self.socket));
        let mut child = self.start(program);
        let mut connection = Connection::open(&self.socket);
        for _ in 0..calls {
            connection.call(request);
        }
        drop(connection);
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        self.counted(&mut child, &program.path)
    }

    /// Returns the instructions of a program that ends by itself.
    pub(crate) fn running(&self, program: &Program) -> u64 {
        self.counted(&mut self.start(program), &program.path)
    }

    fn start(&self, program: &Program) -> Child {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--quiet"]);
        command.arg(format!("--callgrind-out-file={}", self.output.display()));
        command.arg(&program.path).args(&program.arguments).env_clear().envs(&program.vars);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap_or_else(|error| panic!("valgrind: {error}"))
    }

    fn counted(&self, child: &mut Child, program: &Path) -> u64 {
        let status = child.wait().unwrap();
        assert!(status.success(), "{}: {status}", program.display());
        let output = fs::read_to_string(&self.output).unwrap();
        let total = output.lines().find_map(|line| line.strip_prefix("totals: "));
        total.unwrap().trim().parse().unwrap()
    }
}
