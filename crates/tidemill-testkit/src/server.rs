//! The binary as a child process that a test can talk to, stop and kill.

use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Signal, geteuid, getrlimit, kill_process, prlimit};

use crate::http::{Answer, Connection, request};

/// A start in debug mode on a machine full of other tests.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// The user and group without any rights.
pub const NOBODY: u32 = 65534;
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Launch {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    unprivileged: bool,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Launch {
    /// `program server` with everything it writes below `folder`.
    pub fn new(program: impl Into<PathBuf>, folder: &Path) -> Self {
        Self {
            program: program.into(),
            folder: folder.to_owned(),
            port: 0,
            unprivileged: false,
            args: Vec::new(),
            env: Vec::new(),
        }
    }

    /// More flags.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    /// An environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// More of them.
    pub fn envs(self, variables: &[(&str, String)]) -> Self {
        let set = |launch: Self, (name, value): &(&str, String)| launch.env(name, value);
        variables.iter().fold(self, set)
    }

    /// Runs as nobody when the test runs as root, whom no permission holds back.
    pub fn without_privileges(mut self) -> Self {
        self.unprivileged = geteuid().is_root();
        self
    }

    /// Listens on this port instead of a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts and waits until it serves.
    pub fn start(&self) -> TestServer {
        let mut child = self.spawn().expect("the binary starts");
        let address = wait_until_ready(&mut child, &self.log());
        TestServer {
            child,
            address,
            log: self.log(),
        }
    }

    /// Starts, expecting the server to refuse: its exit status and what it said.
    pub fn refused(&self) -> (ExitStatus, String) {
        let mut child = self.spawn().expect("the binary starts");
        let status = wait(&mut child).expect("the server ends by itself");
        let log = std::fs::read_to_string(self.log()).expect("the log is there");
        (status, log)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn spawn(&self) -> io::Result<Child> {
        let log = std::fs::File::create(self.log())?;
        let mut command = Command::new(&self.program);
        if self.unprivileged {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
            .args(["server", "--port", &self.port.to_string()])
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
    }
}

/// A running server; dropping it kills it.
pub struct TestServer {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl TestServer {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection of its own.
    pub fn connect(&self) -> Connection {
        Connection::open(self.address).expect("the server accepts")
    }

    /// A request with these headers and this body, exactly as given.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let read = match method {
            "HEAD" => Connection::answer_to_head,
            _ => Connection::answer,
        };
        self.exchange(&request(method, path, headers, body), read)
    }

    /// Bytes, and the answer to them.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        self.exchange(bytes, Connection::answer)
    }

    fn exchange(&self, bytes: &[u8], read: fn(&mut Connection) -> io::Result<Answer>) -> Answer {
        let mut connection = self.connect();
        // A server may answer and close before it has read everything; the answer counts.
        let sent = connection.send(bytes);
        read(&mut connection).unwrap_or_else(|error| panic!("no answer: {error} (sent: {sent:?})"))
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// A POST of JSON.
    pub fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        let headers = [("Content-Type", "application/json")];
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log is there")
    }

    /// Its resident memory now, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the server runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let size = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok());
        size.expect("Linux tells the size")
    }

    /// Lets it write files up to this size only; `None` lifts the limit again.
    pub fn limit_file_size(&self, bytes: Option<u64>) {
        let pid = Pid::from_child(&self.child);
        let mut limit = getrlimit(Resource::Fsize);
        limit.current = bytes.or(limit.maximum);
        prlimit(Some(pid), Resource::Fsize, limit).expect("the limit can be set");
    }

    /// Asks it to stop, as an orchestrator would.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops it where it stands.
    pub fn kill(mut self) {
        self.child.kill().expect("a running server can be killed");
        self.child.wait().expect("a killed server ends");
    }

    /// Waits until it has ended by itself.
    pub fn wait(mut self) -> ExitStatus {
        wait(&mut self.child).expect("the server ends by itself")
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("a running server can be signalled");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < ENDS_WITHIN {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    None
}

/// Where the server says that it serves.
fn wait_until_ready(child: &mut Child, log: &Path) -> SocketAddr {
    let said = || std::fs::read_to_string(log).expect("the log is there");
    let began = Instant::now();
    while began.elapsed() < READY_WITHIN {
        if let Some(address) = address_in(&said()) {
            return address;
        }
        if let Ok(Some(status)) = child.try_wait() {
            panic!("the server ended with {status}: {}", said());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the server was not ready in time: {}", said());
}

/// The address in the event that a server logs when it serves, as text or as JSON.
fn address_in(log: &str) -> Option<SocketAddr> {
    let (_, after) = log.split_once("addresses")?;
    let (_, after) = after.split_once('[')?;
    after.split_once(']')?.0.parse().ok()
}
