//! Reading a policy set and asking it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use cedar_policy::{
    Authorizer, Decision, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};
use domain::grant::Permit;
use domain::{Digest, canonical};

use crate::error::{DENIED, PolicyError, REASONS};
use crate::question::Question;

/// The policies that decide whether an enclave gets a dataset's key.
#[derive(Debug)]
pub struct ReleasePolicy {
    schema: Schema,
    policies: PolicySet,
    reasons: BTreeMap<PolicyId, &'static str>,
    digest: Digest,
}

impl ReleasePolicy {
    /// The policies that this program was built with: `policies/release.cedar`.
    ///
    /// # Errors
    /// As [`ReleasePolicy::parse`]; never in practice, a test reads them.
    pub fn embedded() -> Result<Self, PolicyError> {
        Self::parse(include_str!("../../../policies/release.cedar"))
    }

    /// Reads `policies`, which must be valid for `policies/release.cedarschema` in strict mode.
    ///
    /// # Errors
    /// [`PolicyError::Unreadable`], [`PolicyError::NoIdentifier`], [`PolicyError::UnknownReason`],
    /// [`PolicyError::Invalid`].
    pub fn parse(policies: &str) -> Result<Self, PolicyError> {
        let (schema, _warnings) = Schema::from_cedarschema_str(SCHEMA).map_err(unreadable)?;
        let digest =
            canonical::digest(&BTreeMap::from([("policies", policies), ("schema", SCHEMA)]))
                .map_err(unreadable)?;
        let policies = named(&PolicySet::from_str(policies).map_err(unreadable)?)?;
        let result = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if let Some(error) = result.validation_errors().next() {
            return Err(PolicyError::Invalid(error.to_string()));
        }
        let reasons = policies.policies().map(reason_of).collect::<Result<_, _>>()?;
        Ok(Self { schema, policies, reasons, digest })
    }

    /// What names this policy set in proposals, manifests and the log: the digest of the canonical
    /// JSON of `{"policies": text, "schema": text}`.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Permits, or says which rules did not.
    ///
    /// # Errors
    /// [`PolicyError::Denied`]; [`PolicyError::Unaskable`] or [`PolicyError::Evaluation`] if the
    /// policies' answer cannot be known.
    pub fn decide(&self, question: &Question<'_>) -> Result<Permit, PolicyError> {
        let (request, entities) = question.ask(&self.schema)?;
        let response = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        let diagnostics = response.diagnostics();
        // Cedar skips a policy that it cannot evaluate. It might have been a `forbid`.
        if let Some(error) = diagnostics.errors().next() {
            return Err(PolicyError::Evaluation(error.to_string()));
        }
        let used: BTreeSet<&PolicyId> = diagnostics.reason().collect();
        let rules = used.iter().map(ToString::to_string).collect();
        match response.decision() {
            Decision::Allow => Ok(Permit::assertion(self.digest, rules)),
            Decision::Deny => {
                let reason = used.iter().find_map(|id| self.reasons.get(*id).copied());
                Err(PolicyError::Denied { rules, reason: reason.unwrap_or(DENIED) })
            }
        }
    }
}

/// The same policies, each under the identifier that its `@id` gives.
fn named(policies: &PolicySet) -> Result<PolicySet, PolicyError> {
    if policies.num_of_templates() > 0 {
        return Err(PolicyError::Unreadable("a template".to_owned()));
    }
    let named = policies
        .policies()
        .map(|policy| {
            let id = policy.annotation("id").filter(|id| !id.is_empty());
            Ok(policy.new_id(PolicyId::new(id.ok_or(PolicyError::NoIdentifier)?)))
        })
        .collect::<Result<Vec<_>, PolicyError>>()?;
    PolicySet::from_policies(named).map_err(|_| PolicyError::NoIdentifier)
}

fn reason_of(policy: &Policy) -> Result<(PolicyId, &'static str), PolicyError> {
    let text = policy.annotation("reason").unwrap_or(DENIED);
    let known = REASONS.into_iter().find(|known| *known == text);
    let reason = known.ok_or_else(|| PolicyError::UnknownReason(text.to_owned()))?;
    Ok((policy.id().clone(), reason))
}

fn unreadable(error: impl std::fmt::Display) -> PolicyError {
    PolicyError::Unreadable(error.to_string())
}

const SCHEMA: &str = include_str!("../../../policies/release.cedarschema");

#[cfg(test)]
mod tests;
