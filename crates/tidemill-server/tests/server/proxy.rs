//! A network between server and database that a test can cut, close and stall.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use tidemill_testkit::TestDatabase;
use url::Url;

/// What the network does at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Weather {
    Fair,
    /// Connections are accepted, and no byte moves.
    Stalled,
    /// Connections are closed, old and new.
    Gone,
    /// The test is over.
    Ended,
}

/// How often a connection looks at the weather.
const GLANCE: Duration = Duration::from_millis(20);

/// A proxy before a PostgreSQL database.
pub(crate) struct Proxy {
    address: SocketAddr,
    uri: String,
    weather: Arc<AtomicU8>,
}

impl Proxy {
    pub(crate) fn before(database: &TestDatabase) -> Self {
        let mut uri = Url::parse(&database.uri()).expect("a valid URI");
        let target = (
            uri.host_str().expect("a host").to_owned(),
            uri.port().unwrap_or(5432),
        );
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        uri.set_host(Some("127.0.0.1")).expect("a valid host");
        uri.set_port(Some(address.port())).expect("a valid port");
        let weather = Arc::new(AtomicU8::new(Weather::Fair as u8));
        let seen = Arc::clone(&weather);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if is(&seen, Weather::Ended) {
                    return;
                }
                if let Ok(server) = TcpStream::connect((target.0.as_str(), target.1)) {
                    join(client, server, &seen);
                }
            }
        });
        Self {
            address,
            uri: uri.into(),
            weather,
        }
    }

    /// The database's URI by way of this proxy.
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    pub(crate) fn heal(&self) {
        self.set(Weather::Fair);
    }

    pub(crate) fn stall(&self) {
        self.set(Weather::Stalled);
    }

    pub(crate) fn cut(&self) {
        self.set(Weather::Gone);
    }

    fn set(&self, weather: Weather) {
        self.weather.store(weather as u8, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.set(Weather::Ended);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

fn is(seen: &AtomicU8, weather: Weather) -> bool {
    seen.load(Ordering::SeqCst) == weather as u8
}

fn join(client: TcpStream, server: TcpStream, weather: &Arc<AtomicU8>) {
    for (from, to) in [(&client, &server), (&server, &client)] {
        let (from, to) = (from.try_clone(), to.try_clone());
        let weather = Arc::clone(weather);
        thread::spawn(move || {
            if let (Ok(from), Ok(to)) = (from, to) {
                // However it ends, both sides must learn of it.
                let _ = forward(&from, &to, &weather);
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            }
        });
    }
}

fn forward(mut from: &TcpStream, mut to: &TcpStream, weather: &AtomicU8) -> io::Result<()> {
    from.set_read_timeout(Some(GLANCE))?;
    to.set_nodelay(true)?;
    let mut bytes = [0; 16 * 1024];
    loop {
        if is(weather, Weather::Gone) || is(weather, Weather::Ended) {
            return Ok(());
        }
        if is(weather, Weather::Stalled) {
            thread::sleep(GLANCE);
            continue;
        }
        match from.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                while is(weather, Weather::Stalled) {
                    thread::sleep(GLANCE);
                }
                to.write_all(&bytes[..length])?;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
