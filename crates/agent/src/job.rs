//! One launch from the first mount to the last byte: the only place that knows the whole order.

use wire::guest::{BROKER_PORT, Step};

use crate::admit::Admitted;
use crate::container::Sandbox;
use crate::disks::GivenManifest;
use crate::http::{BROKER, Service};
use crate::init::{self, Modules};
use crate::inputs::Inputs;
use crate::jwe::EnvelopeKey;
use crate::kbs::Session;
use crate::platform::{self, Measured};
use crate::progress::{Reporter, say};
use crate::volume::Volume;
use crate::{AgentError, deliver, network};

/// Runs the job of this launch. Afterwards the guest powers off, whatever the result.
///
/// # Errors
/// The first check that failed; the broker was told, if the enclave was attested by then.
pub async fn run(reporter: &mut Reporter) -> Result<(), AgentError> {
    reporter.step(Step::Booted);
    init::load_modules(Modules::BeforeKey)?;
    init::mount_configfs()?;
    let given = GivenManifest::read()?;
    let mut measured = Measured::check(platform::find()?, &given)?;
    network::bring_up().await?;
    reporter.step(Step::Attesting);
    let key = EnvelopeKey::generate()?;
    let broker = Service::new(BROKER, BROKER_PORT, given.manifest.deployment.broker_tls)?;
    let session = Session::attest(broker, &mut measured, &given, &key).await?;
    reporter.step(Step::Attested);
    let done = attested(&session, key, &given, &mut measured, reporter).await;
    if let Err(error) = &done {
        report(&session, error).await;
    }
    done
}

async fn attested(
    session: &Session,
    key: EnvelopeKey,
    given: &GivenManifest,
    measured: &mut Measured,
    reporter: &mut Reporter,
) -> Result<(), AgentError> {
    let admitted = Admitted::check(Inputs::read()?, &given.manifest)?;
    let secret = session.dataset_key(key, &given.manifest.dataset).await?;
    reporter.step(Step::KeyReceived);

    init::load_modules(Modules::AfterKey)?;
    let verity = &admitted.dataset.manifest().verity;
    let mut volume = Volume::open(verity, &admitted.header, &secret)?;
    drop(secret);
    reporter.step(Step::DatasetOpened);

    let arguments = &given.manifest.workload.arguments;
    let sandbox = Sandbox::prepare(&admitted.program, arguments, admitted.rules.limits())?;
    reporter.step(Step::Running);
    let ran = sandbox.run();
    // A corrupted block comes first: what the workload made of it says nothing.
    volume.check_corruption()?;
    ran?;

    reporter.step(Step::Checking);
    let checked = deliver::check(&admitted, given);
    volume.check_corruption()?;
    let package = checked?;
    volume.close()?;
    reporter.step(Step::Delivering);
    deliver::deliver(&package, &admitted, given, measured).await
}

/// The broker's own refusals are in its log already; all others go there now.
async fn report(session: &Session, error: &AgentError) {
    if matches!(error, AgentError::BrokerRefused(_)) {
        return;
    }
    if let Err(unreported) = session.report_refusal(error.code()).await {
        say(&format!("the refusal could not be reported: {unreported}"));
    }
}
