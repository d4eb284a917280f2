//! Lets small calls wait for each other, so that many of them cost one request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

type Answers<A> = Pin<Box<dyn Future<Output = Vec<A>> + Send>>;
type Work<T, A> = dyn Fn(Vec<T>) -> Answers<A> + Send + Sync;

/// Gathers items from several callers until there are enough for a batch, or the first has waited for
/// long enough. What waits is bounded by its callers, each of whom waits for an answer.
pub struct Batcher<T, A> {
    limit: usize,
    linger: Duration,
    work: Box<Work<T, A>>,
    waiting: Mutex<Waiting<T, A>>,
}

struct Waiting<T, A> {
    items: Vec<(T, oneshot::Sender<A>)>,
    /// Counts the batches that have gone, so that a timer knows whether its own has.
    gone: u64,
}

impl<T: Send + 'static, A: Send + 'static> Batcher<T, A> {
    /// Hands up to `limit` items at once to `work`, which answers one each, in order. No item waits for
    /// others for longer than `linger`.
    pub fn new<F>(
        limit: usize,
        linger: Duration,
        work: impl Fn(Vec<T>) -> F + Send + Sync + 'static,
    ) -> Arc<Self>
    where
        F: Future<Output = Vec<A>> + Send + 'static,
    {
        let work = Box::new(move |items| -> Answers<A> { Box::pin(work(items)) });
        let waiting = Mutex::new(Waiting { items: Vec::new(), gone: 0 });
        Arc::new(Self { limit, linger, work, waiting })
    }

    /// Answers one each, in order; `None` where the work ended without an answer.
    pub async fn submit(self: &Arc<Self>, items: Vec<T>) -> Vec<Option<A>> {
        let answers: Vec<_> = items.into_iter().map(|item| self.enter(item)).collect();
        let mut answered = Vec::with_capacity(answers.len());
        for answer in answers {
            answered.push(answer.await.ok());
        }
        answered
    }

    fn enter(self: &Arc<Self>, item: T) -> oneshot::Receiver<A> {
        let (answer, receiver) = oneshot::channel();
        let mut waiting = self.waiting();
        waiting.items.push((item, answer));
        if waiting.items.len() >= self.limit {
            self.start(waiting.take());
        } else if waiting.items.len() == 1 {
            self.start_later(waiting.gone);
        }
        receiver
    }

    /// In a task that no caller ends: others' items are in the batch.
    fn start(self: &Arc<Self>, batch: Vec<(T, oneshot::Sender<A>)>) {
        let (items, answers): (Vec<T>, Vec<_>) = batch.into_iter().unzip();
        let work = (self.work)(items);
        tokio::spawn(async move {
            for (answer, sender) in work.await.into_iter().zip(answers) {
                let _ = sender.send(answer); // a caller that is gone wants none
            }
        });
    }

    fn start_later(self: &Arc<Self>, batch: u64) {
        let this = Arc::clone(self);
        tokio::spawn(async move {
            sleep(this.linger).await;
            let mut waiting = this.waiting();
            if waiting.gone == batch {
                let items = waiting.take();
                this.start(items);
            }
        });
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T, A>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, A> Waiting<T, A> {
    fn take(&mut self) -> Vec<(T, oneshot::Sender<A>)> {
        self.gone += 1;
        std::mem::take(&mut self.items)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::time::Instant;

    use super::*;

    const LINGER: Duration = Duration::from_millis(500);

    type Batches = Arc<Mutex<Vec<Vec<u32>>>>;

    /// Answers each number with its double, and keeps the batches.
    fn doubler() -> (Arc<Batcher<u32, u32>>, Batches) {
        let batches = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&batches);
        let batcher = Batcher::new(10, LINGER, move |items: Vec<u32>| {
            kept.lock().unwrap().push(items.clone());
            async move { items.into_iter().map(|item| 2 * item).collect() }
        });
        (batcher, batches)
    }

    #[tokio::test(start_paused = true)]
    async fn ten_calls_are_one_request_and_nobody_waits() {
        let (batcher, batches) = doubler();
        let began = Instant::now();

        let answers = join_all((0..10).map(|n| batcher.submit(vec![n]))).await;

        assert_eq!(answers, (0..10).map(|n| vec![Some(2 * n)]).collect::<Vec<_>>());
        assert_eq!(*batches.lock().unwrap(), [(0..10).collect::<Vec<_>>()]);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn fewer_go_together_when_the_first_has_waited_for_long_enough() {
        let (batcher, batches) = doubler();
        let began = Instant::now();

        let (first, second) = tokio::join!(batcher.submit(vec![1]), async {
            sleep(LINGER / 2).await;
            batcher.submit(vec![2, 3]).await
        });

        assert_eq!((first, second), (vec![Some(2)], vec![Some(4), Some(6)]));
        assert_eq!(*batches.lock().unwrap(), [vec![1, 2, 3]]);
        assert!(began.elapsed() >= LINGER && began.elapsed() < 2 * LINGER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_of_a_batch_that_has_gone_does_not_hurry_the_next_one() {
        let (batcher, batches) = doubler();
        let first = join_all((0..10).map(|n| batcher.submit(vec![n])));
        let later = async {
            sleep(LINGER / 2).await;
            batcher.submit(vec![10]).await;
            Instant::now()
        };
        let began = Instant::now();

        let (_, ended) = tokio::join!(first, later);

        assert!(ended - began >= LINGER + LINGER / 2);
        assert_eq!(batches.lock().unwrap().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_a_batch_are_several_and_answers_keep_their_order() {
        let (batcher, batches) = doubler();

        let answers = batcher.submit((0..23).collect()).await;

        assert_eq!(answers, (0..23).map(|n| Some(2 * n)).collect::<Vec<_>>());
        assert_eq!(batches.lock().unwrap().iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_leaves_takes_nobody_with_it_and_work_that_dies_answers_nobody() {
        let (batcher, _) = doubler();
        let abandoned = tokio::time::timeout(LINGER / 2, batcher.submit(vec![1]));
        let (abandoned, kept) = tokio::join!(abandoned, batcher.submit(vec![2]));
        assert_eq!((abandoned.is_err(), kept), (true, vec![Some(4)]));

        let silent = Batcher::new(10, LINGER, |_: Vec<u32>| async { Vec::<u32>::new() });
        assert_eq!(silent.submit(vec![1, 2]).await, [None, None]);
    }
}
