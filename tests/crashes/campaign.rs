//! Many kills over one folder of pictures: at every stage and at random moments, each run going on
//! where the one before was killed.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use super::kill_points::{Moment, Order, STAGES};
use super::place::{Place, Running, was_killed};
use super::results::Results;
use super::witness::Witness;

/// How many kills each stage gets.
const KILLS: &str = "INFERENCE_TEST_KILLS";
/// Makes a campaign repeatable, but for what two threads do at the same time.
const SEED: &str = "INFERENCE_TEST_SEED";
/// The folder of pictures instead of forty small ones.
const IMAGES: &str = "INFERENCE_TEST_KILL_IMAGES";

/// The stage of a kill that is at none.
const ANYWHERE: &str = "at a random moment";
/// After as many kills one run is drained instead, so that readers have something to read.
const KILLS_A_DRAIN: usize = 20;
/// How often a kill may come too late. A random moment may; a stage's trap springs in any whole run.
const TRIES: i32 = 10;
/// What a start takes at most on this machine, while no run was measured yet.
const FIRST_GUESS: Duration = Duration::from_secs(1);

/// The number in the environment.
pub fn setting<T: FromStr>(name: &str, otherwise: T) -> T {
    let given = env::var(name).ok().map(|text| text.parse());
    given.map_or(otherwise, |parsed| parsed.ok().expect("the variable holds a number"))
}

/// How many kills each stage gets.
pub fn kills() -> usize {
    setting(KILLS, 2)
}

/// The generator of a test, and the line that names its seed.
pub fn seeded() -> (SmallRng, String) {
    let seed = setting(SEED, rand::rng().random_range(0..1_000_000));
    (SmallRng::seed_from_u64(seed), format!("{SEED}={seed}"))
}

/// Kills at every stage and at random moments, each as often as asked for.
pub fn run() {
    let (rng, seed) = seeded();
    println!("campaign: {seed} {KILLS}={}", kills());
    let place = match env::var(IMAGES) {
        Ok(images) => Place::over(Some(images.into())),
        Err(_) => Place::with_pictures(40),
    };
    let undisturbed = place.finish();
    place.wipe();
    let witness = Witness::of(&place.out);
    let mut campaign = Campaign::new(place, undisturbed, rng);

    campaign.kill_all();
    let differences = campaign.place.finish().differences(&campaign.undisturbed);

    campaign.learn();
    print!("{}", campaign.table(witness.dismissed()));
    assert_eq!(differences, [""; 0], "{seed}");
}

struct Campaign {
    place: Place,
    undisturbed: Results,
    rng: SmallRng,
    /// Documents that the killed runs had made, by stage of the kill.
    kills: BTreeMap<String, Vec<usize>>,
    /// The stages of the last kills, whose documents the next run will count.
    uncounted: Vec<String>,
    drained: usize,
    /// Documents that the killed runs had indexed since, at least.
    owed: usize,
    /// Runs that ended before they were killed.
    ended: usize,
    done: usize,
    /// What the killed runs took, together.
    time: Duration,
}

impl Campaign {
    fn new(place: Place, undisturbed: Results, rng: SmallRng) -> Self {
        Self {
            place,
            undisturbed,
            rng,
            kills: BTreeMap::new(),
            uncounted: Vec::new(),
            drained: 0,
            ended: 0,
            done: 0,
            owed: 0,
            time: Duration::ZERO,
        }
    }

    fn kill_all(&mut self) {
        let plan = self.plan();
        for (number, (stage, moment)) in plan.iter().enumerate() {
            let most = (self.undisturbed.documents.len() - self.done) / (plan.len() - number + 1);
            let mut late = 0;
            while !self.kill(stage, *moment, most, late) {
                // It was through before it was killed: from the beginning again.
                self.start_over();
                late += 1;
                assert!(late < TRIES, "{stage} is never come to");
            }
            if number % KILLS_A_DRAIN == KILLS_A_DRAIN - 1 {
                self.drain();
            }
        }
    }

    /// Where all kills are to be, in random order: each stage in turn at each of its moments.
    fn plan(&mut self) -> Vec<(&'static str, Option<Moment>)> {
        let mut plan = vec![(ANYWHERE, None); 2 * kills()];
        for stage in STAGES {
            let moments = Order::moments(stage);
            let turns = moments.iter().cycle().take(kills().max(moments.len()));
            plan.extend(turns.map(|moment| (stage, Some(*moment))));
        }
        plan.shuffle(&mut self.rng);
        plan
    }

    /// One run that is killed at `stage` when it has made a few documents, `most` or less; false if
    /// it ended before, as it did the last `late` times.
    fn kill(&mut self, stage: &str, moment: Option<Moment>, most: usize, late: i32) -> bool {
        let began = SystemTime::now();
        let (killed, documents) = if let Some(moment) = moment {
            let documents = self.rng.random_range(0..=most.max(2));
            let thousandths = self.rng.random_range(0..1000);
            let order = Order { stage: stage.to_owned(), moment, documents, thousandths };
            (self.place.run_into(&order), documents)
        } else {
            // Halved whenever it was too long: however short a run is, a kill comes in time at last.
            let longest = 2.0 * 0.5_f64.powi(late);
            let wait = self.typical_time().mul_f64(self.rng.random_range(0.0..longest));
            (was_killed(self.place.run_for(wait, Running::killed)), 0)
        };
        // Not what was waited after a run had ended: waiting would make the next wait longer.
        self.time += began.elapsed().ok().filter(|_| killed).unwrap_or_default();
        self.learn();
        self.uncounted.extend(killed.then(|| stage.to_owned()));
        self.owed += documents;
        killed
    }

    /// As far as a run gets that is killed at a stage, so that random moments are spread likewise.
    fn typical_time(&self) -> Duration {
        let kills: usize = self.kills.values().map(Vec::len).sum();
        u32::try_from(kills).ok().filter(|n| *n > 0).map_or(FIRST_GUESS, |n| self.time / n)
    }

    /// Reads in what the last run said, unless it was killed before it said anything, how far the one before had come.
    fn learn(&mut self) {
        let Some(done) = self.place.found_done() else { return };
        let before = self.done + std::mem::take(&mut self.owed);
        self.done = done;
        assert!(self.done >= before, "{} of {before} documents outlived the kill", self.done);
        for stage in self.uncounted.drain(..) {
            self.kills.entry(stage).or_default().push(self.done);
        }
    }

    fn drain(&mut self) {
        let status = self.place.run_for(self.typical_time(), Running::drained);
        // None: the signal came before anybody listened for it.
        assert!(status.code().is_none_or(|code| code == 0), "{status}");
        self.learn();
        self.drained += 1;
    }

    fn start_over(&mut self) {
        let ended = Results::of(&self.place.out);
        assert_eq!(ended.differences(&self.undisturbed), [""; 0]);
        self.place.wipe();
        self.ended += 1;
        (self.done, self.owed) = (0, 0);
    }

    fn table(&self, seen: usize) -> String {
        let mut table = "campaign: kills, documents there were then: fewest, most\n".to_owned();
        for (stage, done) in &self.kills {
            let (least, most) = (done.iter().min(), done.iter().max());
            let (least, most) = (least.unwrap_or(&0), most.unwrap_or(&0));
            let _ = writeln!(table, "campaign: {stage:20} {:4} {least:6} {most:6}", done.len());
        }
        let kills: usize = self.kills.values().map(Vec::len).sum();
        let (documents, parked) = (self.undisturbed.documents.len(), self.undisturbed.parked.len());
        let _ = writeln!(
            table,
            "campaign: {kills} kills, {} drains, {} runs that ended before; {documents} documents, \
             {parked} parked; a reader saw {seen} states of the files",
            self.drained, self.ended,
        );
        table
    }
}
