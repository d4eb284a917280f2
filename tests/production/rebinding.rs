//! A name that leads elsewhere the second time: the program asks the system's own resolver, and connects
//! only to what has passed the guard.
//!
//! The program runs in a mount namespace of its own whose `/etc/resolv.conf` names a server of this test.
//! That takes root, as the mounts of `tests/crashes.rs` do: without it the test fails, it is not skipped.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use tokio::net::UdpSocket;

use crate::server::{Server, answer, ok};
use crate::stage::program::Service;
use crate::stage::{Stage, picture};

/// Where the name server listens. Its port cannot be chosen in `/etc/resolv.conf`, so it has an address
/// of loopback that nobody else has.
const NAMES: Ipv4Addr = Ipv4Addr::new(127, 53, 85, 3);

/// A name server that knows every name: in turns at 127.0.0.1 and at 127.0.0.2, for no time at all.
async fn names() {
    let socket = UdpSocket::bind((NAMES, 53)).await.expect("only root may listen at port 53");
    tokio::spawn(async move {
        let (mut query, mut turn) = ([0; 512], 0);
        while let Ok((length, client)) = socket.recv_from(&mut query).await {
            let answer = answer_to(&query[..length], &mut turn);
            socket.send_to(&answer, client).await.expect("it is still there");
        }
    });
}

/// RFC 1035, 4: the question again, and an address where one of the fourth version is asked for.
fn answer_to(query: &[u8], turn: &mut u8) -> Vec<u8> {
    let name = query[12..].iter().position(|byte| *byte == 0).expect("a name ends with 0");
    let (kind, end) = (12 + name + 1, 12 + name + 5);
    let is_wanted = query[kind..kind + 2] == [0, 1];
    let flags_and_counts = [0x81, 0x80, 0, 1, 0, u8::from(is_wanted), 0, 0, 0, 0];
    let mut answer = [&query[..2], &flags_and_counts, &query[12..end]].concat();
    if is_wanted {
        // A pointer to the name, an address of the internet, valid for 0 s, of 4 bytes.
        answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1 + *turn]);
        *turn = 1 - *turn;
    }
    answer
}

/// `command`, for which `resolv_conf` is `/etc/resolv.conf`; its process keeps the id.
fn resolving_by(resolv_conf: &Path, command: &Command) -> Command {
    let script = "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"";
    let mut unshared = Command::new("unshare");
    unshared.args(["--mount", "sh", "-c", script, "sh"]).arg(resolv_conf);
    unshared.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        unshared.env(name, value.expect("nothing is taken from its environment"));
    }
    unshared.current_dir(command.get_current_dir().expect("it has one"));
    unshared
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch, and root for a mount: ./test starts them"]
async fn a_name_that_rebinds_is_asked_only_while_it_leads_to_where_it_may() {
    let small = picture(16, 16);
    // A connection each: one that is kept would need no name.
    let public = move |_: &str, _| answer("200 OK", &["connection: close"], &small);
    let public = Server::good(public).await;
    let port = public.address.port();
    let forbidden = Server::on(&format!("127.0.0.2:{port}"), |_, _| ok(b"the secret")).await;
    names().await;
    let stage = Stage::new().await;
    for n in 0..10 {
        let url = format!("http://rebinding.example:{port}/{n}.png");
        stage.add(&format!("rebind{n:02}"), &url).await;
        stage.send(&format!("rebind{n:02}")).await;
    }
    let resolv_conf = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(resolv_conf.path(), format!("nameserver {NAMES}\n")).expect("it can be written");

    let command = resolving_by(resolv_conf.path(), &stage.command(&[]));
    let service = Service::start(command, &stage.address);
    service.ready().await;
    stage.settled(10).await;
    let status = stage.status().await.expect("it runs");
    service.drained().await;

    let count = |name: &str| status["messages"][name].as_u64().expect("a number");
    let (indexed, parked) = (count("indexed"), count("parked"));
    assert!(indexed > 0 && parked > 0, "the name has not led to both: {status}");
    for letter in stage.parked(usize::try_from(parked).expect("at most ten")).await {
        assert_eq!(letter.record["class"], "forbidden_address", "{}", letter.record);
    }
    assert_eq!((public.accepted() as u64, forbidden.accepted()), (indexed, 0));
    stage.queue_is_empty().await;
}
