//! What a receive brings, until it is opened.

use std::sync::Arc;
use std::time::Duration;

use crate::ports::{Message, Queue, Received, Release};

/// Received messages. Those that nobody opens, because the Source is gone or never asked for as many,
/// are given back when this is dropped: nothing waits for its lease to run out.
pub(super) struct Catch {
    queue: Arc<dyn Queue>,
    pub(super) messages: std::vec::IntoIter<Message>,
    released_on_drop: bool,
}

impl Catch {
    pub(super) fn of(
        queue: Arc<dyn Queue>,
        received: Received,
        released_on_drop: bool,
    ) -> Option<Self> {
        match received {
            Received::Messages(messages) => {
                Some(Self { queue, messages: messages.into_iter(), released_on_drop })
            }
            Received::Exhausted => None,
        }
    }
}

impl Drop for Catch {
    fn drop(&mut self) {
        let release = |m: Message| Release { receipt: m.receipt, after: Duration::ZERO };
        let releases: Vec<Release> = self.messages.by_ref().map(release).collect();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.released_on_drop && !releases.is_empty() {
            let queue = Arc::clone(&self.queue);
            runtime.spawn(async move {
                for batch in releases.chunks(queue.batch_limit()) {
                    for refused in queue.release(batch).await.into_iter().filter_map(Result::err) {
                        // It is shown again when its lease has run out.
                        tracing::debug!(%refused, "the queue did not take back what nobody opened");
                    }
                }
            });
        }
    }
}
