//! Stage 8: what left.

use airlock::export::Receipt;
use airlock::output_id;
use control::ExportDecision;
use domain::dsse::Envelope;

use super::{At, Because, RebuildError, Replay};

impl Replay {
    pub(super) fn export(&mut self, at: &At<'_>) -> Result<(), RebuildError> {
        if at.is_erased() {
            self.leave_out(at.index, Because::Erased);
            return Ok(());
        }
        let envelope: Envelope = at.json(&at.evidence(0)?, "the receipt")?;
        let (receipt, digest) = Receipt::verify(&envelope, &self.receipts)
            .map_err(|_| at.inconsistent("the receipt"))?;
        let event = &at.entry.event;
        let same = digest == event.object
            && receipt.package == at.evidence(1)?
            && event.project.as_ref() == Some(&receipt.project)
            && event.platform == Some(receipt.platform);
        at.require(same, "the receipt")?;
        if !self.stands(at, &receipt.project, &receipt.proposal)? {
            self.leave_out(at.index, Because::Erased);
            return Ok(());
        }
        if self.exports.contains_key(&receipt.export) {
            self.leave_out(at.index, Because::Repeated);
            return Ok(());
        }
        let export = ExportDecision {
            output: output_id(receipt.package),
            project: receipt.project,
            platform: receipt.platform,
            log_index: at.index,
            bundle: at.is_published()?,
        };
        self.exports.insert(receipt.export, export);
        Ok(())
    }
}
