//! `cloister log monitor`: whether a log goes on, and whether what it says is allowed.

mod told;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use domain::{Reason as _, Timestamp};
use monitor::{Saved, Watch, fresh};
use tlog::{LogError, TilePath};

use super::believed::Believable;
use super::source::Source;
use super::{Log, failure};
use crate::cli::files::{now, read, replace, write};
use crate::cli::server::runtime;
use crate::cli::{Failure, Format};
use crate::node::asked_to_stop;
use told::Teller;

/// What `monitor` needs.
#[derive(Debug, Args)]
pub struct MonitorOptions {
    #[command(flatten)]
    log: Log,
    /// Where it keeps how far it has come, so that the next run reads what is new
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// How old the newest cosignatures, or without witnesses the newest entry, may be: 90s, 15m, 1h, 7d
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    max_age: Option<u64>,
    /// Go on until stopped
    #[arg(long)]
    follow: bool,
    /// How long it waits between two looks
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "60s", requires = "follow")]
    every: u64,
}

pub(super) const EXAMPLE: &str = "Examples:
  cloister log monitor --policy policy.txt --url https://example.org/log --state example.json --max-age 1h
  cloister log monitor --origin example.org/log --key trust.json --dir log --follow --every 60s --json

It prints a line for each violation (docs/formats/log.md, \"What a monitor checks\"), and one at the end
of each look that found something new; with --json, each is one JSON document.
Without --state a log that goes back is not noticed. Without witnesses (--policy), --max-age judges the
time of the newest entry, which is the log's own word: it cannot tell a log in which nothing happens
from one that is withheld.";

pub(super) fn run(options: &MonitorOptions, format: Format) -> ExitCode {
    let mut teller = Teller::new(format);
    let ended = match options.follow {
        false => Looks::begin(options).and_then(|mut looks| looks.look(&mut teller)),
        true => follow(options, &mut teller),
    };
    if let Err(failure) = ended {
        return teller.failed(&failure);
    }
    teller.code()
}

/// One look after another. What goes wrong on the way is told, and does not end it.
fn follow(options: &MonitorOptions, teller: &mut Teller) -> Result<(), Failure> {
    let runtime = runtime()?;
    // Until the first wait a signal ends the process, and no look is waited for.
    let mut stop = pin!(async { asked_to_stop().await });
    let mut looks = Looks::begin(options)?;
    // The first one ends it: a wrong key or address is to be told at once.
    looks.look(teller)?;
    loop {
        let every = Duration::from_secs(options.every);
        let stopped = runtime.block_on(async {
            tokio::select! {
                () = stop.as_mut() => true,
                () = tokio::time::sleep(every) => false,
            }
        });
        if stopped {
            return Ok(());
        }
        match looks.look(teller) {
            Ok(()) => {}
            // Whoever reads is gone: nothing may count as told.
            Err(failure) if teller.is_unheard() => return Err(failure),
            Err(failure) => teller.alarm(&failure)?,
        }
    }
}

/// What stays from one look to the next.
struct Looks<'a> {
    options: &'a MonitorOptions,
    source: Source,
    watch: Option<Watch>,
}

impl<'a> Looks<'a> {
    fn begin(options: &'a MonitorOptions) -> Result<Self, Failure> {
        Ok(Self { options, source: Source::open(&options.log.source)?, watch: None })
    }

    /// Judges what is new. The state is kept once everything was told.
    fn look(&mut self, teller: &mut Teller) -> Result<(), Failure> {
        let Self { options, source, watch } = self;
        let read = |path: &TilePath| source.read(path);
        let note = source.checkpoint()?;
        let believable = options.log.believed.check(&note)?;
        let watch = match watch {
            Some(watch) => watch,
            none => none.insert(watch_from(options.state.as_deref(), &believable)?),
        };
        if let Err(error) = watch.observe(read, &note) {
            keep_conflict(options.state.as_deref(), &error, &note)?;
            return Err(failure(&error));
        }
        let before = watch.monitor().size();
        while let Some(findings) = watch.next(read).map_err(|error| failure(&error))? {
            for finding in &findings {
                teller.finding(finding)?;
            }
        }
        let dated = Dated::of(&believable, watch);
        teller.looked(watch, before, &dated)?;
        if let (Some(path), Some(saved)) = (&options.state, watch.saved()) {
            let bytes = saved.to_bytes();
            let bytes = bytes.map_err(|error| Failure::unusable(error.reason(), &error))?;
            replace(path, &bytes)?;
        }
        let Some(max_age) = options.max_age else { return teller.all_clear() };
        match fresh(dated.newest, now()?, max_age) {
            Ok(()) => teller.all_clear(),
            Err(stale) => teller.alarm(&Failure::refused(&stale)),
        }
    }
}

/// What says how old the log is.
struct Dated {
    newest: Option<Timestamp>,
    /// Whether that is the word of witnesses.
    by_witnesses: bool,
}

impl Dated {
    fn of(believable: &Believable, watch: &Watch) -> Self {
        match believable.fresh() {
            Some(time) => Self { newest: Some(time), by_witnesses: true },
            None => Self { newest: watch.monitor().newest(), by_witnesses: false },
        }
    }
}

fn watch_from(state: Option<&Path>, believable: &Believable) -> Result<Watch, Failure> {
    let key = believable.key.clone();
    let Some(path) = state.filter(|path| path.exists()) else { return Ok(Watch::begin(key)) };
    let saved = Saved::from_bytes(&read(path)?);
    let saved = saved.map_err(|error| Failure::unusable(error.reason(), &error))?;
    Watch::resume(key, saved).map_err(|error| failure(&error))
}

/// Keeps a checkpoint that does not agree with what was seen beside the state, which has the other one:
/// together they prove what the log did. The first is kept.
fn keep_conflict(state: Option<&Path>, error: &LogError, note: &str) -> Result<(), Failure> {
    let conflict = matches!(error, LogError::Consistency | LogError::RolledBack { .. });
    let Some(path) = state.filter(|_| conflict) else { return Ok(()) };
    let mut name = path.as_os_str().to_owned();
    name.push(".conflict");
    let path = PathBuf::from(name);
    if path.exists() { Ok(()) } else { write(&path, note.as_bytes()) }
}

/// A number and its unit.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time such as 90s, 15m, 1h or 7d");
    let split = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(split).ok_or_else(wrong)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number = number.parse::<u64>().ok().filter(|number| *number > 0);
    number.and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)
}
