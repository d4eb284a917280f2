//! The program, running.

use std::io::Read;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use super::until;

/// A running service; killed when dropped.
pub struct Service {
    child: Child,
    /// Read while it runs, since a full pipe would hold it up.
    said: Option<JoinHandle<String>>,
    unread: Option<ChildStderr>,
    address: String,
}

impl Service {
    /// Starts `command`, which serves its state at `address`.
    pub fn start(command: Command, address: &str) -> Self {
        let mut service = Self::unheard(command, address);
        let mut stderr = service.unread.take().expect("it is piped");
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).expect("text");
            said
        });
        service.said = Some(said);
        service
    }

    /// The same, but nobody ever reads what it says.
    pub fn unheard(mut command: Command, address: &str) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the program starts");
        let unread = child.stderr.take();
        Self { child, said: None, unread, address: address.to_owned() }
    }

    /// Waits until it says that it is ready.
    pub async fn ready(&self) {
        until("readiness", async || (self.ask("/readyz").await?.0 == 200).then_some(())).await;
    }

    /// What its admin server answers.
    pub async fn get(&self, path: &str) -> (u16, String) {
        self.ask(path).await.expect("it runs")
    }

    async fn ask(&self, path: &str) -> Option<(u16, String)> {
        let answer = reqwest::get(format!("http://{}{path}", self.address)).await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// What it answers to a browser.
    pub async fn page(&self, path: &str) -> String {
        let request = reqwest::Client::new().get(format!("http://{}{path}", self.address));
        let answer = request.header("Accept", "text/html,*/*").send().await.expect("it runs");
        answer.text().await.expect("text")
    }

    /// What it holds in memory of its own, in KiB: not the pages of its file that it has touched.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let size = line.and_then(|line| line.split_whitespace().next()).expect("Linux tells it");
        size.parse().expect("a number")
    }

    /// Waits for its end, while the test's own servers go on answering it.
    pub async fn code(&mut self) -> Option<i32> {
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Sends the signal of this name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Ends it as ECS does, and expects that it drains; answers what it said.
    pub fn drain(self) -> String {
        self.signal("TERM");
        self.said_to_the_end()
    }

    /// The same, while the test's own servers go on answering it.
    pub async fn drained(self) -> String {
        self.signal("TERM");
        self.ends().await
    }

    /// Waits for its good end, while the test's own servers go on answering it; answers what it said.
    pub async fn ends(self) -> String {
        let ended = tokio::task::spawn_blocking(move || self.said_to_the_end()).await;
        ended.expect("it ends well")
    }

    fn said_to_the_end(mut self) -> String {
        let said = self.said.take().expect("it is drained once").join().expect("it is read");
        let ended = self.child.wait().expect("it ends");
        assert_eq!(ended.code(), Some(0), "{said}");
        said
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
