//! How programs end, and what they say, by how the host answered that they asked.
//!
//! Sources: the programs' own pages and texts: busybox 1.36 (nslookup, wget, ping, nc), curl(1), getent(1), pg_isready.

use super::{Host, Question};
use alloc::format;
use alloc::string::String;
use smol_str::SmolStr;

/// How a host answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// As it was asked to.
    Answers,
    /// No such name: NXDOMAIN.
    NotFound,
    /// No name server answered.
    NoServer,
    /// Nobody listens there.
    Refused,
    /// Nothing comes back.
    Dropped,
}

/// What a program that asks a host hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// How the host answered.
    pub reply: Reply,
    /// The name server that was asked.
    pub server: SmolStr,
    /// The name for which an answer came.
    pub name: SmolStr,
    /// The host's address, where it has one that is known.
    pub address: SmolStr,
}

impl Heard {
    /// The program's status.
    pub(super) fn status(&self, host: &Host) -> i32 {
        match (host.program.as_str(), self.reply) {
            (_, Reply::Answers) => 0,
            ("curl", Reply::NotFound | Reply::NoServer) => 6,
            ("curl", Reply::Refused) => 7,
            ("curl", Reply::Dropped) => 28,
            ("getent" | "pg_isready", _) => 2,
            ("dig", Reply::NoServer) => 9,
            _ => 1,
        }
    }

    /// What the program says.
    pub(super) fn words(&self, host: &Host) -> String {
        match (host.program.as_str(), host.question) {
            ("nslookup", _) => self.of_nslookup(host),
            ("getent", _) if self.reply == Reply::Answers => {
                format!("{}  {}\n", self.address, self.name)
            }
            ("wget" | "ping" | "nc", _) => self.of_busybox(host),
            ("curl", Question::Connection) => self.of_curl(host),
            _ => String::new(),
        }
    }

    fn of_nslookup(&self, host: &Host) -> String {
        let name = host.name.trim_end_matches('.');
        if self.reply == Reply::NoServer {
            return ";; connection timed out; no servers could be reached\n\n".into();
        }
        let server = format!("Server:\t\t{0}\nAddress:\t{0}:53\n\n", self.server);
        match self.reply {
            Reply::NotFound => format!("{server}** server can't find {name}: NXDOMAIN\n\n"),
            _ => format!(
                "{server}Name:\t{}\nAddress: {}\n\n",
                self.name, self.address
            ),
        }
    }

    fn of_busybox(&self, host: &Host) -> String {
        let Host { program, name, .. } = host;
        let why = match self.reply {
            Reply::Answers => return String::new(),
            Reply::NotFound | Reply::NoServer => format!("bad address '{name}'"),
            Reply::Refused => format!(
                "can't connect to remote host ({}): Connection refused",
                self.address
            ),
            Reply::Dropped => format!(
                "can't connect to remote host ({}): Operation timed out",
                self.address
            ),
        };
        format!("{program}: {why}\n")
    }

    fn of_curl(&self, host: &Host) -> String {
        let Host { name, port, .. } = host;
        let port = port.unwrap_or(80);
        match self.reply {
            Reply::Answers => String::new(),
            Reply::NotFound | Reply::NoServer => {
                format!("curl: (6) Could not resolve host: {name}\n")
            }
            Reply::Refused => format!(
                "curl: (7) Failed to connect to {name} port {port} after 0 ms: Couldn't connect to server\n"
            ),
            Reply::Dropped => format!(
                "curl: (28) Failed to connect to {name} port {port} after 130000 ms: Couldn't connect to server\n"
            ),
        }
    }
}
