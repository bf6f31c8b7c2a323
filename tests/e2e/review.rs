//! People: two reviewers, neither of them the author.

use domain::Digest;
use domain::event::Action;
use domain::output::OutputPackage;
use domain::review::Vote;

use crate::harness::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn one_reviewer_is_not_enough_and_the_author_is_none() {
    let scene = Scene::new();
    let (_, component) = scene.workloads();
    let stage = scene.start();
    let workspace = &stage.workspace;
    workspace.register().await.unwrap();
    workspace.upload(&component).await.unwrap();
    // The author is among the reviewers too: the proposal may say so, the airlock counts otherwise.
    let mut proposal = workspace.proposal(&[&component]).unwrap();
    let author = &workspace.people.researcher;
    proposal.reviewers.insert(author.id.clone(), author.key.public());
    workspace.propose(&proposal).await.unwrap();
    workspace.approve(&proposal, &workspace.people.custodian.key).await.unwrap();
    let job = stage.run_approved(&proposal, &component).await;
    assert_eq!(job.state, "delivered", "{job:?}");
    let [output] = workspace.outputs().await.unwrap().try_into().unwrap();

    let [first, second] = &workspace.people.reviewers;
    let content = workspace.read_output(first, &output).await.unwrap();
    let package: Digest = OutputPackage::from_bytes(&content.package).unwrap().digest().unwrap();
    let refused = |error: lab::LabError| error.to_string();

    let early = refused(workspace.export(&output).await.unwrap_err());
    assert!(early.contains("review.too-few"), "{early}");
    workspace.vote(first, &output, package, Vote::Accept).await.unwrap();
    workspace.vote(first, &output, package, Vote::Accept).await.unwrap();
    let alone = refused(workspace.export(&output).await.unwrap_err());
    assert!(alone.contains("review.too-few"), "{alone}");
    let own = refused(workspace.vote(author, &output, package, Vote::Accept).await.unwrap_err());
    assert!(own.contains("review.author-as-reviewer"), "{own}");
    let peek = refused(workspace.read_output(author, &output).await.unwrap_err());
    assert!(peek.contains("output.read-not-allowed"), "{peek}");
    assert_eq!(stage.accepted(Action::OutputExported), 0);
    assert!(
        stage.refusals(Action::OutputReviewed).contains(&"review.author-as-reviewer".to_owned())
    );

    workspace.vote(second, &output, package, Vote::Accept).await.unwrap();
    workspace.export(&output).await.unwrap();
    assert_eq!(stage.accepted(Action::OutputExported), 1);
}
