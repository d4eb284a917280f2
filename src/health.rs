//! `health`: asks a running process whether it moves. For containers without a shell.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;

use crate::config::DEFAULT_ADMIN_ADDRESS;
use crate::console;
use crate::exit::{Exit, Stopped};
use crate::runtime;

/// The options of `health`.
///
/// Exit code 0 if the process is alive, 69 if it is not or does not answer. Whether its dependencies
/// answer is /readyz and no part of this: an outage is no reason to replace a task.
#[derive(Args, Clone, Debug)]
pub struct HealthOptions {
    /// Where the process serves /livez
    #[arg(long, env, value_name = "ADDRESS:PORT", default_value = DEFAULT_ADMIN_ADDRESS)]
    pub admin_address: SocketAddr,
}

/// An answer from the same machine takes milliseconds; ECS gives a health check five seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks.
///
/// # Errors
/// [`Stopped`], unavailable, with what the process says of itself or why it did not answer.
pub fn run(options: &HealthOptions) -> Result<Exit, Stopped> {
    let address = reachable(options.admin_address);
    let runtime = runtime::on_this_thread()?;
    let (status, body) = runtime
        .block_on(ask(&format!("http://{address}/livez")))
        .map_err(|error| Stopped::unavailable(format!("{address} does not answer: {error}")))?;
    if status {
        console::answer(body.trim());
        return Ok(Exit::Done);
    }
    Err(Stopped::unavailable(body.trim()))
}

async fn ask(url: &str) -> reqwest::Result<(bool, String)> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(url).send().await?;
    Ok((answer.status().is_success(), answer.text().await?))
}

/// Where a process that listens on every address is asked.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_listens_everywhere_is_asked_on_loopback() {
        for (listens, asked) in [
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()).to_string(), asked);
        }
    }
}
