//! `redrive`: parked messages go back to the queue that they came from.
//!
//! The console's redrive cannot do it: it knows where a message came from only if SQS moved it itself.
//! Bodies and attributes go back unchanged, but for the record of the parking. A message is sent first
//! and deleted then: a crash between the two doubles it, which the service absorbs, and never loses it.

mod report;
mod sweep;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::failure::Class;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use clap::Args;
use indicatif::{MultiProgress, ProgressBar};
use tracing_subscriber::EnvFilter;

use crate::adapters::aws;
use crate::adapters::aws::batch::LIMIT;
use crate::adapters::aws::fault::Fault;
use crate::adapters::sqs::{
    Letter, Moved, Parcel, SqsError, SqsSettings, Transfer, attributes_of, receive, show,
};
use crate::config::LogFormat;
use crate::console;
use crate::exit::{Exit, Stopped};
use crate::runtime;
use crate::shutdown::Shutdown;
use crate::telemetry;
use sweep::{Choice, Sweep};

/// How long a message of the dead-letter queue stays hidden while it is looked at: longer than it takes
/// to look at all that SQS lets be in flight (120,000 messages), so that none comes twice; short enough
/// to wait for, should this process be killed.
const HIDDEN: Duration = Duration::from_mins(15);

/// How long to wait for more messages. A long poll asks all of the service's servers, a short one some.
const WAIT: Duration = Duration::from_secs(5);

/// The options of `redrive`.
///
/// Puts parked messages back into the queue, in no particular order. Messages that are not chosen stay
/// where they are, and so does everything with --dry-run. Their receive counts rise in any case.
#[derive(Args, Clone, Debug)]
pub struct RedriveOptions {
    /// The SQS queue that they go back to
    #[arg(long, env, value_name = "URL")]
    pub queue_url: String,

    /// Where they are parked
    #[arg(long, env, value_name = "URL")]
    pub dead_letter_queue_url: String,

    /// Only those that failed with this class: `corrupt_image`, `http_unavailable`, …
    ///
    /// `none` stands for messages without a record of ours: SQS moved them, because they were received
    /// too often without being settled.
    #[arg(long, value_name = "CLASS", value_parser = class)]
    pub class: Option<String>,

    /// At most so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,

    /// Change nothing: list what would be put back, one line each
    #[arg(long)]
    pub dry_run: bool,
}

fn class(text: &str) -> Result<String, String> {
    let known: Vec<&str> =
        Class::ALL.iter().map(|class| class.as_str()).chain([sweep::NONE]).collect();
    if known.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(format!("write one of {}", known.join(", ")))
    }
}

/// Puts messages back. The first signal lets what is in hand be finished, the second ends it at once.
///
/// # Errors
/// [`Stopped`] when the queues are unusable or do not answer, or some messages could not be put back.
pub fn run(options: &RedriveOptions) -> Result<Exit, Stopped> {
    let screen = MultiProgress::new();
    let _logging = telemetry::start(LogFormat::Text, EnvFilter::new("warn"), &screen);
    let runtime = runtime::on_this_thread()?;
    runtime.block_on(async {
        let mut shutdown = Shutdown::listen().map_err(Stopped::unexpected)?;
        let config = aws::load().await.map_err(Stopped::usage)?;
        let interrupted = AtomicBool::new(false);
        let mut work = pin!(redrive(&config, options, &screen, &interrupted));
        tokio::select! {
            ended = &mut work => return ended,
            _ = shutdown.signal() => interrupted.store(true, Ordering::Relaxed),
        }
        tokio::select! {
            ended = &mut work => ended,
            signal = shutdown.signal() => Err(Stopped::unexpected(format!(
                "{signal} while messages were in hand: they stay hidden for up to {} minutes, and one \
                 may be in both queues",
                HIDDEN.as_secs() / 60
            ))),
        }
    })
}

/// The same with everything that comes from outside.
///
/// # Errors
/// As [`run`].
pub async fn redrive(
    config: &SdkConfig,
    options: &RedriveOptions,
    screen: &MultiProgress,
    interrupted: &AtomicBool,
) -> Result<Exit, Stopped> {
    let RedriveOptions { queue_url, dead_letter_queue_url, class, limit, dry_run } =
        options.clone();
    let settings = SqsSettings::new(queue_url.clone(), dead_letter_queue_url.clone());
    settings.validate().map_err(Stopped::usage)?;
    let look = async |queue: String| {
        let seen = attributes_of(config, &queue).await;
        seen.map_err(|fault| Stopped::unavailable(SqsError::Unavailable { queue, fault }))
    };
    look(queue_url.clone()).await?;
    let waiting = look(dead_letter_queue_url.clone()).await?.visible.unwrap_or_default();
    let mut run = Redrive {
        transfer: Transfer {
            client: Client::new(config),
            from: dead_letter_queue_url,
            to: queue_url,
        },
        sweep: Sweep::new(class, limit),
        kept: Vec::new(),
        progress: report::progress(screen, waiting),
        dry_run,
    };
    let ended = run.all(interrupted).await;
    run.give_back().await;
    run.progress.finish_and_clear();
    console::answer(report::totals(&run.sweep, dry_run).trim_end());
    ended.map_err(|fault| Stopped::unavailable(format!("stopped early: {fault}")))?;
    report::exit(&run.sweep)
}

struct Redrive {
    transfer: Transfer,
    sweep: Sweep,
    /// Receipts of messages that stay: shown again at the end, not before, or they would come again.
    kept: Vec<String>,
    progress: ProgressBar,
    dry_run: bool,
}

impl Redrive {
    async fn all(&mut self, interrupted: &AtomicBool) -> Result<(), Fault> {
        while !interrupted.load(Ordering::Relaxed) && !self.sweep.is_over() {
            let Transfer { client, from, .. } = &self.transfer;
            let messages = receive(client, from, LIMIT, WAIT, HIDDEN).await?;
            if messages.is_empty() {
                break;
            }
            let mut chosen = Vec::new();
            for message in messages {
                match self.sweep.choose(&message) {
                    Choice::PutBack(class) => chosen.push((class, message.letter, message.handle)),
                    Choice::Keep => self.kept.push(message.handle),
                }
            }
            self.put_back(chosen).await;
            self.progress.set_position(self.sweep.seen());
        }
        Ok(())
    }

    async fn put_back(&mut self, chosen: Vec<(String, Letter, String)>) {
        if self.dry_run {
            for (class, letter, handle) in chosen {
                self.progress.suspend(|| console::answer(report::line(&class, &letter)));
                self.sweep.moved(&class, &Moved::Whole);
                self.kept.push(handle);
            }
            return;
        }
        let parcel = |(_, letter, handle): &(String, Letter, String)| Parcel {
            letter: letter.clone().unparked(),
            handle: handle.clone(),
            sent: false,
        };
        let moved = self.transfer.run(chosen.iter().map(parcel).collect()).await;
        for ((class, _, handle), moved) in chosen.into_iter().zip(moved) {
            self.sweep.moved(&class, &moved);
            if moved != Moved::Whole {
                self.kept.push(handle);
            }
        }
    }

    /// What is not shown again now shows itself in a while.
    async fn give_back(&self) {
        let Transfer { client, from, .. } = &self.transfer;
        let failed = show(client, from, &self.kept).await;
        if failed > 0 {
            tracing::warn!(
                failed,
                "messages stay hidden for up to {} minutes",
                HIDDEN.as_secs() / 60
            );
        }
    }
}
