//! A folder of pictures, a folder of results, and the program that works on them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use image::{Rgb, RgbImage};
use tempfile::TempDir;

use super::kill_points::{ORDER, Order, TRAPPED};
use super::results::{Results, assert_nothing_else_is_left};

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_inference-manager");

/// The test that is the program with a trap when it finds an order.
const TRAPPED_PROGRAM: &str = "a_run_killed_at_any_stage_and_run_again_ends_as_an_undisturbed_one";

/// SIGKILL.
const KILLED: i32 = 9;

/// Pictures and results.
pub struct Place {
    pub images: PathBuf,
    pub out: PathBuf,
    /// What the last program said on stderr.
    said: PathBuf,
    folder: TempDir,
}

impl Place {
    /// With `count` small pictures, no two alike, one in ten of which is broken.
    pub fn with_pictures(count: u32) -> Self {
        let place = Self::over(None);
        (0..count).for_each(|number| place.add(number));
        place
    }

    /// Over a folder of pictures that is there already.
    pub fn over(images: Option<PathBuf>) -> Self {
        let folder = memory_folder();
        let images = images.unwrap_or_else(|| folder.path().join("images"));
        fs::create_dir_all(&images).expect("there is room");
        let (out, said) = (folder.path().join("out"), folder.path().join("said"));
        Self { images, out, said, folder }
    }

    /// Adds the picture of this number.
    pub fn add(&self, number: u32) {
        let path = self.images.join(format!("{number:03}.png"));
        if number % 10 == 7 {
            return fs::write(
                path,
                [&b""[..], b"<html>", b"\x89PNG\r\n"][number as usize / 10 % 3],
            )
            .expect("there is room");
        }
        let shade = |at: u32| u8::try_from(at % 256).expect("it is below 256");
        let picture = RgbImage::from_fn(48, 36, |x, y| {
            Rgb([shade(x * 5 + number * 37), shade(y * 7), shade(x * y + number * 11)])
        });
        picture.save(path).expect("there is room");
    }

    /// A path beside pictures and results.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program over this place.
    pub fn program(&self) -> Command {
        let mut program = self.set_up(PROGRAM);
        program.arg("run");
        program
    }

    /// A command that runs the program over this place, one way or another.
    pub fn set_up(&self, program: impl AsRef<OsStr>) -> Command {
        let mut program = Command::new(program);
        // Little in flight, so that a kill finds the pipeline at work and not at its end.
        program.env("IN_FLIGHT", "8").env("BATCH", "2");
        program.env("IMAGES", &self.images).env("OUT", &self.out);
        program.stdin(Stdio::null()).stdout(Stdio::null());
        program.stderr(File::create(&self.said).expect("there is room"));
        program
    }

    /// What the last program said.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.said).expect("a program ran")
    }

    /// How many pictures the last program found done, if it came so far as to say it.
    pub fn found_done(&self) -> Option<usize> {
        let said = self.said();
        let (before, _) = said.split_once(" unchanged since the last run")?;
        before.rsplit(' ').next()?.parse().ok()
    }

    /// Runs the program to the end and asserts its exit code; answers what it said.
    pub fn run(&self, code: i32) -> String {
        self.run_as(self.program(), code)
    }

    /// The same for a program that [`Place::program`] or its like has set up.
    pub fn run_as(&self, mut program: Command, code: i32) -> String {
        let status = program.status().expect("it starts");
        assert_eq!(status.code(), Some(code), "{status}: {}", self.said());
        self.said()
    }

    /// Runs the program to the end, with its page, and answers what it left.
    pub fn finish(&self) -> Results {
        self.run(0);
        assert_nothing_else_is_left(&self.out);
        Results::of(&self.out)
    }

    /// Begins anew.
    pub fn wipe(&self) {
        fs::remove_dir_all(&self.out).expect("there are results");
    }

    /// Puts a copy of the folder `from` where the results are, all at once: somebody may be reading.
    pub fn restore(&self, from: &Path) {
        let whole = self.beside("restored");
        copy(from, &whole);
        if self.out.exists() {
            self.wipe();
        }
        fs::rename(whole, &self.out).expect("both are ours");
    }

    /// Runs the program until it stands in its trap, and kills it there. False if it came to its end
    /// instead.
    pub fn run_into(&self, order: &Order) -> bool {
        let mut tests = self.set_up(std::env::current_exe().expect("this is a program"));
        tests.args([TRAPPED_PROGRAM, "--exact", "--nocapture"]);
        tests.env(ORDER, serde_json::to_string(order).expect("it is JSON")).env("NO_PAGE", "true");
        let child = tests.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut child = Running(child);
        let stdout = child.0.stdout.take().expect("it is piped");
        let trapped = BufReader::new(stdout)
            .lines()
            .any(|line| line.is_ok_and(|line| line.ends_with(TRAPPED)));
        let status = if trapped { child.killed() } else { child.ended() };
        assert!(trapped || status.success(), "{status}: {}", self.said());
        trapped
    }

    /// Starts the program, lets it run for that long at most, and answers how it ended then.
    pub fn run_for(&self, time: Duration, end: fn(&mut Running) -> ExitStatus) -> ExitStatus {
        let mut child = self.start();
        std::thread::park_timeout(time);
        end(&mut child)
    }

    /// Starts the program in the background.
    pub fn start(&self) -> Running {
        Running(self.program().env("NO_PAGE", "true").spawn().expect("it starts"))
    }
}

/// A program that runs; killed when it is dropped.
pub struct Running(Child);

impl Running {
    /// Kills it with SIGKILL.
    pub fn killed(&mut self) -> ExitStatus {
        self.0.kill().expect("it is ours");
        self.ended()
    }

    /// Asks it to finish what is in flight, and waits.
    pub fn drained(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended()
    }

    /// Has it stand still.
    pub fn stopped(&mut self) {
        self.signal("STOP");
    }

    fn signal(&self, name: &str) {
        // Until it is waited for, no other process can have its id.
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.is_ok_and(|sent| sent.success()));
    }

    fn ended(&mut self) -> ExitStatus {
        self.0.wait().expect("it is ours")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether SIGKILL ended it.
pub fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(KILLED)
}

/// A new folder in memory if there is such a place: on a disk the syncs of a campaign take longer than
/// the runs.
pub fn memory_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("there is room")
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("it is not there yet");
    for entry in fs::read_dir(from).expect("it can be listed") {
        let entry = entry.expect("it can be listed");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).expect("there is room");
        }
    }
}
