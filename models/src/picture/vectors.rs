//! Vector instructions of the host, as a token that only their detection gives.
//!
//! `pulp` wraps every instruction as a safe method of its token, so nothing here is `unsafe`. Where
//! there is no AVX2 the plain code beside each user serves, with the same bytes.

/// AVX2 and what came before it.
#[cfg(target_arch = "x86_64")]
pub type Vectors = pulp::x86::V3;

/// No vectors of this architecture are used.
#[cfg(not(target_arch = "x86_64"))]
#[derive(Clone, Copy)]
pub enum Vectors {}

/// Asks the host, which remembers the answer.
pub fn detect() -> Option<Vectors> {
    #[cfg(target_arch = "x86_64")]
    return Vectors::try_new();
    #[cfg(not(target_arch = "x86_64"))]
    None
}

#[cfg(test)]
mod tests {
    /// Elsewhere the tests of what uses them compare nothing.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_host_with_avx2_has_vectors() {
        assert_eq!(super::detect().is_some(), is_x86_feature_detected!("avx2"));
    }
}
