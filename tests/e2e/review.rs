//! People: two reviewers, neither of them the author.

use domain::Digest;
use domain::event::Action;
use domain::output::OutputPackage;
use domain::review::Vote;

use crate::harness::{Scene, refusal};

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

    assert_eq!(refusal(workspace.export(&output).await), "review.too-few");
    workspace.vote(first, &output, package, Vote::Accept).await.unwrap();
    workspace.vote(first, &output, package, Vote::Accept).await.unwrap();
    assert_eq!(refusal(workspace.export(&output).await), "review.too-few");
    let own = workspace.vote(author, &output, package, Vote::Accept).await;
    assert_eq!(refusal(own), "review.author-as-reviewer");
    let peek = workspace.read_output(author, &output).await.map(|_| ());
    assert_eq!(refusal(peek), "output.read-not-allowed");
    assert_eq!(stage.accepted(Action::OutputExported), 0);
    assert!(
        stage.refusals(Action::OutputReviewed).contains(&"review.author-as-reviewer".to_owned())
    );

    workspace.vote(second, &output, package, Vote::Accept).await.unwrap();
    workspace.export(&output).await.unwrap();
    assert_eq!(stage.accepted(Action::OutputExported), 1);
}
