//! Logs as the services write them: each decision only where they would take it.

use std::collections::BTreeMap;

use domain::claims::Trust;
use domain::event::{Action, Actor, Entry, Event};
use domain::ids::EntryId;
use domain::leaf::PublishedSignature;
use domain::pseudonym::Pseudonym;
use domain::{Digest, ReasonCode, Timestamp};

/// What the services know, and what they wrote.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) leaves: Vec<Leaf>,
    clock: i64,
    drawn: u64,
    sequences: BTreeMap<Actor, u64>,
    datasets: Vec<Dataset>,
    pub(crate) projects: Vec<Project>,
    pub(crate) launches: Vec<Launch>,
    pub(crate) outputs: Vec<Output>,
    /// How often somebody's record was erased, by project and name.
    erased: BTreeMap<(usize, u64), u64>,
}

/// A leaf of a log.
#[derive(Clone)]
pub(crate) enum Leaf {
    Entry(Box<Entry>),
    Other(Vec<u8>),
}

impl Leaf {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Entry(entry) => entry.to_leaf().unwrap(),
            Self::Other(bytes) => bytes.clone(),
        }
    }
}

struct Dataset {
    object: Digest,
    entry: EntryId,
}

pub(crate) struct Project {
    dataset: usize,
    name: String,
    proposal: Digest,
    /// None if it was erased.
    entry: Option<EntryId>,
    reviews: u32,
}

pub(crate) struct Launch {
    project: usize,
    proposal: Digest,
    reviews: u32,
    author: u64,
    manifest: Digest,
    entry: EntryId,
    attested: Option<EntryId>,
    key: Option<EntryId>,
    delivered: bool,
    erased: bool,
}

pub(crate) struct Output {
    pub(crate) launch: usize,
    package: Digest,
    checked: Option<EntryId>,
    /// Who accepted it, and by which entry.
    accepted: BTreeMap<u64, EntryId>,
    rejected: bool,
    exported: bool,
}

/// Every deployment has one.
const PLATFORM: Option<Trust> = Some(Trust::Hardware);

impl World {
    pub(crate) fn new() -> Self {
        Self { clock: 1_800_000_000, ..Self::default() }
    }

    pub(crate) fn seal(&mut self, again: Option<usize>) {
        let object = match again {
            Some(known) => self.datasets[known].object,
            None => self.digest(),
        };
        let event = Event {
            evidence: vec![self.digest()],
            ..Event::accepted(Action::DatasetSealed, object)
        };
        let entry = self.write(Actor::Broker, None, event);
        match again {
            Some(known) => self.datasets[known].entry = entry,
            None => self.datasets.push(Dataset { object, entry }),
        }
    }

    /// A new project on the newest dataset.
    pub(crate) fn propose(&mut self, reviews: u32) {
        let project = Project {
            dataset: self.datasets.len() - 1,
            name: format!("project-{}", self.projects.len()),
            proposal: self.digest(),
            entry: None,
            reviews,
        };
        self.projects.push(project);
        self.approve(self.projects.len() - 1);
    }

    /// Another proposal takes the place of the project's.
    pub(crate) fn supersede(&mut self, project: usize) {
        self.projects[project].proposal = self.digest();
        self.approve(project);
    }

    /// The project's proposal is approved, perhaps again.
    pub(crate) fn approve(&mut self, project: usize) {
        let Project { dataset, proposal, reviews, .. } = self.projects[project];
        let event = Event {
            policy: Some(policy()),
            evidence: vec![self.digest(), self.digest()],
            previous: vec![self.datasets[dataset].entry.clone()],
            reviews_required: Some(reviews),
            ..Event::accepted(Action::ProjectApproved, proposal)
        };
        let entry = self.write_of(project, Actor::Broker, None, event);
        self.projects[project].entry = Some(entry);
    }

    pub(crate) fn authorise(&mut self, project: usize, author: u64) {
        let Some(approval) = self.projects[project].entry.clone() else { return };
        let manifest = self.digest();
        let event = Event {
            evidence: vec![self.digest()],
            previous: vec![approval],
            ..Event::accepted(Action::LaunchAuthorised, manifest)
        };
        let entry = self.write_of(project, Actor::Broker, Some(author), event);
        let Project { proposal, reviews, .. } = self.projects[project];
        self.launches.push(Launch {
            project,
            proposal,
            reviews,
            author,
            manifest,
            entry,
            attested: None,
            key: None,
            delivered: false,
            erased: false,
        });
    }

    /// Whether the launch's approval stands.
    fn stands(&self, launch: usize) -> bool {
        let launch = &self.launches[launch];
        let project = &self.projects[launch.project];
        !launch.erased && project.entry.is_some() && project.proposal == launch.proposal
    }

    pub(crate) fn attest(&mut self, launch: usize) {
        if !self.stands(launch) || self.launches[launch].key.is_some() {
            return;
        }
        let Launch { project, manifest, ref entry, .. } = self.launches[launch];
        let event = Event {
            policy: Some(policy()),
            rules: vec!["release".to_owned()],
            previous: vec![entry.clone()],
            platform: PLATFORM,
            ..Event::accepted(Action::EnclaveAttested, manifest)
        };
        self.launches[launch].attested = Some(self.write_of(project, Actor::Broker, None, event));
    }

    pub(crate) fn release(&mut self, launch: usize) {
        if !self.stands(launch) || self.launches[launch].key.is_some() {
            return;
        }
        let Launch { project, manifest, ref attested, .. } = self.launches[launch];
        let Some(attested) = attested.clone() else { return };
        let event = Event {
            policy: Some(policy()),
            rules: vec!["release".to_owned()],
            evidence: vec![Digest::of(b"evidence")],
            previous: vec![attested],
            platform: PLATFORM,
            ..Event::accepted(Action::KeyReleased, manifest)
        };
        self.launches[launch].key = Some(self.write_of(project, Actor::Broker, None, event));
    }

    /// The launch's output arrives, and passes its checks or not.
    pub(crate) fn deliver(&mut self, launch: usize, refused: bool, passes: bool) {
        let Launch { project, manifest, author, delivered, erased, ref key, .. } =
            self.launches[launch];
        let Some(key) = key.clone().filter(|_| !delivered && !erased) else { return };
        self.launches[launch].delivered = true;
        let package = self.digest();
        let evidence = vec![self.digest(), package, self.digest(), Digest::of(b"list")];
        let about = |event| Event {
            evidence: evidence.clone(),
            previous: vec![key.clone()],
            platform: PLATFORM,
            ..event
        };
        let finished = about(Event::accepted(Action::JobFinished, manifest));
        self.write_of(project, Actor::Airlock, Some(author), finished);
        if refused {
            let reason = code("output.cell-below-threshold");
            let event = about(Event::refused(Action::OutputChecked, package, reason));
            self.write_of(project, Actor::Airlock, Some(author), event);
        }
        let checked = about(Event::accepted(Action::OutputChecked, package));
        let checked = passes.then(|| self.write_of(project, Actor::Airlock, Some(author), checked));
        let accepted = BTreeMap::new();
        let output =
            Output { launch, package, checked, accepted, rejected: false, exported: false };
        self.outputs.push(output);
    }

    pub(crate) fn review(&mut self, output: usize, reviewer: u64, accept: bool) {
        let Output { launch, package, ref checked, ref accepted, rejected, exported } =
            self.outputs[output];
        let Launch { project, author, erased, .. } = self.launches[launch];
        let counts = !exported && !erased && reviewer != author;
        let Some(checked) = checked.clone().filter(|_| counts) else { return };
        if accept && (rejected || accepted.contains_key(&reviewer)) {
            return;
        }
        let event = match accept {
            true => Event::accepted(Action::OutputReviewed, package),
            false => Event::refused(Action::OutputReviewed, package, code("review.rejected")),
        };
        let event = Event {
            evidence: vec![self.digest()],
            previous: vec![checked],
            platform: PLATFORM,
            ..event
        };
        let entry = self.write_of(project, Actor::Airlock, Some(reviewer), event);
        if accept {
            self.outputs[output].accepted.insert(reviewer, entry);
        } else {
            self.outputs[output].rejected = true;
        }
    }

    pub(crate) fn export(&mut self, output: usize) {
        let Output { launch, package, ref checked, ref accepted, rejected, exported } =
            self.outputs[output];
        let Launch { project, reviews, .. } = self.launches[launch];
        let enough = accepted.len() >= usize::try_from(reviews).unwrap();
        let may = enough && !rejected && !exported && self.stands(launch);
        let Some(checked) = checked.clone().filter(|_| may) else { return };
        let previous = [checked].into_iter().chain(accepted.values().cloned()).collect();
        let evidence = vec![self.digest(), package, self.digest()];
        let receipt = self.digest();
        let event = Event {
            policy: Some(policy()),
            evidence,
            previous,
            platform: PLATFORM,
            ..Event::accepted(Action::OutputExported, receipt)
        };
        self.write_of(project, Actor::Airlock, None, event);
        self.outputs[output].exported = true;
    }

    /// A decision that was refused, before it was known whom or what it is about.
    pub(crate) fn refuse(&mut self, actor: Actor, action: Action, object: Digest) {
        self.write(actor, None, Event::refused(action, object, code("test.refused")));
    }

    /// An enclave says that it stopped.
    pub(crate) fn stop(&mut self, launch: usize) {
        let Launch { project, manifest, ref mut attested, .. } = self.launches[launch];
        let Some(attested) = attested.take() else { return };
        let event = Event {
            previous: vec![attested],
            platform: PLATFORM,
            ..Event::refused(Action::JobFinished, manifest, code("agent.input"))
        };
        self.write_of(project, Actor::Broker, None, event);
    }

    /// The record behind an entry is destroyed, and whatever rests on it stops.
    pub(crate) fn erase(&mut self, index: usize) {
        let Leaf::Entry(erased) = self.leaves[index].clone() else { return };
        let event = Event {
            project: erased.event.project.clone(),
            evidence: erased.event.personal(),
            previous: vec![erased.id.clone()],
            ..Event::accepted(Action::RecordErased, Digest::of(&erased.to_leaf().unwrap()))
        };
        let gone = event.evidence.clone();
        let entry = self.write(Actor::Operator, None, event);
        let Leaf::Entry(written) = self.leaves.last_mut().unwrap() else { return };
        written.person = Some(pseudonym(None, 99, 0));
        assert_eq!(written.id, entry);
        // Whoever it was comes back under another pseudonym.
        for (project, person) in (0..self.projects.len()).flat_map(|p| (0..8).map(move |n| (p, n)))
        {
            if erased.person == Some(self.pseudonym(project, person)) {
                *self.erased.entry((project, person)).or_default() += 1;
            }
        }
        for project in &mut self.projects {
            if gone.contains(&project.proposal) {
                project.entry = None;
            }
        }
        for launch in &mut self.launches {
            launch.erased |= gone.contains(&launch.manifest);
        }
        for output in &mut self.outputs {
            output.accepted.retain(|_, entry| *entry != erased.id);
        }
    }

    /// A leaf for verifiers of sigstore bundles.
    pub(crate) fn sign(&mut self) {
        let digest = self.digest();
        let known = PublishedSignature::from_leaf(SIGNATURE.as_bytes()).unwrap();
        let record = PublishedSignature { digest, ..known };
        self.leaves.push(Leaf::Other(record.to_leaf().unwrap()));
    }

    /// Time goes by.
    pub(crate) fn wait(&mut self, seconds: i64) {
        self.clock += seconds;
    }

    fn write_of(
        &mut self,
        project: usize,
        actor: Actor,
        person: Option<u64>,
        event: Event,
    ) -> EntryId {
        let person = person.map(|person| self.pseudonym(project, person));
        let project = Some(self.projects[project].name.parse().unwrap());
        self.write(actor, person, Event { project, ..event })
    }

    fn write(&mut self, actor: Actor, person: Option<Pseudonym>, event: Event) -> EntryId {
        let next = self.sequences.entry(actor).or_default();
        let sequence = *next;
        *next += 1;
        // Broker and airlock may take their time after they looked at the clock.
        let late = i64::try_from(self.drawn % 3).unwrap() * 100;
        let time = Timestamp::from_unix_seconds(self.clock - late).unwrap();
        let id = EntryId::from_random(self.digest().as_bytes()[..16].try_into().unwrap());
        let entry = Entry { id: id.clone(), sequence, time, actor, person, event };
        self.leaves.push(Leaf::Entry(Box::new(entry)));
        id
    }

    fn pseudonym(&self, project: usize, person: u64) -> Pseudonym {
        let times = self.erased.get(&(project, person)).copied().unwrap_or_default();
        pseudonym(Some(project), person, times)
    }

    fn digest(&mut self) -> Digest {
        self.drawn += 1;
        Digest::of(&self.drawn.to_be_bytes())
    }
}

fn pseudonym(project: Option<usize>, person: u64, times: u64) -> Pseudonym {
    let who = Digest::of(format!("{project:?} {person} {times}").as_bytes());
    format!("hmac-sha256:{}", who.hex()).parse().unwrap()
}

pub(crate) fn policy() -> Digest {
    Digest::of(b"policy")
}

pub(crate) fn code(text: &str) -> ReasonCode {
    text.to_owned().try_into().unwrap()
}

/// Goes on by one step that `choice` says, of those that are open to the services.
pub(crate) fn step(world: &mut World, choice: u32) {
    let mut left = usize::try_from(choice).unwrap();
    let mut draw = |below: usize| {
        let drawn = left % below.max(1);
        left /= below.max(1);
        drawn
    };
    let what = draw(24);
    world.wait(i64::try_from(draw(7)).unwrap() * 90);
    if world.projects.is_empty() {
        world.seal(None);
        world.propose(2);
        return;
    }
    // Mostly of the newest, or nothing would come to its end.
    let newest = |length: usize, back: usize| length.checked_sub(1 + back % length.max(1));
    let project = newest(world.projects.len(), draw(3)).unwrap();
    let back = draw(4);
    let launch = newest(world.launches.len(), back);
    let output = newest(world.outputs.len(), back);
    let (one, two) = (draw(2) == 0, draw(3) > 0);
    let person = u64::try_from(draw(6)).unwrap();
    match (what, launch, output) {
        (0, ..) => world.seal(one.then_some(back % world.datasets.len())),
        (1, ..) => world.propose(u32::try_from(2 + back % 2).unwrap()),
        (2, ..) if one => world.supersede(project),
        (2 | 3, ..) => {
            if world.projects[project].entry.is_some() {
                world.approve(project);
            }
        }
        (4..=6, ..) => world.authorise(project, person),
        (7..=9, Some(launch), _) => world.attest(launch),
        (10 | 11, Some(launch), _) => world.release(launch),
        (12 | 13, Some(launch), _) => world.deliver(launch, one, two),
        (14, Some(launch), _) => world.stop(launch),
        (15..=18, _, Some(output)) => world.review(output, person, two || one),
        (19 | 20, _, Some(output)) => world.export(output),
        (21, ..) => world.erase(world.leaves.len() - 1 - back % world.leaves.len()),
        (22, ..) => world.sign(),
        (_, launch, output) => {
            let objects = [
                launch.map(|launch| world.launches[launch].manifest),
                output.map(|output| world.outputs[output].package),
            ];
            let object = objects[usize::from(one)].unwrap_or(policy());
            let (actor, actions) = match two {
                true => (Actor::Broker, BROKERS),
                false => (Actor::Airlock, AIRLOCKS),
            };
            world.refuse(actor, actions[back], object);
        }
    }
}

const BROKERS: [Action; 4] = [
    Action::ProjectApproved,
    Action::LaunchAuthorised,
    Action::EnclaveAttested,
    Action::KeyReleased,
];
const AIRLOCKS: [Action; 4] =
    [Action::JobFinished, Action::OutputChecked, Action::OutputReviewed, Action::OutputExported];

/// One dataset, one project, one launch that comes to its export.
pub(crate) fn story() -> Vec<Entry> {
    let mut world = World::new();
    world.seal(None);
    world.propose(2);
    world.authorise(0, 0);
    world.attest(0);
    world.release(0);
    world.deliver(0, false, true);
    world.review(0, 1, true);
    world.review(0, 2, true);
    world.export(0);
    entries(world)
}

pub(crate) fn entries(world: World) -> Vec<Entry> {
    let entry = |leaf| match leaf {
        Leaf::Entry(entry) => Some(*entry),
        Leaf::Other(_) => None,
    };
    world.leaves.into_iter().filter_map(entry).collect()
}

/// A leaf with a real signature.
pub(crate) const SIGNATURE: &str = r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"vAB/nrQwQMg1nOeFn8dIzzDGZwDZtDgyCxQ54tGF+V8="},"signature":{"content":"MEYCIQCzx/Zg7IVrU+lgdrEa5OorvSDeOFe03Tnv5nZUvwmlFwIhALB0znrZIYE2wHYhjVlWr4ZYBFP7VH1KJg0B3/pKfVvF","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECIu5/yKrKRp0yG/Gd7qJe6re43DMYSm4LRcLo/wmQVxELamnFgZ5VtkeqgK5OtQJSQ6HzV51jqajMaHet1uoRg=="}}}}}}"#;
