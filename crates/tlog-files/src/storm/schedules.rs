//! The schedules.

use super::Tally;
use super::log::{Order, Outcome, Scene};
use super::machine::{Fault, Omission, Plan};
use super::random::Random;

/// Runs schedules and adds up what went wrong.
struct Storm {
    omission: Omission,
    order: Order,
    tally: Tally,
    schedules: u64,
    refused: u64,
}

impl Storm {
    fn new(omission: Omission, order: Order) -> Self {
        Self { omission, order, tally: Tally::default(), schedules: 0, refused: 0 }
    }

    fn run(&mut self, scene: &Scene, seed: u64, plans: &[Plan]) -> Result<Outcome, String> {
        let outcome = scene
            .run(seed, plans, self.omission, self.order)
            .map_err(|wrong| format!("seed {seed}, {plans:?}: {wrong}"))?;
        self.tally.add(&outcome.counts);
        self.schedules += 1;
        self.refused += u64::from(outcome.refused.is_some());
        Ok(outcome)
    }

    /// One fault, at each operation in turn.
    fn single(
        &mut self,
        scene: &Scene,
        fault: Fault,
        times: usize,
        seeds: u64,
    ) -> Result<(), String> {
        for seed in 0..seeds {
            for after in 0.. {
                let plan = Plan { fault, after, times };
                if !self.run(scene, seed + 2 * after as u64, &[plan])?.met {
                    break;
                }
            }
        }
        Ok(())
    }

    /// One fault at each operation in turn, and two more while the log recovers.
    fn several(&mut self, scene: &Scene, first: Fault, seed: u64) -> Result<(), String> {
        let mut random = Random::new(seed);
        for after in 0.. {
            let mut more = || {
                let fault = Fault::ALL[random.below(Fault::ALL.len() - 1)];
                Plan { fault, after: random.below(12), times: 1 + random.below(2) }
            };
            let plans = [Plan::once(first, after), more(), more()];
            let outcome = self.run(scene, seed + after as u64, &plans)?;
            if outcome.counts.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// All schedules of a scene; those with several faults `seeds` times.
    fn all(&mut self, scene: &Scene, seeds: u64) -> Result<(), String> {
        for fault in Fault::ALL {
            self.single(scene, fault, 1, seeds.max(1))?;
            // A disk that lies, and fails besides, may lose the cell and the checkpoint together.
            if fault == Fault::Lie {
                continue;
            }
            for seed in 0..seeds {
                self.several(scene, fault, 1_000_003 * (seed + 1))?;
            }
        }
        // A disk stays full, or fails, for a while.
        self.single(scene, Fault::Full, 9, 1)?;
        self.single(scene, Fault::Failed, 9, 1)
    }
}

#[test]
fn no_acknowledged_entry_is_lost() {
    let start = std::time::Instant::now();
    let run = |scene: &Scene, seeds| {
        let mut storm = Storm::new(Omission::Nothing, Order::Right);
        storm.all(scene, seeds).map(|()| storm)
    };
    let run = |(size, batches, seeds)| {
        let scene = Scene::new(size, batches);
        Ok::<_, String>([run(&scene, seeds)?, run(&scene.witnessed(), seeds.min(1))?])
    };
    let storms: Vec<Storm> = std::thread::scope(|scope| {
        let threads = SCENES.map(|scene| scope.spawn(move || run(scene)));
        threads.into_iter().flat_map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    let mut tally = Tally::default();
    storms.iter().for_each(|storm| tally.add(&storm.tally.0));
    let sum = |of: fn(&Storm) -> u64| storms.iter().map(of).sum::<u64>();
    let (schedules, refused) = (sum(|storm| storm.schedules), sum(|storm| storm.refused));
    let took = start.elapsed();
    tally.print(&format!("log: {schedules} schedules, {refused} refused after a lie, {took:?}"));
    assert!(tally.total() >= 10_000, "{} faults", tally.total());
}

/// A process is killed between making a folder above the log's and syncing it; the next one finds the
/// folder there, and has to sync it all the same. The storm found a writer that did not.
#[test]
fn folders_that_a_killed_process_made_are_made_durable() {
    let scene = Scene::new(0, &[1]);
    let mut storm = Storm::new(Omission::Nothing, Order::Right);
    for (after, seed) in (0..20).flat_map(|after| (0..16).map(move |seed| (after, seed))) {
        assert!(storm.run(&scene, seed, &[Plan::once(Fault::Kill, after)]).unwrap().met);
    }
}

/// A witness that is asked before the tree is committed may cosign one that never is.
#[test]
fn asking_witnesses_before_the_commit_is_found() {
    let scene = Scene::new(1, &[2]).witnessed();
    let mut storm = Storm::new(Omission::Nothing, Order::PublishFirst);
    let mut killed = |after: usize| storm.run(&scene, 0, &[Plan::once(Fault::Kill, after)]).err();
    let found: Vec<_> = (0..60).filter_map(&mut killed).collect();
    let forked = found.iter().filter(|wrong| wrong.contains("a checkpoint of another tree"));
    assert!(forked.count() > 0, "{found:?}");
}

/// The storm would not be worth much if it let these pass.
#[test]
fn a_writer_that_is_wrong_is_found() {
    let scenes = [(0, &[1, 2][..]), (1, &[2, 0, 1]), (255, &[2])];
    let scenes = scenes.map(|(size, batches)| Scene::new(size, batches));
    let omissions = [
        Omission::FileSync(""),
        Omission::FileSync("head"),
        Omission::FileSync("checkpoint"),
        Omission::FileSync("tile/"),
        Omission::FolderSync(""),
        Omission::FolderSync("/b/"),
        Omission::FolderSync("tile/"),
        Omission::FolderSync("/log"),
        Omission::Retries,
    ];
    let orders = [Order::PublishFirst, Order::SwapFirst, Order::TrustsSeen];
    let wrong = omissions.map(|omission| (omission, Order::Right));
    for (omission, order) in wrong.into_iter().chain(orders.map(|o| (Omission::Nothing, o))) {
        let mut storm = Storm::new(omission, order);
        let found = scenes.iter().find_map(|scene| storm.all(scene, 2).err());
        let found = found.unwrap_or_else(|| panic!("{omission:?}, {order:?} passed the storm"));
        println!("{omission:?}, {order:?}: schedule {}, {found}", storm.schedules + 1);
    }
}

/// New logs, small ones, and appends that end at and behind the border of a tile: the size, what is
/// appended, how often several faults follow each other.
const SCENES: [(usize, &[usize], u64); 5] =
    [(0, &[1, 2], 2), (1, &[2, 0, 1], 2), (254, &[1, 1], 0), (255, &[2], 1), (256, &[1], 0)];
