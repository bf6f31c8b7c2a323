//! Collecting cosignatures for a checkpoint: the contract of whoever asks witnesses, and what of their
//! answers is kept.

use std::fmt;

use domain::Digest;

use crate::checkpoint::SignedCheckpoint;
use crate::error::LogError;
use crate::note::Note;
use crate::policy::Policy;

/// The hashes that prove that the tree of the checkpoint in question extends the one of this size.
pub type Prove<'a> = dyn Fn(u64) -> Result<Vec<Digest>, LogError> + 'a;

/// Asks the witnesses of a policy. What they answer is believed only after [`Policy::verify`].
pub trait Witnesses: fmt::Debug + Send + Sync {
    /// Whose cosignatures are wanted, and how many.
    fn policy(&self) -> &Policy;

    /// The signature lines that witnesses gave for `checkpoint`. It blocks until they meet the policy's
    /// quorum, all have answered, or the time for it is over.
    fn ask(&self, checkpoint: &SignedCheckpoint, prove: &Prove<'_>) -> Vec<String>;
}

impl Policy {
    /// `checkpoint` with those of `lines` that are cosignatures of it by witnesses of this policy, each
    /// in place of the witness's former one; and the others. Whether the quorum is met is not looked at.
    pub(crate) fn add(
        &self,
        checkpoint: &SignedCheckpoint,
        lines: &[String],
    ) -> Result<(SignedCheckpoint, Vec<String>), LogError> {
        let text = Note::parse(checkpoint.note())?.text;
        let alone = |line: &str| format!("{text}\n{line}\n");
        let signatures = checkpoint.note().get(text.len() + 1..).unwrap_or_default();
        let mut kept: Vec<&str> = signatures.lines().collect();
        let mut ignored = Vec::new();
        for line in lines.iter().map(|line| line.trim_end_matches('\n')) {
            let note = alone(line);
            let by = self.witnesses().iter().find(|witness| {
                !line.contains('\n') && matches!(witness.key.time_of(&note), Ok(Some(_)))
            });
            match by {
                Some(witness) => {
                    kept.retain(|former| !witness.key.is_claimed_by(&alone(former)));
                    kept.push(line);
                }
                None => ignored.push(line.to_owned()),
            }
        }
        Ok((checkpoint.with_signatures(&kept), ignored))
    }
}

#[cfg(test)]
mod tests;
