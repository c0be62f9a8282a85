//! The compact serialization, RFC 7515 §7.1, taken apart and put together.

use super::{
    Header, JwsError, MAX_HEADER_LEN, MAX_SIGNATURE_LEN, MAX_TOKEN_LEN, ProtectedHeader, SignError,
};
use crate::base64url;

/// A token taken apart; nothing is verified yet.
pub(crate) struct Compact<'token> {
    pub(crate) header: Header,
    pub(crate) signing_input: &'token str,
    pub(crate) payload: &'token str,
    pub(crate) signature: Vec<u8>,
}

/// The three parts of a token, still encoded, and the first two as they are signed.
pub(super) struct Parts<'token> {
    pub(super) header: &'token str,
    pub(super) payload: &'token str,
    pub(super) signature: &'token str,
    pub(super) signing_input: &'token str,
}

impl<'token> Parts<'token> {
    /// Splits without allocating, so that a million dots cost nothing (CVE-2025-30204), and checks all lengths
    /// before anything is decoded (CVE-2025-61920).
    pub(super) fn split(token: &'token str) -> Result<Self, JwsError> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(JwsError::TooLong);
        }
        let (header, rest) = token.split_once('.').ok_or(JwsError::NotCompact)?;
        let (payload, signature) = rest.split_once('.').ok_or(JwsError::NotCompact)?;
        if signature.contains('.') {
            return Err(JwsError::NotCompact);
        }
        if header.len() > MAX_HEADER_LEN || signature.len() > MAX_SIGNATURE_LEN {
            return Err(JwsError::TooLong);
        }
        let signing_input = &token[..header.len() + 1 + payload.len()];
        Ok(Self {
            header,
            payload,
            signature,
            signing_input,
        })
    }
}

impl<'token> Compact<'token> {
    /// Takes `token` apart and refuses what no key could make good.
    pub(crate) fn parse(token: &'token str) -> Result<Self, JwsError> {
        let Parts {
            header,
            payload,
            signature,
            signing_input,
        } = Parts::split(token)?;
        let header = Header::parse(&base64url::decode(header).map_err(|_| JwsError::Encoding)?)?;
        let signature = base64url::decode(signature).map_err(|_| JwsError::Encoding)?;
        Ok(Self {
            header,
            signing_input,
            payload,
            signature,
        })
    }
}

/// Puts a token together in one buffer; `sign` gets the signing input.
pub(crate) fn assemble<S: AsRef<[u8]>>(
    header: &ProtectedHeader,
    payload: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<S, SignError>,
) -> Result<String, SignError> {
    if payload.len() > MAX_TOKEN_LEN {
        return Err(SignError::TooLong);
    }
    let header = header.as_str();
    // Four characters per three bytes, and a signature of up to 96 bytes without growing.
    let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 136);
    token.push_str(header);
    token.push('.');
    base64url::encode_onto(payload, &mut token);
    let signature = sign(token.as_bytes())?;
    token.push('.');
    base64url::encode_onto(signature.as_ref(), &mut token);
    if token.len() > MAX_TOKEN_LEN {
        Err(SignError::TooLong)
    } else {
        Ok(token)
    }
}

/// Whether [`assemble`] will find the token short enough. It takes every signature for as long as the longest.
pub(crate) fn check_len(header: &ProtectedHeader, payload: &[u8]) -> Result<(), SignError> {
    let payload = base64url::encoded_len(payload.len());
    let longest = header.as_str().len() + 1 + payload + 1 + MAX_SIGNATURE_LEN;
    if longest > MAX_TOKEN_LEN {
        Err(SignError::TooLong)
    } else {
        Ok(())
    }
}
