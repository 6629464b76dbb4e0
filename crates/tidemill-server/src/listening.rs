//! The addresses that the server listens on.
//!
//! They are asked for before anything is opened, so that a start whose port somebody listens on
//! changes nothing; connections are accepted once everything is open.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use socket2::{Domain, Socket, Type};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 8192;

/// Addresses that are ours, and where nobody is answered yet.
pub(crate) struct Addresses {
    host: String,
    port: u16,
    sockets: Vec<Socket>,
}

impl Addresses {
    /// Takes every address that `host` stands for; those that this machine has not are passed over
    /// as long as there is one that it has. Port 0 is any that is free.
    pub(crate) fn take(host: &str, port: u16) -> Result<Self, String> {
        let mut addresses = Self {
            host: host.to_owned(),
            port,
            sockets: Vec::new(),
        };
        let named = (host, port).to_socket_addrs();
        let named = named.map_err(|error| addresses.refused(&error))?;
        let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in named {
            match bound(address) {
                Ok(socket) => addresses.sockets.push(socket),
                Err(error) => refused = error,
            }
        }
        match addresses.sockets.is_empty() {
            true => Err(addresses.refused(&refused)),
            false => Ok(addresses),
        }
    }

    /// Lets clients connect.
    pub(crate) fn listen(self) -> Result<Vec<TcpListener>, String> {
        for socket in &self.sockets {
            socket
                .listen(BACKLOG)
                .map_err(|error| self.refused(&error))?;
        }
        Ok(self.sockets.into_iter().map(TcpListener::from).collect())
    }

    fn refused(&self, error: &io::Error) -> String {
        format!(
            "--host {} --port {} cannot be listened on: {error}",
            self.host, self.port
        )
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Connections of a server that has just ended do not keep the next one from starting.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
