//! Signatures: HMAC with SHA-256 (RFC 2104, FIPS 180-4).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// In Base64.
pub(in crate::notify) fn hmac_base64(key: &[u8], message: &[u8]) -> String {
    BASE64_STANDARD.encode(hmac(key, message))
}

/// In small hexadecimal digits.
pub(in crate::notify) fn hmac_hex(key: &[u8], message: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let bytes = hmac(key, message);
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // Fails for no length of key: longer ones are hashed first.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    hmac.update(message);
    hmac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_rfc_4231() {
        // Test case 2.
        assert_eq!(
            hmac_hex(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
