//! Keeps ECS from taking a task away that works, while another one is idle.

use std::convert::Infallible;
use std::time::Duration;

use actors::ledger::SharedBook;
use tokio::time::Instant;

use crate::adapters::ecs_agent::EcsAgent;

/// How often it is looked whether there is work.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long protection is asked for: what is left of it when the process dies keeps nobody waiting.
const MINUTES: u32 = 5;

/// When it is asked for again.
const RENEWED_AFTER: Duration = Duration::from_mins(2);

/// For how long a task without work stays protected: between two messages ECS need not be asked twice.
const LINGER: Duration = Duration::from_secs(10);

/// The longest time without a gap. Deployments wait for protected tasks, so that a task that is always
/// busy would never be replaced; it drains within seconds and loses nothing but the work in flight.
const LONGEST: Duration = Duration::from_mins(15);

/// The gap: ECS looks for tasks that it may stop about every minute.
const GAP: Duration = Duration::from_mins(2);

/// How soon the agent is asked again after it refused or did not answer.
const AFTER_REFUSAL: Duration = Duration::from_secs(30);

/// When to ask for protection and when to give it back. Pure: time is an argument.
#[derive(Debug, Default)]
struct Protection {
    since: Option<Instant>,
    asked: Option<Instant>,
    worked: Option<Instant>,
    not_before: Option<Instant>,
}

/// What to ask the agent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Protect,
    LetGo,
}

impl Protection {
    /// What to ask for now, if anything.
    fn look(&mut self, busy: bool, now: Instant) -> Option<Wish> {
        if busy {
            self.worked = Some(now);
        }
        if self.not_before.is_some_and(|then| now < then) {
            return None;
        }
        let lasts = |since: Option<Instant>, time| since.is_some_and(|since| now - since < time);
        let Some(since) = self.since else {
            return busy.then_some(Wish::Protect);
        };
        if now - since >= LONGEST || !lasts(self.worked, LINGER) {
            return Some(Wish::LetGo);
        }
        (!lasts(self.asked, RENEWED_AFTER)).then_some(Wish::Protect)
    }

    /// Takes the agent's answer to `wish`.
    fn answered(&mut self, wish: Wish, granted: bool, now: Instant) {
        let held_long = self.since.is_some_and(|since| now - since >= LONGEST);
        self.not_before = match (wish, granted) {
            (_, false) => Some(now + AFTER_REFUSAL),
            (Wish::LetGo, true) if held_long => Some(now + GAP),
            _ => None,
        };
        if granted {
            let protected = wish == Wish::Protect;
            self.since = protected.then(|| self.since.unwrap_or(now));
            self.asked = protected.then_some(now);
        }
    }
}

/// Asks `agent`, if there is one, for protection while there are deliveries in `book`. Never ends.
pub async fn while_busy(agent: Option<EcsAgent>, book: &SharedBook) -> Infallible {
    let Some(agent) = agent else { return std::future::pending().await };
    let mut protection = Protection::default();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut refused = false;
    loop {
        looks.tick().await;
        let busy = book.lock().accounts().in_flight > 0;
        let Some(wish) = protection.look(busy, Instant::now()) else { continue };
        let answer = agent.protect((wish == Wish::Protect).then_some(MINUTES)).await;
        protection.answered(wish, answer.is_ok(), Instant::now());
        match answer {
            Ok(()) => tracing::debug!(?wish, "protection from scale-in"),
            Err(cause) if !refused => {
                tracing::warn!(cause, ?wish, "ECS does not protect this task from scale-in");
            }
            Err(_) => {}
        }
        refused = protection.not_before.is_some();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What is asked for in a while of looks, each second; the agent grants everything.
    fn asked(busy: impl Fn(u32) -> bool, seconds: u32) -> Vec<(u32, Wish)> {
        let (start, mut protection) = (Instant::now(), Protection::default());
        let mut asked = Vec::new();
        for second in 0..seconds {
            let now = start + SECOND * second;
            if let Some(wish) = protection.look(busy(second), now) {
                asked.push((second, wish));
                protection.answered(wish, true, now);
            }
        }
        asked
    }

    #[test]
    fn work_is_protected_at_once_and_let_go_when_there_is_none_for_a_while() {
        assert_eq!(asked(|_| false, 100), []);
        let bursts = |second| second % 8 == 0 && second < 20;
        assert_eq!(asked(bursts, 100), [(0, Wish::Protect), (26, Wish::LetGo)]);
    }

    #[test]
    fn protection_is_renewed_long_before_it_ends() {
        let asked = asked(|_| true, 600);
        assert_eq!(
            asked.iter().map(|(second, _)| *second).collect::<Vec<_>>(),
            [0, 120, 240, 360, 480]
        );
        assert!(RENEWED_AFTER * 2 < Duration::from_mins(MINUTES.into()));
    }

    #[test]
    fn a_task_that_is_always_busy_can_be_replaced_now_and_then() {
        let asked = asked(|_| true, 1200);
        let let_go: Vec<_> = asked.iter().filter(|(_, wish)| *wish == Wish::LetGo).collect();
        assert_eq!(let_go, [&(900, Wish::LetGo)]);
        assert!(asked.contains(&(1020, Wish::Protect)), "{asked:?}");
        assert!(!asked.iter().any(|(second, _)| (901..1020).contains(second)), "{asked:?}");
    }

    #[test]
    fn an_agent_that_refuses_is_asked_again_later() {
        let (start, mut protection) = (Instant::now(), Protection::default());
        assert_eq!(protection.look(true, start), Some(Wish::Protect));
        protection.answered(Wish::Protect, false, start);

        assert_eq!(protection.look(true, start + 29 * SECOND), None);
        assert_eq!(protection.look(true, start + 30 * SECOND), Some(Wish::Protect));
    }
}
