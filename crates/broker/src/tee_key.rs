//! The key that an enclave made for itself and bound to its evidence.

use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wire::kbs::TeePubKey;

use crate::BrokerError;
use crate::jwe::ALGORITHM;

/// A P-256 public key for [`ALGORITHM`], on the curve.
#[derive(Clone, Debug)]
pub(crate) struct TeeKey(ParsedPublicKey);

impl TeeKey {
    /// Reads a JWK (RFC 7518 §6.2.1).
    ///
    /// # Errors
    /// [`BrokerError::TeeKey`] for any other kind of key, or no point of the curve.
    pub(crate) fn parse(key: &TeePubKey) -> Result<Self, BrokerError> {
        let TeePubKey::EC { crv, alg, x, y } = key else { return Err(BrokerError::TeeKey) };
        if crv != "P-256" || alg != ALGORITHM {
            return Err(BrokerError::TeeKey);
        }
        let point = [&[UNCOMPRESSED][..], &coordinate(x)?, &coordinate(y)?].concat();
        ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, point))
            .map(Self)
            .map_err(|_| BrokerError::TeeKey)
    }

    /// The point, for one key agreement.
    pub(crate) fn point(&self) -> UnparsedPublicKey<&[u8]> {
        UnparsedPublicKey::new(&ECDH_P256, self.0.as_ref())
    }
}

fn coordinate(text: &str) -> Result<[u8; 32], BrokerError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BrokerError::TeeKey)?;
    bytes.try_into().map_err(|_| BrokerError::TeeKey)
}

/// The first byte of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

#[cfg(test)]
mod tests {
    use domain::Reason as _;

    use super::*;

    #[test]
    fn only_points_of_p256_for_the_one_algorithm_are_read() {
        // RFC 7518 Appendix C, Bob's key.
        let x = "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ";
        let y = "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck";
        let key = |crv: &str, alg: &str, x: &str, y: &str| TeePubKey::EC {
            crv: crv.to_owned(),
            alg: alg.to_owned(),
            x: x.to_owned(),
            y: y.to_owned(),
        };
        TeeKey::parse(&key("P-256", ALGORITHM, x, y)).unwrap();
        let rsa = TeePubKey::RSA {
            alg: "RSA-OAEP".to_owned(),
            k_mod: x.to_owned(),
            k_exp: "AQAB".to_owned(),
        };
        let wrong = [
            rsa,
            key("P-384", ALGORITHM, x, y),
            key("P-256", "ECDH-ES", x, y),
            key("P-256", ALGORITHM, x, x),
            key("P-256", ALGORITHM, x, "AAAA"),
            key("P-256", ALGORITHM, x, "?"),
        ];
        for key in wrong {
            assert_eq!(TeeKey::parse(&key).unwrap_err().reason(), "kbs.tee-key", "{key:?}");
        }
    }
}
